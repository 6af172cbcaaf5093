#include "app/settings.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include "app/setting.h"
#include "app/spell.h"
#include "base/password_file.h"

namespace seckill::app {
namespace {

using Code = Error::Code;

std::filesystem::path orders_of(const Settings& s) {
  return s.orders_file.empty() ? s.journal_dir / "orders.db" : s.orders_file;
}

std::string environment_name(std::string_view key) {
  std::string name = "SECKILL_";
  for (const char c : key)
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

const Setting* row_of(std::string_view key) {
  const auto at = std::find_if(setting_table().begin(), setting_table().end(),
                               [&](const Setting& row) { return row.key == key; });
  return at == setting_table().end() ? nullptr : &*at;
}

std::vector<std::string> keys() {
  std::vector<std::string> all;
  for (const Setting& row : setting_table()) all.push_back(row.key);
  return all;
}

// The last part of a mistyped key, compared within its section first: "server.lisen" means
// "server.listen".
std::string key_suggestion(const std::string& key) {
  const std::size_t dot = key.find('.');
  const std::string section = key.substr(0, dot);
  std::vector<std::string> here;
  for (const std::string& known : keys()) {
    if (dot != std::string::npos && known.starts_with(section + "."))
      here.push_back(known.substr(dot + 1));
  }
  if (!here.empty()) {
    const std::string meant = nearest(key.substr(dot + 1), here);
    if (!meant.empty()) return fmt::format("; did you mean {}?", meant);
    std::string all;
    for (const std::string& name : here) all += (all.empty() ? "" : ", ") + name;
    return fmt::format("; [{}] knows {}", section, all);
  }
  std::string meant = did_you_mean(key, keys());
  if (!meant.empty()) return meant;
  std::string sections;
  for (const Setting& row : setting_table()) {
    const std::string name = "[" + row.key.substr(0, row.key.find('.')) + "]";
    if (sections.find(name) == std::string::npos) sections += (sections.empty() ? "" : ", ") + name;
  }
  return "; the sections are " + sections;
}

Status apply_file(LoadedSettings& loaded, const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    return fail(Code::kInvalid, fmt::format("{} is a directory; name the file, as in {}",
                                            file.string(), (file / "seckill.toml").string()));
  }
  std::ifstream stream(file);
  if (!stream)
    return fail(Code::kInvalid,
                fmt::format("{}: cannot be read; `seckill config init` writes one", file.string()));
  std::stringstream text;
  text << stream.rdbuf();
  auto lines = read_config(text.str(), file.string());
  if (!lines) return fail(std::move(lines.error()));
  for (const ConfigLine& line : *lines) {
    const std::string place = fmt::format("{}:{}:{}", file.string(), line.line, line.column);
    const Setting* row = row_of(line.key);
    if (row == nullptr)
      return fail(Code::kInvalid,
                  fmt::format("{}: unknown key {}{}", place, line.key, key_suggestion(line.key)));
    if (auto put = row->put(loaded.settings, line.value); !put) {
      return fail(put.error().code,
                  fmt::format("{}: {}: {}", place, line.key, put.error().message));
    }
    loaded.origins[line.key] = fmt::format("{}:{}", file.string(), line.line);
  }
  loaded.file = file;
  return {};
}

// A variable with one of our sections in its name is meant for us; others (SECKILL_SERVER,
// SECKILL_SEED) are not settings.
Status apply_environment(LoadedSettings& loaded, const SettingsSources& sources) {
  std::vector<std::string> known;
  for (const Setting& row : setting_table()) known.push_back(environment_name(row.key));
  for (const auto& [name, value] : sources.environment) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end()) {
      const bool ours =
          std::any_of(setting_table().begin(), setting_table().end(), [&](const Setting& row) {
            return name.starts_with(environment_name(row.key.substr(0, row.key.find('.') + 1)));
          });
      if (ours)
        return fail(Code::kInvalid, fmt::format("environment: unknown setting {}{}", name,
                                                did_you_mean(name, known)));
      continue;
    }
    const Setting& row = setting_table()[static_cast<std::size_t>(at - known.begin())];
    if (auto put = row.put(loaded.settings, value); !put) {
      return fail(put.error().code, fmt::format("environment {}: {}", name, put.error().message));
    }
    loaded.origins[row.key] = "environment " + name;
  }
  return {};
}

Status apply_flags(LoadedSettings& loaded, const SettingsSources& sources) {
  for (const Setting& row : setting_table()) {
    const auto typed = row.flag.empty() ? sources.flags.end() : sources.flags.find(row.flag);
    if (typed == sources.flags.end()) continue;
    if (auto put = row.put(loaded.settings, typed->second); !put) {
      return fail(put.error().code, fmt::format("--{} {}", row.flag, put.error().message));
    }
    loaded.origins[row.key] = "flag --" + row.flag;
  }
  return {};
}

tl::unexpected<Error> wrong_file(const char* key, const Error& why) {
  return fail(why.code, fmt::format("{}: {}", key, why.message));
}

// A password file that is named must be good: a server would only say "access denied".
Status check_passwords(Settings& settings) {
  for (const auto& [key, file] :
       {std::pair{"orders.password_file", settings.orders_password_file},
        std::pair{"counter.password_file", settings.counter_password_file}}) {
    if (const auto read = PasswordFile(file).read(); !read) return wrong_file(key, read.error());
  }
  if (settings.kafka_password_file.empty()) return {};
  auto password = PasswordFile(settings.kafka_password_file).read();
  if (!password) return wrong_file("journal.kafka_password_file", password.error());
  settings.kafka_client["sasl.password"] = *std::move(password);
  return {};
}

