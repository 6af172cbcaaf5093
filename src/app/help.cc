// help, completion, version: everything that is told from the command table alone.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/json_read.h"
#include "app/settings.h"

namespace seckill::app {
namespace {

std::string flag_line(const Flag& flag) {
  const std::string letter = flag.letter == 0 ? "    " : fmt::format("-{}, ", flag.letter);
  const std::string name =
      flag.value.empty() ? "--" + flag.name : fmt::format("--{} {}", flag.name, flag.value);
  return name.size() <= 24 ? fmt::format("  {}{:<24} {}\n", letter, name, flag.help)
                           : fmt::format("  {}{}\n{:31}{}\n", letter, name, "", flag.help);
}

std::string usage_line(const Command& command) {
  std::string line = "seckill " + command.name;
  for (const Word& word : command.words)
    line += word.required ? " " + word.name : " [" + word.name + "]";
  return command.flags.empty() ? line : line + " [flags]";
}

std::string exit_codes_topic() {
  return "Exit codes, the same for every command\n"
         "    0  done\n"
         "    1  failed (audit: not proven, e.g. rows still behind after --wait)\n"
         "    2  usage or configuration\n"
         "    3  a needed service, port or file is not there\n"
         "    4  the audit found a violation\n"
         "    5  data damaged: do not restart, read docs/runbook.md\n"
         "   99  a drill's threshold failed (as k6)\n"
         "  130  interrupted";
}

std::string env_topic() {
  std::string text =
      "Settings come from a flag, else the environment, else seckill.toml, else the default.\n"
      "`seckill config show --origins` tells which one won.\n\n";
  for (const SettingHelp& setting : settings_help()) {
    text += fmt::format("  {:<28} {} (default {})\n", setting.environment, setting.says,
                        setting.otherwise);
  }
  return text +
         "  SECKILL_SERVER               which server sale, orders, payments and drill talk to\n"
         "  NO_COLOR, TERM=dumb          no colours\n"
         "\nSecrets are never taken from flags or the environment, only from files.";
}

std::string all_names(const std::vector<Command>& table, std::string_view group) {
  std::vector<std::string> names;
  for (const Command& command : table) {
    std::string name = command.name;
    if (!group.empty()) {
      if (!name.starts_with(std::string(group) + " ")) continue;
      name.erase(0, group.size() + 1);
    }
    name = name.substr(0, name.find(' '));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::string line;
  for (const std::string& name : names) line += (line.empty() ? "" : " ") + name;
  return line;
}

std::string flag_words(const Command& command) {
  std::string line;
  for (const auto& flags : {command.flags, global_flags()}) {
    for (const Flag& flag : flags) line += (line.empty() ? "--" : " --") + flag.name;
  }
  return line;
}

std::vector<std::string> groups_of(const std::vector<Command>& table) {
  std::vector<std::string> groups;
  for (const Command& command : table) {
    const std::size_t space = command.name.find(' ');
    if (space == std::string::npos) continue;
    const std::string group = command.name.substr(0, space);
    if (std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
  }
  return groups;
}

// zsh reads bash's script through bashcompinit: one list of words for both.
std::string bash_script(const std::vector<Command>& table) {
  std::string text =
      "# seckill completion for bash, and for zsh by its bashcompinit\n"
      "_seckill() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} typed=() at\n"
      "  for ((at = 1; at < COMP_CWORD; at++)); do\n"
      "    [[ ${COMP_WORDS[at]} == -* ]] || typed+=(\"${COMP_WORDS[at]}\")\n"
      "  done\n"
      "  local words flags=\"\"\n"
      "  case \"${typed[0]} ${typed[1]}\" in\n";
  for (const Command& command : table) {
    if (command.name.find(' ') == std::string::npos) continue;
    text += fmt::format("    \"{}\") flags=\"{}\" ;;\n", command.name, flag_words(command));
  }
  text += "  esac\n  case \"${typed[0]}\" in\n";
  text += fmt::format("    \"\") words=\"{}\" ;;\n", all_names(table, ""));
  for (const std::string& group : groups_of(table)) {
    text += fmt::format("    {}) [[ ${{#typed[@]}} -le 1 ]] && words=\"{}\" ;;\n", group,
                        all_names(table, group));
  }
  text += fmt::format(
      "    completion) words=\"bash zsh fish\" ;;\n    help) words=\"{} env exit-codes man\" ;;\n",
      all_names(table, ""));
  text += "  esac\n  [[ -z $flags ]] && case \"${typed[0]}\" in\n";
  for (const Command& command : table) {
    if (command.name.find(' ') != std::string::npos) continue;
    text += fmt::format("    {}) flags=\"{}\" ;;\n", command.name, flag_words(command));
  }
  return text +
         "  esac\n"
         "  [[ $word == -* ]] && words=$flags\n"
         "  [[ ${COMP_WORDS[COMP_CWORD-1]} == --log-format ]] && words=\"text json\"\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o default -F _seckill seckill";
}

std::string fish_quoted(std::string_view text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? "\\'" : std::string(1, c);
  return made + "'";
}

std::string fish_script(const std::vector<Command>& table) {
  std::string text = "# seckill completion for fish\n";
  for (const Command& command : table) {
    const std::size_t space = command.name.find(' ');
    const std::string first = command.name.substr(0, space);
    const std::string seen =
        space == std::string::npos
            ? fmt::format("__fish_seen_subcommand_from {}", first)
            : fmt::format("__fish_seen_subcommand_from {}; and __fish_seen_subcommand_from {}",
                          first, command.name.substr(space + 1));
    const std::string before = space == std::string::npos
                                   ? "__fish_use_subcommand"
                                   : fmt::format("__fish_seen_subcommand_from {}", first);
    text += fmt::format("complete -c seckill -n '{}' -a {} -d {}\n", before,
                        space == std::string::npos ? first : command.name.substr(space + 1),
                        fish_quoted(command.summary));
    for (const Flag& flag : command.flags) {
      text += fmt::format("complete -c seckill -n '{}' -l {} -d {}\n", seen, flag.name,
                          fish_quoted(flag.help));
    }
  }
  for (const std::string& group : groups_of(table)) {
    const bool itself =
        std::any_of(table.begin(), table.end(), [&](const Command& c) { return c.name == group; });
    if (!itself) text += fmt::format("complete -c seckill -n __fish_use_subcommand -a {}\n", group);
  }
  text += "complete -c seckill -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n";
  text += fmt::format(
      "complete -c seckill -n '__fish_seen_subcommand_from help' -f -a '{} env "
      "exit-codes man'\n",
      all_names(table, ""));
  for (const Flag& flag : global_flags())
    text +=
        fmt::format("complete -c seckill -l {}{} -d {}\n", flag.name,
                    flag.name == "log-format" ? " -x -a 'text json'" : "", fish_quoted(flag.help));
  text.pop_back();
  return text;
}

// Reached only by `seckill -q help`; the parser answers `help …` itself.
Exit run_help(const Args&, Talk& talk) {
  talk.result(talk.json() ? help_json(commands()) : help_overview(commands()));
  return Exit::kDone;
}

Exit run_completion(const Args& args, Talk& talk) {
  const std::string shell = args.text("SHELL", "");
  if (const auto script = completion_script(shell, commands())) {
    talk.result(*script);
    return Exit::kDone;
  }
  return talk.fail({Error::Code::kInvalid,
                    fmt::format("completion is for bash, zsh or fish, not \"{}\"", shell)});
}

Exit run_version(const Args&, Talk& talk) {
  talk.result(talk.json() ? R"({"name":"seckill","version":")" SECKILL_VERSION R"("})"
                          : "seckill " SECKILL_VERSION);
  return Exit::kDone;
}

}  // namespace

std::vector<Flag> global_flags() {
  return {{"json", "", "the result as JSON on stdout"},
          {"quiet", "", "no talk on stderr, only errors", 'q'},
          {"verbose", "", "more talk on stderr", 'v'},
          {"log-format", "text|json", "log lines; without it json where stderr is no terminal"},
          {"no-color", "", "no colours (as NO_COLOR=1)"},
          {"no-input", "", "never ask a person"},
          {"help", "", "this help", 'h'}};
}

std::string help_json(const std::vector<Command>& table) {
  const auto flags_of = [](const std::vector<Flag>& flags) {
    Json all = Json::array();
    for (const Flag& flag : flags)
      all.push_back({{"name", flag.name}, {"value", flag.value}, {"help", flag.help}});
    return all;
  };
  Json all = Json::array();
  for (const Command& command : table) {
    Json words = Json::array();
    for (const Word& word : command.words)
      words.push_back({{"name", word.name}, {"help", word.help}, {"required", word.required}});
    all.push_back({{"name", command.name},
                   {"summary", command.summary},
                   {"examples", command.examples},
                   {"words", words},
                   {"flags", flags_of(command.flags)}});
  }
  return dumped({{"commands", all}, {"flags", flags_of(global_flags())}}, 2);
}

std::string help_overview(const std::vector<Command>& table) {
  std::string text =
      "seckill, a flash-sale engine: never oversold, never lost, always an answer\n\n"
      "  seckill demo                              # see it work: 2,000 shoppers at 100 cars, then "
      "an audit\n"
      "  seckill serve                             # your own; data in ./seckill-data\n"
      "  seckill sale create car --stock 100       # on sale now\n"
      "  curl -X POST http://localhost:3000/seckill/seckill\n"
      "  seckill drill car --users 2000 --over 5s  # a crowd\n"
      "  seckill audit car                         # exit 0 = proven, 4 = broken\n\nCommands\n";
  for (const Command& command : table)
    text += fmt::format("  {:<18} {}\n", command.name, command.summary);
  text += "\nFlags of every command\n";
  for (const Flag& flag : global_flags()) text += flag_line(flag);
  return text + "\n`seckill help COMMAND`, `seckill help env`, `seckill help exit-codes`";
}

std::string help_of(const Command& command) {
  std::string text = command.summary + "\n\n";
  for (const std::string& example : command.examples) text += "  " + example + "\n";
  text += fmt::format("\nUsage: {}\n", usage_line(command));
  for (const Word& word : command.words) text += fmt::format("  {:<28} {}\n", word.name, word.help);
  if (!command.flags.empty()) text += "\nFlags\n";
  for (const Flag& flag : command.flags) text += flag_line(flag);
  text += "\nFlags of every command\n";
  for (const Flag& flag : global_flags()) text += flag_line(flag);
  if (!command.more.empty()) text += "\n" + command.more + "\n";
  text.pop_back();
  return text;
}

std::optional<std::string> help_topic(std::string_view topic, const std::vector<Command>& table) {
  if (topic == "env" || topic == "environment") return env_topic();
  if (topic == "exit-codes") return exit_codes_topic();
  if (topic == "man") return man_page(table);
  std::string text;
  for (const Command& command : table) {
    if (command.name == topic) return help_of(command);
    if (command.name.starts_with(std::string(topic) + " ")) {
      text += fmt::format("  {:<18} {}\n  {:<18}   {}\n", command.name, command.summary, "",
                          command.examples.at(0));
    }
  }
  if (text.empty()) return std::nullopt;
  text.pop_back();
  return text;
}

std::optional<std::string> completion_script(std::string_view shell,
                                             const std::vector<Command>& table) {
  if (shell == "bash") return bash_script(table);
  if (shell == "zsh")
    return "#compdef seckill\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(table);
  if (shell == "fish") return fish_script(table);
  return std::nullopt;
}

std::vector<Command> help_commands() {
  return {{.name = "help",
           .summary = "help on a command, or on env, exit-codes; `help man` is the man page",
           .examples = {"seckill help serve", "seckill help sale create", "seckill help env"},
           .words = {{"TOPIC", "a command, env, exit-codes or man", false}},
           .run = run_help},
          {.name = "completion",
           .summary = "a completion script for bash, zsh or fish",
           .examples = {"source <(seckill completion bash)",
                        "seckill completion fish > ~/.config/fish/completions/seckill.fish"},
           .words = {{"SHELL", "bash, zsh or fish"}},
           .run = run_completion},
          {.name = "version",
           .summary = "the version of this binary",
           .examples = {"seckill version"},
           .run = run_version}};
}

}  // namespace seckill::app
