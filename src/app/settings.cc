#include "app/settings.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <sstream>
#include <sys/stat.h>

#include "app/spell.h"
#include "journal/kafka_journal.h"

extern char** environ;

namespace seckill::app {
namespace {

using Code = Error::Code;

// A row of the table: how a setting is called, read and shown, and what it does.
struct Setting {
  std::string key;
  std::string flag;   // empty: only in the file and the environment
  std::string value;  // what the flag takes
  std::string says;
  std::function<Status(Settings&, std::string_view)> put;
  std::function<std::string(const Settings&)> show;
};

// A member that one of units.h's functions reads.
template <class T, class Read>
auto reads(T Settings::* member, Read read) {
  return [member, read](Settings& settings, std::string_view text) -> Status {
    auto value = read(text);
    if (!value) return fail(std::move(value.error()));
    settings.*member = static_cast<T>(*std::move(value));
    return {};
  };
}

template <class T>
auto within(T least, T most, Result<T> (*read)(std::string_view), std::string (*show)(T)) {
  return [=](std::string_view text) -> Result<T> {
    auto value = read(text);
    if (value && (*value < least || *value > most)) {
      return fail(Code::kInvalid,
                  fmt::format("{} is out of bounds: {} to {}", text, show(least), show(most)));
    }
    return value;
  };
}

// "localhost" is what people type; here it is its number, also where it is bound and shown.
Result<Address> listen_from(std::string_view text) {
  auto address = address_from(text);
  if (address && address->host == "localhost") address->host = "127.0.0.1";
  return address;
}

std::string count_text(std::uint64_t count) { return std::to_string(count); }
std::string time_text(milliseconds length) { return to_text(length); }

Result<std::string> name_from(std::string_view text) {
  if (SaleName::from(text)) return std::string(text);
  return fail(Code::kInvalid,
              fmt::format("\"{}\" is no sale's name: letters, digits, _ and -, at most 64", text));
}

Result<std::filesystem::path> path_from(std::string_view text) {
  if (!text.empty()) return std::filesystem::path(text);
  return fail(Code::kInvalid, "a path may not be empty");
}

// The one URL of this kind that this build has, or what to do about another one.
Result<std::filesystem::path> url_path(std::string_view text, std::string_view scheme,
                                       std::string_view example, std::string_view others) {
  if (text.starts_with(scheme) && text.size() > scheme.size()) {
    std::string_view path = text.substr(scheme.size());
    if (path.starts_with("//")) path.remove_prefix(2);
    if (!path.empty()) return std::filesystem::path(path);
  }
  const std::string_view asked = text.substr(0, text.find(':'));
  if (others.find(asked) != std::string_view::npos && text.find("://") != std::string_view::npos) {
    return fail(Code::kInvalid, fmt::format("{}:// is not in this build; use {}", asked, example));
  }
  return fail(Code::kInvalid, fmt::format("\"{}\" is not understood; as in {}", text, example));
}

Status no_counter(Settings&, std::string_view text) {
  if (text == "none") return {};
  if (text.starts_with("redis"))
    return fail(Code::kInvalid,
                "redis:// is not in this build; use none: one process needs no counter");
  return fail(Code::kInvalid, fmt::format("\"{}\" is not understood; as in none", text));
}

// kafka://host:port[,host:port]/topic
Status journal_from(Settings& settings, std::string_view text) {
  constexpr std::string_view kKafka = "kafka://";
  constexpr const char* kExample = "kafka://127.0.0.1:9092/seckill";
  settings.kafka.reset();
  if (!text.starts_with(kKafka)) {
    auto directory = url_path(text, "file:", "file:seckill-data", "");
    if (!directory) return fail(std::move(directory.error()));
    settings.journal_dir = *std::move(directory);
    return {};
  }
  const std::string_view rest = text.substr(kKafka.size());
  const std::size_t slash = rest.find('/');
  const std::string_view topic = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  constexpr std::string_view kTopicLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const bool named = !topic.empty() && topic.size() <= 249 &&
                     topic.find_first_not_of(kTopicLetters) == std::string_view::npos;
  if (!named) {
    return fail(Code::kInvalid, fmt::format("\"{}\" names no topic: letters, digits, . _ and -; as "
                                            "in {}",
                                            text, kExample));
  }
  std::istringstream brokers{std::string(rest.substr(0, slash))};
  for (std::string broker; std::getline(brokers, broker, ',');) {
    if (const auto address = address_from(broker); !address) {
      return fail(Code::kInvalid, fmt::format("{}; as in {}", address.error().message, kExample));
    }
  }
  if (slash == 0) return fail(Code::kInvalid, fmt::format("no broker; as in {}", kExample));
  settings.kafka = Settings::Kafka{std::string(rest.substr(0, slash)), std::string(topic)};
  return {};
}

// NAME=VALUE,NAME=VALUE for librdkafka.
Status kafka_client_from(Settings& settings, std::string_view text) {
  settings.kafka_client.clear();
  std::istringstream pairs{std::string(text)};
  for (std::string pair; std::getline(pairs, pair, ',');) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos)
      return fail(Code::kInvalid, fmt::format("\"{}\" is no NAME=VALUE", pair));
    const std::string name = pair.substr(0, equals);
    if (name == "sasl.password") {
      return fail(Code::kInvalid, "sasl.password belongs into a file: journal.kafka_password_file");
    }
    if (auto fine = check_kafka_setting(name, pair.substr(equals + 1)); !fine) return fine;
    settings.kafka_client[name] = pair.substr(equals + 1);
  }
  return {};
}

