// The man page, made of the same command table as the help: `seckill help man` prints it as roff.
#include <fmt/format.h>

#include "app/command.h"

namespace seckill::app {
namespace {

// Text that roff prints as it is: no escape, no request at the start of a line, no soft hyphen.
std::string plain(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (made.empty() || made.back() == '\n')) made += "\\&";
    if (c == '\\') {
      made += "\\e";
    } else if (c == '-') {
      made += "\\-";
    } else {
      made += c;
    }
  }
  return made;
}

std::string verbatim(std::string_view text) {
  return fmt::format(".PP\n.nf\n{}\n.fi\n", plain(text));
}

std::string flag_entry(const Flag& flag) {
  const std::string letter = flag.letter == 0 ? "" : fmt::format("\\fB\\-{}\\fR, ", flag.letter);
  const std::string value = flag.value.empty() ? "" : fmt::format(" \\fI{}\\fR", plain(flag.value));
  return fmt::format(".TP\n{}\\fB\\-\\-{}\\fR{}\n{}\n", letter, plain(flag.name), value,
                     plain(flag.help));
}

std::string command_entry(const Command& command) {
  std::string line = "seckill " + command.name;
  for (const Word& word : command.words)
    line += word.required ? " " + word.name : " [" + word.name + "]";
  std::string text = fmt::format(".SS {}\n{}\n", plain(line), plain(command.summary));
  for (const Word& word : command.words)
    text += fmt::format(".TP\n\\fI{}\\fR\n{}\n", plain(word.name), plain(word.help));
  for (const Flag& flag : command.flags) text += flag_entry(flag);
  std::string examples;
  for (const std::string& example : command.examples)
    examples += (examples.empty() ? "" : "\n") + example;
  text += verbatim(examples);
  return command.more.empty() ? text : text + verbatim(command.more);
}

}  // namespace

std::string man_page(const std::vector<Command>& table) {
  std::string text = fmt::format(
      ".TH SECKILL 1 \"\" \"seckill {}\" \"User Commands\"\n"
      ".SH NAME\nseckill \\- a flash\\-sale engine: never oversold, never lost, always an answer\n"
      ".SH SYNOPSIS\n\\fBseckill\\fR \\fICOMMAND\\fR [\\fIwords\\fR] [\\fIflags\\fR]\n"
      ".SH COMMANDS\n",
      SECKILL_VERSION);
  for (const Command& command : table) text += command_entry(command);
  text += ".SH FLAGS OF EVERY COMMAND\n";
  for (const Flag& flag : global_flags()) text += flag_entry(flag);
  text += ".SH ENVIRONMENT\n" + verbatim(*help_topic("env", table));
  return text + ".SH EXIT STATUS\n" + verbatim(*help_topic("exit-codes", table));
}

}  // namespace seckill::app
