// The command table: a row a command. The parser, the help, did-you-mean and the shells' completion
// all read these rows.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "app/exit.h"
#include "app/talk.h"
#include "base/result.h"

namespace seckill::app {

struct Flag {
  std::string name;   // without "--"
  std::string value;  // what it takes, "N"; empty: a switch
  std::string help;
  char letter = 0;  // -c
  bool many = false;
};

struct Word {
  std::string name;  // "SALE"
  std::string help;
  bool required = true;
};

// What was typed behind a command. Flags may repeat; of those that are not `many`, the last one
// counts.
class Args {
 public:
  void put(std::string_view name, std::string_view value) {
    given_[std::string(name)].emplace_back(value);
  }
  bool has(std::string_view name) const { return given_.find(name) != given_.end(); }
  std::optional<std::string> text(std::string_view name) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  std::vector<std::string> all(std::string_view name) const;

  // The flag read by one of units.h's functions, or `otherwise`; its error names the flag.
  template <class Read, class T>
  Result<T> read(std::string_view name, Read read_text, T otherwise) const {
    const auto typed = text(name);
    if (!typed) return otherwise;
    auto value = read_text(*typed);
    if (!value)
      return fail(value.error().code, "--" + std::string(name) + " " + value.error().message);
    if constexpr (std::is_integral_v<T> && std::is_integral_v<std::decay_t<decltype(*value)>>) {
      if (!std::in_range<T>(*value))
        return fail(Error::Code::kInvalid, "--" + std::string(name) + " " + *typed +
                                               " is too large; at most " +
                                               std::to_string(std::numeric_limits<T>::max()));
    }
    return static_cast<T>(*value);
  }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> given_;  // words by their names, too
};

struct Command {
  std::string name;  // "sale create"
  std::string summary;
  std::vector<std::string> examples;  // first thing the help shows; "command   # what it does"
  std::vector<Word> words;
  std::vector<Flag> flags;
  Exit (*run)(const Args& args, Talk& talk) = nullptr;
  std::string more;  // a paragraph below the flags
};

// One function a file of commands; commands() is all of them, in the order of the help.
std::vector<Command> serve_commands();
std::vector<Command> consume_commands();
std::vector<Command> sale_commands();
std::vector<Command> orders_commands();
std::vector<Command> drill_commands();
std::vector<Command> audit_commands();
std::vector<Command> journal_commands();
std::vector<Command> doctor_commands();
std::vector<Command> demo_commands();
std::vector<Command> config_commands();
std::vector<Command> help_commands();  // help, completion, version
std::vector<Command> commands();

// Flags that every command takes.
std::vector<Flag> global_flags();

// Parses and runs: argv[0] left out. Never throws.
Exit run_command_line(const std::vector<std::string>& typed);

// `seckill help --json`: the table itself.
std::string help_json(const std::vector<Command>& table);
// Help, as `seckill help [TOPIC]` and `--help` print it. Nothing when there is no such topic.
std::string help_overview(const std::vector<Command>& table);
std::string help_of(const Command& command);
std::optional<std::string> help_topic(std::string_view topic, const std::vector<Command>& table);

// The same as a man page, in roff: `seckill help man`.
std::string man_page(const std::vector<Command>& table);

// A script for bash, zsh or fish, from the table; nothing for another shell.
std::optional<std::string> completion_script(std::string_view shell,
                                             const std::vector<Command>& table);

}  // namespace seckill::app