std::string kafka_client_text(const Settings& settings) {
  std::string text;
  for (const auto& [name, value] : settings.kafka_client)
    if (name != "sasl.password")
      text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value);
  return text;
}

std::filesystem::path orders_of(const Settings& s) {
  return s.orders_file.empty() ? s.journal_dir / "orders.db" : s.orders_file;
}

Status orders_from(Settings& settings, std::string_view text) {
  settings.orders_mysql.reset();
  if (text.starts_with("mysql:") || text.starts_with("mariadb:")) {
    auto target = mysql::target_from(text);
    if (!target) return fail(std::move(target.error()));
    settings.orders_mysql = *std::move(target);
    return {};
  }
  auto file = url_path(
      text, "sqlite:", "sqlite:seckill-data/orders.db or mysql://user@host:3306/database", "");
  if (!file) return fail(std::move(file.error()));
  settings.orders_file = *std::move(file);
  return {};
}

const std::vector<Setting>& table() {
  static const std::vector<Setting> rows{
      {"server.listen", "listen", "HOST:PORT",
       "where HTTP is served; port 0 takes any free one; beyond loopback, admin routes need the "
       "token",
       reads(&Settings::listen, listen_from), [](const Settings& s) { return to_text(s.listen); }},
      {"server.drain_delay", "drain-delay", "TIME",
       "at SIGTERM, go on serving so long with /readyz at 503, for balancers that leave late",
       reads(&Settings::drain_delay, within<milliseconds>(milliseconds(0), milliseconds(600'000),
                                                          duration_from, time_text)),
       [](const Settings& s) { return to_text(s.drain_delay); }},
      {"server.admin_token_file", "", "FILE",
       "holds the admin token, mode 0600, made on first start; relative to the journal's directory",
       reads(&Settings::admin_token_file, path_from),
       [](const Settings& s) { return s.admin_token_file.string(); }},
      {"server.till_token_file", "", "FILE",
       "holds the till's token, made likewise: it may mark orders paid, and nothing else",
       reads(&Settings::till_token_file, path_from),
       [](const Settings& s) { return s.till_token_file.string(); }},
      {"server.demo_sale", "demo-sale", "SALE",
       "what POST /seckill/seckill sells: a sale without limit and hold",
       reads(&Settings::demo_sale, name_from), [](const Settings& s) { return s.demo_sale; }},
      {"counter.url", "counter", "URL", "the shared hint of many processes; this build has none",
       no_counter, [](const Settings&) { return std::string("none"); }},
      {"journal.url", "journal", "URL",
       "where everything asked is made durable: file:DIR (which holds all data), or "
       "kafka://HOST:PORT/TOPIC, shared by many processes",
       journal_from, [](const Settings& s) { return s.journal_url(); }},
      {"journal.data", "data", "DIR",
       "with kafka://: where the tokens and, by default, orders.db lie",
       reads(&Settings::journal_dir, path_from),
       [](const Settings& s) { return s.journal_dir.string(); }},
      {"journal.replication", "", "N",
       "replicas of the topic: made so, and refused with fewer (without --allow-unsafe-kafka)",
       reads(&Settings::kafka_replication, within<std::uint64_t>(1, 100, count_from, count_text)),
       [](const Settings& s) { return count_text(s.kafka_replication); }},
      {"journal.min_insync", "", "N", "min.insync.replicas of the topic, likewise",
       reads(&Settings::kafka_min_insync, within<std::uint64_t>(1, 100, count_from, count_text)),
       [](const Settings& s) { return count_text(s.kafka_min_insync); }},
      {"journal.allow_unsafe_kafka", "allow-unsafe-kafka", "",
       "a single broker may do: its disk's end is the end of confirmed orders; said loudly",
       [](Settings& s, std::string_view text) -> Status {
         const auto yes = text.empty() ? Result<bool>(true) : bool_from(text);
         if (!yes) return fail(yes.error());
         s.allow_unsafe_kafka = *yes;
         return {};
       },
       [](const Settings& s) { return std::string(s.allow_unsafe_kafka ? "true" : "false"); }},
      {"journal.kafka_client", "", "NAME=VALUE,…",
       "settings handed to librdkafka, as in security.protocol=sasl_ssl,sasl.username=shop; those "
       "that safety rests on are refused",
       kafka_client_from, kafka_client_text},
      {"journal.kafka_password_file", "", "FILE", "holds sasl.password, mode 0600",
       reads(&Settings::kafka_password_file,
             [](std::string_view text) -> Result<std::filesystem::path> {
               return std::filesystem::path(text);
             }),
       [](const Settings& s) { return s.kafka_password_file.string(); }},
      {"journal.start_wait", "", "TIME",
       "how long to wait at the start for a server that does not answer yet",
       reads(&Settings::start_wait, within<milliseconds>(milliseconds(0), milliseconds(600'000),
                                                         duration_from, time_text)),
       [](const Settings& s) { return to_text(s.start_wait); }},
      {"orders.url", "orders", "URL",
       "the rows that other systems read: sqlite:FILE, or mysql://user@host:port/database"
       "?ssl-mode=REQUIRED; default: orders.db in the journal's directory",
       orders_from, [](const Settings& s) { return s.orders_url(); }},
      {"orders.password_file", "orders-password-file", "FILE",
       "holds the password of MySQL's user, mode 0600; relative to where seckill is started",
       [](Settings& s, std::string_view text) -> Status {
         s.orders_password_file = text;
         return {};
       },
       [](const Settings& s) { return s.orders_password_file.string(); }},
      {"limits.body_max", "", "SIZE", "a longer request body is refused (413) before it is read",
       reads(&Settings::body_max, within<std::uint64_t>(256, 1 << 20, size_from, size_text)),
       [](const Settings& s) { return size_text(s.body_max); }},
      {"limits.waiting_max", "", "N",
       "claims that may wait for their turn; who comes beyond them is told to come back",
       reads(&Settings::waiting_max, within<std::uint64_t>(1, 1'000'000, count_from, count_text)),
       [](const Settings& s) { return count_text(s.waiting_max); }},
      {"limits.request_deadline", "", "TIME",
       "no verdict until then: \"ask again with the same key\"",
       reads(
           &Settings::request_deadline,
           within<milliseconds>(milliseconds(100), milliseconds(60'000), duration_from, time_text)),
       [](const Settings& s) { return to_text(s.request_deadline); }},
      {"segment.size", "", "SIZE", "one file of the journal, zeroed before use; one spare besides",
       reads(&Settings::segment_size,
             within<std::uint64_t>(1 << 20, 1 << 30, size_from, size_text)),
       [](const Settings& s) { return size_text(s.segment_size); }},
      {"segment.journal_max", "", "SIZE",
       "the season's cap: beyond it nothing is sold, payments still land",
       reads(&Settings::journal_max,
             within<std::uint64_t>(2 << 20, 1ULL << 40, size_from, size_text)),
       [](const Settings& s) { return size_text(s.journal_max); }},
  };
  return rows;
}

std::string environment_name(std::string_view key) {
  std::string name = "SECKILL_";
  for (const char c : key)
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

const Setting* row_of(std::string_view key) {
  const auto at = std::find_if(table().begin(), table().end(),
                               [&](const Setting& row) { return row.key == key; });
  return at == table().end() ? nullptr : &*at;
}

std::vector<std::string> keys() {
  std::vector<std::string> all;
  for (const Setting& row : table()) all.push_back(row.key);
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
  const std::string meant = did_you_mean(key, keys());
  if (!meant.empty()) return meant;
  std::string sections;
  for (const Setting& row : table()) {
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
  for (const Setting& row : table()) known.push_back(environment_name(row.key));
  for (const auto& [name, value] : sources.environment) {
    const auto at = std::find(known.begin(), known.end(), name);
    if (at == known.end()) {
      const bool ours = std::any_of(table().begin(), table().end(), [&](const Setting& row) {
        return name.starts_with(environment_name(row.key.substr(0, row.key.find('.') + 1)));
      });
      if (ours)
        return fail(Code::kInvalid, fmt::format("environment: unknown setting {}{}", name,
                                                did_you_mean(name, known)));
      continue;
    }
    const Setting& row = table()[static_cast<std::size_t>(at - known.begin())];
    if (auto put = row.put(loaded.settings, value); !put) {
      return fail(put.error().code, fmt::format("environment {}: {}", name, put.error().message));
    }
    loaded.origins[row.key] = "environment " + name;
  }
  return {};
}

Status apply_flags(LoadedSettings& loaded, const SettingsSources& sources) {
  for (const Setting& row : table()) {
    const auto typed = row.flag.empty() ? sources.flags.end() : sources.flags.find(row.flag);
    if (typed == sources.flags.end()) continue;
    if (auto put = row.put(loaded.settings, typed->second); !put) {
      return fail(put.error().code, fmt::format("--{} {}", row.flag, put.error().message));
    }
    loaded.origins[row.key] = "flag --" + row.flag;
  }
  return {};
}

// T34: a secret that others may read is none.
Status check_secret(const char* key, const std::filesystem::path& file) {
  struct stat about{};
  if (stat(file.c_str(), &about) != 0 || (about.st_mode & 077) == 0) return {};
  return fail(Code::kInvalid, fmt::format("{}: {} may be read by others; fix: chmod 600 {}", key,
                                          file.string(), file.string()));
}

// A password file that is named must be there, too: a server would only say "access denied".
Status check_password(const Settings& settings) {
  const std::filesystem::path& file = settings.orders_password_file;
  if (file.empty()) return {};
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return fail(Code::kInvalid, fmt::format("orders.password_file: {} is no file; it holds the "
                                            "password alone, mode 0600",
                                            file.string()));
  }
  return check_secret("orders.password_file", file);
}

}  // namespace

std::string Settings::orders_url() const {
  return orders_mysql ? to_text(*orders_mysql) : "sqlite:" + orders_of(*this).string();
}

std::string Settings::journal_url() const {
  if (kafka) return fmt::format("kafka://{}/{}", kafka->brokers, kafka->topic);
  return "file:" + journal_dir.string();
}

Result<LoadedSettings> load_settings(const SettingsSources& sources) {
  LoadedSettings loaded;
  for (const Setting& row : table()) loaded.origins[row.key] = "default";
  std::error_code ignored;
  if (sources.file || std::filesystem::exists("seckill.toml", ignored)) {
    if (auto read = apply_file(loaded, sources.file.value_or("seckill.toml")); !read)
      return fail(std::move(read.error()));
  }
  if (auto read = apply_environment(loaded, sources); !read) return fail(std::move(read.error()));
  if (auto read = apply_flags(loaded, sources); !read) return fail(std::move(read.error()));

  Settings& settings = loaded.settings;
  settings.orders_file = orders_of(settings);
  if (!settings.kafka_password_file.empty()) {
    const auto& file = settings.kafka_password_file;
    if (auto secret = check_secret("journal.kafka_password_file", file); !secret)
      return fail(std::move(secret.error()));
    std::ifstream stream(file);
    if (!std::getline(stream, settings.kafka_client["sasl.password"]))
      return fail(Code::kInvalid,
                  fmt::format("journal.kafka_password_file: {} holds nothing", file.string()));
  }
  if (settings.journal_max < 2 * settings.segment_size) {
    return fail(
        Code::kInvalid,
        fmt::format("segment.journal_max ({}) holds less than two segments of segment.size ({})",
                    size_text(settings.journal_max), size_text(settings.segment_size)));
  }
  for (const auto& [key, file] :
       {std::pair{"server.admin_token_file", settings.admin_token_path()},
        std::pair{"server.till_token_file", settings.till_token_path()}}) {
    if (auto secret = check_secret(key, file); !secret) return fail(std::move(secret.error()));
  }
  if (auto secret = check_password(settings); !secret) return fail(std::move(secret.error()));
  return loaded;
}

Result<LoadedSettings> load_settings(const Args& args) {
  SettingsSources sources;
  for (const Setting& row : table()) {
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
  for (const Setting& row : table()) all.emplace_back(row.key, row.show(settings));
  return all;
}

std::vector<SettingHelp> settings_help() {
  std::vector<SettingHelp> all;
  for (const Setting& row : table())
    all.push_back({row.key, environment_name(row.key), row.show(Settings{}), row.says});
  return all;
}

std::vector<Flag> settings_flags() {
  std::vector<Flag> flags;
  for (const Setting& row : table()) {
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
  for (const Setting& row : table()) {
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
