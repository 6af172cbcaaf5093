// The only file that knows CLI11: it splits what was typed into words and flags; everything else
// reads Args.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <memory>

#include "app/command.h"
#include "app/spell.h"

namespace seckill::app {
namespace {

// Where CLI11 puts what it finds for one command.
struct Slots {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, bool> switches;
};

std::string spelled(const Flag& flag) {
  return flag.letter == 0 ? "--" + flag.name : fmt::format("-{},--{}", flag.letter, flag.name);
}

void add_flags(CLI::App& app, const std::vector<Flag>& flags, Slots& slots) {
  for (const Flag& flag : flags) {
    if (flag.value.empty()) {
      app.add_flag(spelled(flag), slots.switches[flag.name], "")->disable_flag_override();
    } else {
      app.add_option(spelled(flag), slots.values[flag.name], "")->allow_extra_args(false);
    }
  }
}

CLI::App* subcommand(CLI::App& root, std::string_view name) {
  CLI::App* at = &root;
  while (!name.empty()) {
    const std::size_t space = std::min(name.find(' '), name.size());
    const std::string word(name.substr(0, space));
    const auto there =
        at->get_subcommands([&](const CLI::App* app) { return app->get_name() == word; });
    at = there.empty() ? at->add_subcommand(word) : there.front();
    name.remove_prefix(std::min(space + 1, name.size()));
  }
  return at;
}

Args args_of(const Slots& slots, const std::vector<std::string>& words) {
  Args args;
  for (const auto& [name, values] : slots.values) {
    for (const std::string& value : values) args.put(name, value);
  }
  for (const auto& [name, on] : slots.switches) {
    if (on) args.put(name, "");
  }
  const auto& table = slots.command->words;
  for (std::size_t i = 0; i < words.size() && i < table.size(); ++i)
    args.put(table[i].name, words[i]);
  return args;
}

Exit usage(const std::string& message) {
  std::fprintf(stderr, "seckill: %s\n", message.c_str());
  return Exit::kUsage;
}

bool is_flag(const std::string& typed) {
  return typed.size() > 1 && typed[0] == '-' && !(typed[1] >= '0' && typed[1] <= '9');
}

std::vector<std::string> flag_names(const Command* command) {
  std::vector<std::string> names;
  for (const Flag& flag : global_flags()) names.push_back(flag.name);
  if (command != nullptr) {
    for (const Flag& flag : command->flags) names.push_back(flag.name);
  }
  return names;
}

// The names one level below `group` ("" for the first level), each once.
std::vector<std::string> names_below(const std::vector<Command>& table, std::string_view group) {
  std::vector<std::string> names;
  for (const Command& command : table) {
    std::string_view name = command.name;
    if (!group.empty()) {
      if (!name.starts_with(group) || name.size() <= group.size() || name[group.size()] != ' ')
        continue;
      name.remove_prefix(group.size() + 1);
    }
    const std::string word(name.substr(0, name.find(' ')));
    if (std::find(names.begin(), names.end(), word) == names.end()) names.push_back(word);
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

std::string group_help(const std::vector<Command>& table, std::string_view group) {
  std::string text, lines;
  for (const Command& command : table) {
    if (!command.name.starts_with(std::string(group) + " ")) continue;
    text += fmt::format("  {}\n", command.examples.at(0));
    lines += fmt::format("  {:<16} {}\n", command.name, command.summary);
  }
  return text + "\nCommands\n" + lines +
         fmt::format("\n`seckill help {} …` shows flags and examples.", group);
}

// Nothing ran: no command, half a command ("sale"), or one that does not exist.
Exit no_command(const std::vector<Command>& table, const std::string& group,
                const std::vector<std::string>& extras, bool help) {
  const auto stray = std::find_if(extras.begin(), extras.end(),
                                  [](const std::string& word) { return !is_flag(word); });
  if (stray != extras.end()) {
    const auto known = names_below(table, group);
    const std::string where = group.empty() ? "" : group + " ";
    const std::string meant = did_you_mean(*stray, known, "seckill " + where);
    return usage(fmt::format("there is no command \"{}{}\"{}", where, *stray,
                             meant.empty() ? "; known: " + joined(known) : meant));
  }
  if (!extras.empty()) {
    auto known = flag_names(nullptr);
    known.insert(known.end(), {"help", "version"});
    return usage(
        fmt::format("unknown flag {}{}", extras[0],
                    did_you_mean(extras[0].substr(extras[0].find_first_not_of('-')), known, "--")));
  }
  const std::string text = group.empty() ? help_overview(table) : group_help(table, group);
  if (!group.empty() && !help) return usage(fmt::format("{} needs a verb; as in\n{}", group, text));
  std::fprintf(stdout, "%s\n", text.c_str());
  return Exit::kDone;
}

// `help sale create`: its words are names of commands, so CLI11 must not see them.
Exit help_on(const std::vector<std::string>& typed) {
  const auto table = commands();
  if (std::find(typed.begin(), typed.end(), "--json") != typed.end()) {
    std::fprintf(stdout, "%s\n", help_json(table).c_str());
    return Exit::kDone;
  }
  std::string topic;
  for (auto word = typed.begin() + 1; word != typed.end(); ++word) {
    if (!is_flag(*word)) topic += (topic.empty() ? "" : " ") + *word;
  }
  const auto text = topic.empty() ? help_overview(table) : help_topic(topic, table);
  if (text) {
    std::fprintf(stdout, "%s\n", text->c_str());
    return Exit::kDone;
  }
  std::vector<std::string> known{"env", "exit-codes"};
  for (const Command& command : table) known.push_back(command.name);
  return usage(
      fmt::format("no help on \"{}\"{}", topic, did_you_mean(topic, known, "seckill help ")));
}

// Flags that the design knows and this build does not have: they are no typing mistakes.
bool of_another_build(const std::string& flag) {
  constexpr std::array<std::string_view, 5> names{"compat", "no-legacy-rows", "no-consumer",
                                                  "no-migrate", "allow-unsafe-kafka"};
  return std::find(names.begin(), names.end(), flag) != names.end();
}

// The command whose words were typed first, if one was.
const Command* command_in(const std::vector<std::string>& typed,
                          const std::vector<Command>& table) {
  std::string words;
  for (const std::string& word : typed) words += is_flag(word) ? "" : word + " ";
  const Command* found = nullptr;
  for (const Command& command : table) {
    if (words.starts_with(command.name + " ") &&
        (found == nullptr || command.name.size() > found->name.size()))
      found = &command;
  }
  return found;
}

// CLI11's "--stock: 1 required TEXT missing" and "json was given a …", in our words.
std::string parse_error(const CLI::ParseError& error, const std::vector<std::string>& typed,
                        const std::vector<Command>& table) {
  std::string says = error.what();
  const std::string spelling = says.substr(0, says.find_first_of(": "));
  const std::string name =
      spelling.substr(std::min(spelling.find_first_not_of('-'), spelling.size()));
  std::vector<Flag> flags = global_flags();
  if (const Command* command = command_in(typed, table))
    flags.insert(flags.end(), command->flags.begin(), command->flags.end());
  for (const Flag& flag : flags) {
    if (flag.name != name || spelling == says) continue;
    return flag.value.empty() ? fmt::format("--{} takes no value", name)
                              : fmt::format("--{} needs {}: {}", name, flag.value, flag.help);
  }
  return says;
}

Exit run_slots(const Slots& slots) {
  std::vector<std::string> words;
  for (const std::string& extra : slots.app->remaining(true)) {
    if (is_flag(extra)) {
      const std::string bare = extra.substr(std::min(extra.find_first_not_of('-'), extra.size()));
      const auto name = bare.substr(0, bare.find('='));
      if (of_another_build(name))
        return usage(fmt::format("--{} belongs to a part that is not in this build", name));
      const std::string meant = did_you_mean(name, flag_names(slots.command), "--");
      return usage(fmt::format(
          "{} has no flag {}{}", slots.command->name, extra,
          meant.empty() ? fmt::format("; see seckill help {}", slots.command->name) : meant));
    }
    words.push_back(extra);
  }
  const Args args = args_of(slots, words);
  if (args.has("help")) {
    std::fprintf(stdout, "%s\n", help_of(*slots.command).c_str());
    return Exit::kDone;
  }
  const auto& table = slots.command->words;
  if (words.size() > table.size()) {
    return usage(fmt::format("{} takes {} word{}, \"{}\" is one too many; see seckill help {}",
                             slots.command->name, table.size(), table.size() == 1 ? "" : "s",
                             words[table.size()], slots.command->name));
  }
  if (words.size() < table.size() && table[words.size()].required) {
    return usage(fmt::format("{} needs {}, {}; as in: {}", slots.command->name,
                             table[words.size()].name, table[words.size()].help,
                             slots.command->examples.at(0)));
  }
  const std::string format = args.text("log-format", "");
  if (!format.empty() && format != "text" && format != "json") {
    return usage(fmt::format("--log-format is text or json, not \"{}\"", format));
  }
  Talk talk({.json = args.has("json"),
             .quiet = args.has("quiet"),
             .verbose = args.has("verbose"),
             .color = !args.has("no-color"),
             .input = !args.has("no-input"),
             .log_json = format == "json",
             .log_format_given = !format.empty()});
  return slots.command->run(args, talk);
}

}  // namespace

std::optional<std::string> Args::text(std::string_view name) const {
  const auto at = given_.find(name);
  if (at == given_.end()) return std::nullopt;
  return at->second.back();
}
std::string Args::text(std::string_view name, std::string_view otherwise) const {
  return text(name).value_or(std::string(otherwise));
}
std::vector<std::string> Args::all(std::string_view name) const {
  const auto at = given_.find(name);
  return at == given_.end() ? std::vector<std::string>{} : at->second;
}

Exit run_command_line(const std::vector<std::string>& typed) {
  if (typed == std::vector<std::string>{"--version"}) return run_command_line({"version"});
  if (!typed.empty() && typed[0] == "help") return help_on(typed);
  const std::vector<Command> table = commands();
  CLI::App root;
  root.set_help_flag();
  root.allow_extras();
  root.require_subcommand(
      0, 1);  // a sale may be called "demo": the second word is no command of the first level
  std::vector<std::unique_ptr<Slots>> all;
  Slots root_slots;
  add_flags(root, global_flags(), root_slots);
  for (const Command& command : table) {
    auto slots = std::make_unique<Slots>();
    slots->command = &command;
    slots->app = subcommand(root, command.name);
    add_flags(*slots->app, global_flags(), *slots);
    add_flags(*slots->app, command.flags, *slots);
    all.push_back(std::move(slots));
  }
  for (CLI::App* app : root.get_subcommands(nullptr)) {  // groups, too: "sale", "orders"
    app->set_help_flag();
    app->allow_extras();
    app->require_subcommand(0, 1);
    for (CLI::App* under : app->get_subcommands(nullptr))
      under->set_help_flag(), under->allow_extras();
  }
  try {
    root.parse(
        std::vector<std::string>(typed.rbegin(), typed.rend()));  // CLI11 wants them last first
  } catch (const CLI::ParseError& error) {
    return usage(parse_error(error, typed, table));
  }
  for (const auto& slots : all) {
    if (!slots->app->parsed() || !slots->app->get_subcommands().empty()) continue;
    for (const auto& [name, on] : root_slots.switches)
      slots->switches[name] = slots->switches[name] || on;
    for (const auto& [name, values] : root_slots.values) {
      if (slots->values[name].empty()) slots->values[name] = values;
    }
    return run_slots(*slots);
  }
  std::string group;
  for (CLI::App* app : root.get_subcommands()) group = app->get_name();
  std::vector<std::string> extras = root.remaining(true);
  const auto asks_help = std::remove_if(extras.begin(), extras.end(), [](const std::string& word) {
    return word == "--help" || word == "-h";
  });
  const bool help = root_slots.switches["help"] || asks_help != extras.end();
  extras.erase(asks_help, extras.end());
  return no_command(table, group, extras, help);
}

}  // namespace seckill::app
