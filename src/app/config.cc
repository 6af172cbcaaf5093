// seckill config init|check|show: the settings, as a file and as they came out.
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/json_read.h"
#include "app/settings.h"
#include "app/table.h"

namespace seckill::app {
namespace {

Exit run_init(const Args& args, Talk& talk) {
  const std::filesystem::path file = args.text("config", "seckill.toml");
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored) && !args.has("yes")) {
    return talk.fail({Error::Code::kInvalid,
                      fmt::format("{} is there already; --yes overwrites it", file.string())});
  }
  std::ofstream stream(file);
  stream << settings_template() << std::flush;
  if (!stream)
    return talk.fail({Error::Code::kFailed, fmt::format("{}: cannot be written", file.string())});
  talk.result(talk.json()
                  ? dumped({{"written", file.string()}})
                  : talk.good(fmt::format("{} written: every setting, commented", file.string())));
  return Exit::kDone;
}

Exit run_check(const Args& args, Talk& talk) {
  const auto loaded = load_settings(args);
  if (!loaded) return talk.fail(loaded.error());
  const std::string where =
      loaded->file ? loaded->file->string() : "no seckill.toml here; defaults and environment";
  talk.result(talk.json() ? dumped({{"fine", true},
                                    {"file", loaded->file ? Json(loaded->file->string()) : Json()}})
                          : talk.good(fmt::format("settings are fine ({})", where)));
  return Exit::kDone;
}

Exit run_show(const Args& args, Talk& talk) {
  const auto loaded = load_settings(args);
  if (!loaded) return talk.fail(loaded.error());
  const auto all = shown(loaded->settings);
  if (talk.json()) {
    Json json = Json::object();
    for (const auto& [key, value] : all)
      json[key] = {{"value", value}, {"origin", loaded->origins.at(key)}};
    talk.result(dumped(json, 2));
    return Exit::kDone;
  }
  std::vector<TableRow> rows;
  for (const auto& [key, value] : all) {
    rows.push_back({key, value});
    if (args.has("origins")) rows.back().push_back(loaded->origins.at(key));
  }
  talk.result(table_text(rows));
  return Exit::kDone;
}

}  // namespace

std::vector<Command> config_commands() {
  return {{.name = "config init",
           .summary = "write seckill.toml with every setting, commented",
           .examples = {"seckill config init"},
           .flags = {{"config", "FILE", "where to write (default seckill.toml)", 'c'},
                     {"yes", "", "overwrite a file that is there"}},
           .run = run_init},
          {.name = "config check",
           .summary = "read the settings as serve would, and say what is wrong",
           .examples = {"seckill config check", "seckill config check -c /etc/seckill.toml"},
           .flags = settings_flags(),
           .run = run_check},
          {.name = "config show",
           .summary = "the settings as they came out, and where each came from",
           .examples = {"seckill config show --origins"},
           .flags =
               [] {
                 auto flags = settings_flags();
                 flags.push_back({"origins", "", "say where each value came from"});
                 return flags;
               }(),
           .run = run_show}};
}

}  // namespace seckill::app