// What --compat demo needs, and what is only for it.
Status check_compat(Settings& settings) {
  const auto needs = [](const char* what) {
    return fail(Code::kInvalid, fmt::format("--compat demo needs {}", what));
  };
  if (!settings.compat.demo) {
    if (settings.kafka && settings.kafka->topic.empty())
      return fail(Code::kInvalid, "the journal's URL names no topic: kafka://HOST:PORT/TOPIC");
    return {};
  }
  if (!settings.counter) return needs("its counter: --counter redis://127.0.0.1:6379");
  if (!settings.kafka) return needs("its topic: --journal kafka://127.0.0.1:9092");
  if (!settings.orders_mysql && !settings.compat.no_legacy_rows)
    return needs("its table: --orders mysql://user@127.0.0.1:3306/seckill, or --no-legacy-rows");
  settings.kafka->topic = settings.compat.topic;
  return {};
}

}  // namespace

std::string Settings::orders_url() const {
  return orders_mysql ? to_text(*orders_mysql) : "sqlite:" + orders_of(*this).string();
}

std::string Settings::counter_url() const { return counter ? to_text(*counter) : "none"; }

std::string Settings::journal_url() const {
  if (kafka) return fmt::format("kafka://{}/{}", kafka->brokers, kafka->topic);
  return "file:" + journal_dir.string();
}

Result<LoadedSettings> load_settings(const SettingsSources& sources) {
  LoadedSettings loaded;
  for (const Setting& row : setting_table()) loaded.origins[row.key] = "default";
  std::error_code ignored;
  if (sources.file || std::filesystem::exists("seckill.toml", ignored)) {
    if (auto read = apply_file(loaded, sources.file.value_or("seckill.toml")); !read)
      return fail(std::move(read.error()));
  }
  if (auto read = apply_environment(loaded, sources); !read) return fail(std::move(read.error()));
  if (auto read = apply_flags(loaded, sources); !read) return fail(std::move(read.error()));

  Settings& settings = loaded.settings;
  settings.orders_file = orders_of(settings);
  if (settings.journal_max < 2 * settings.segment_size) {
    return fail(
        Code::kInvalid,
        fmt::format("segment.journal_max ({}) holds less than two segments of segment.size ({})",
                    size_text(settings.journal_max), size_text(settings.segment_size)));
  }
  for (const auto& [key, file] :
       {std::pair{"server.admin_token_file", settings.admin_token_path()},
        std::pair{"server.till_token_file", settings.till_token_path()}}) {
    if (sources.secrets == Secrets::kUnchecked) break;
    if (const auto secret = check_private(file); !secret) return wrong_file(key, secret.error());
  }
  if (auto good = check_passwords(settings); !good) return fail(std::move(good.error()));
  if (auto fine = check_compat(settings); !fine) return fail(std::move(fine.error()));
  return loaded;
}

Result<LoadedSettings> load_settings(const Args& args, Secrets secrets) {
  SettingsSources sources{.secrets = secrets};
  for (const Setting& row : setting_table()) {
    if (row.flag.empty()) continue;
    if (const auto typed = args.text(row.flag)) sources.flags[row.flag] = *typed;
  }
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view pair = *at;
    const std::size_t equals = pair.find('=');
    if (pair.starts_with("SECKILL_") && equals != std::string_view::npos) {
      sources.environment.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
  }
  if (const auto file = args.text("config")) sources.file = *file;
  return load_settings(sources);
}

std::vector<std::pair<std::string, std::string>> shown(const Settings& settings) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Setting& row : setting_table()) all.emplace_back(row.key, row.show(settings));
  return all;
}

std::vector<SettingHelp> settings_help() {
  std::vector<SettingHelp> all;
  for (const Setting& row : setting_table())
    all.push_back({row.key, environment_name(row.key), row.show(Settings{}), row.says});
  return all;
}

std::vector<Flag> settings_flags() {
  std::vector<Flag> flags;
  for (const Setting& row : setting_table()) {
    if (row.flag.empty()) continue;
    flags.push_back(
        {row.flag, row.value, fmt::format("{} (default {})", row.says, row.show(Settings{}))});
  }
  flags.push_back(
      {"config", "FILE", "read settings from FILE (default seckill.toml, if it is there)", 'c'});
  return flags;
}

std::vector<Flag> settings_flags(const std::vector<std::string>& names) {
  std::vector<Flag> some = settings_flags();
  std::erase_if(some, [&](const Flag& flag) {
    return flag.name != "config" && std::find(names.begin(), names.end(), flag.name) == names.end();
  });
  return some;
}

std::string settings_template() {
  std::string text =
      "# seckill.toml: every setting with its default. Remove a # to set it. A flag or "
      "SECKILL_SECTION_KEY wins over this file.\n"
      "# Secrets are never written here: *_file settings name the file that holds them.\n";
  std::string section;
  for (const Setting& row : setting_table()) {
    const std::size_t dot = row.key.find('.');
    if (row.key.substr(0, dot) != section)
      text += fmt::format("\n[{}]\n", section = row.key.substr(0, dot));
    const std::string value = row.show(Settings{});
    const bool number = !value.empty() && std::all_of(value.begin(), value.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
    text += fmt::format("# {}\n# {} = {}\n", row.says, row.key.substr(dot + 1),
                        number ? value : "\"" + value + "\"");
  }
  return text;
}

}  // namespace seckill::app
