// Every setting there is: add yours here, and its field in settings.h.
#include <fmt/format.h>
#include <sstream>

#include "app/setting.h"
#include "journal/kafka_journal.h"

namespace seckill::app {
namespace {

using Code = Error::Code;

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

Status counter_from(Settings& settings, std::string_view text) {
  settings.counter.reset();
  if (text == "none") return {};
  if (!text.starts_with("redis")) {
    return fail(Code::kInvalid, fmt::format("\"{}\" is not understood; as in none, or "
                                            "redis://127.0.0.1:6379/0",
                                            text));
  }
  auto target = redis_target_from(text);
  if (!target) return fail(std::move(target.error()));
  settings.counter = *std::move(target);
  return {};
}

// Flags say `demo`, files and the environment true or false.
Status compat_from(Settings& settings, std::string_view text) {
  const auto on = text == "demo" ? Result<bool>(true) : bool_from(text);
  if (!on) return fail(Code::kInvalid, fmt::format("\"{}\" is not understood; as in demo", text));
  settings.compat.demo = *on;
  return {};
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
  const bool named = (!topic.empty() || slash == std::string_view::npos) && topic.size() <= 249 &&
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

}  // namespace

const std::vector<Setting>& setting_table() {
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
      {"counter.url", "counter", "URL",
       "a hint that many processes share, which spares them a surplus: none, or "
       "redis://HOST:PORT/DB",
       counter_from, [](const Settings& s) { return s.counter_url(); }},
      {"counter.password_file", "counter-password-file", "FILE",
       "holds the password of Redis' user, mode 0600, and is read at each login; relative to where "
       "seckill is started",
       [](Settings& s, std::string_view text) -> Status {
         s.counter_password_file = text;
         return {};
       },
       [](const Settings& s) { return s.counter_password_file.string(); }},
      {"compat.demo", "compat", "demo",
       "sell as the teaching demo does, beside it: Redis key counter, topic CAR_NUMBER, table "
       "seckill(id, date)",
       compat_from,
       [](const Settings& s) { return std::string(s.compat.demo ? "true" : "false"); }},
      {"compat.stock", "stock", "N",
       "with --compat demo: what the counter begins with where nothing was sold yet; for the "
       "audit, "
       "what was ever put on sale",
       [](Settings& s, std::string_view text) -> Status {
         const auto stock = count_from(text);
         if (!stock) return fail(stock.error());
         if (*stock > UINT32_MAX) return fail(Code::kInvalid, "that is more than anybody has");
         s.compat.stock = *stock;
         return {};
       },
       [](const Settings& s) { return count_text(s.compat.stock); }},
      {"compat.no_legacy_rows", "no-legacy-rows", "",
       "with --compat demo: the demo's own consumer stores the rows",
       [](Settings& s, std::string_view text) -> Status {
         const auto yes = text.empty() ? Result<bool>(true) : bool_from(text);
         if (!yes) return fail(yes.error());
         s.compat.no_legacy_rows = *yes;
         return {};
       },
       [](const Settings& s) { return std::string(s.compat.no_legacy_rows ? "true" : "false"); }},
      {"compat.topic", "", "TOPIC", "with --compat demo: its topic, whatever journal.url names",
       [](Settings& s, std::string_view text) -> Status {
         s.compat.topic = text;
         return {};
       },
       [](const Settings& s) { return s.compat.topic; }},
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
       "holds the password of MySQL's user, mode 0600, and is read at each login; relative to "
       "where "
       "seckill is started",
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

}  // namespace seckill::app
