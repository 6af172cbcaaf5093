// Everything an operator can set, in one struct. A setting comes from a flag, else the environment,
// else seckill.toml, else its default; all of them are checked before the first socket or file is
// opened.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command.h"
#include "app/units.h"
#include "base/result.h"
#include "counter/redis_url.h"
#include "orders/mysql_url.h"

namespace seckill::app {

// The defaults are here; units are in the types and the names; what a setting does is said in
// setting_table.cc, which prints the help, `config init` and `config show`.
struct Settings {
  Address listen{
      "127.0.0.1",
      3000};  // any other host than loopback needs the admin token on every admin route (T30)
  milliseconds drain_delay{
      0};  // /readyz says 503 so long before we stop accepting: balancers leave late
  std::filesystem::path admin_token_file =
      "admin.token";  // in the journal's directory unless absolute; mode 0600
  std::filesystem::path till_token_file =
      "till.token";               // likewise: whoever has it may mark orders paid, nothing else
  std::string demo_sale = "car";  // what POST /seckill/seckill sells
  std::optional<RedisTarget> counter;                  // from counter.url; nothing: none
  std::filesystem::path counter_password_file;         // mode 0600; empty: no password
  std::filesystem::path journal_dir = "seckill-data";  // from journal.url, or --data over Kafka
  struct Kafka {
    std::string brokers;  // "host:port,host:port"
    std::string topic;
  };
  std::optional<Kafka> kafka;  // from journal.url; else the journal is in files
  struct Compat {
    bool demo = false;          // the demo's own key, topic and table instead of sales
    std::uint64_t stock = 100;  // units ever put on sale
    bool no_legacy_rows = false;
    std::string topic = "CAR_NUMBER";
  } compat;
  std::uint64_t kafka_replication = 3;  // of a topic that we make, and the least that is safe
  std::uint64_t kafka_min_insync = 2;   // likewise
  bool allow_unsafe_kafka = false;      // fewer than that: for a laptop's single broker
  std::map<std::string, std::string> kafka_client;  // handed to librdkafka
  std::filesystem::path kafka_password_file;        // sasl.password
  milliseconds start_wait{30'000};            // for a server that does not answer yet; then exit 3
  std::filesystem::path orders_file;          // from orders.url; default orders.db in journal_dir
  std::optional<mysql::Target> orders_mysql;  // from orders.url, instead of a file
  std::filesystem::path orders_password_file = {};  // mode 0600; empty: no password

  std::uint64_t body_max = 4 << 10;     // bytes; a longer body is 413 before it is read
  std::uint64_t waiting_max = 100'000;  // claims waiting for their turn; beyond them "busy" (I12)
  milliseconds request_deadline{
      5'000};  // after it the answer is "ask again with the same key" (I11)
  std::uint64_t segment_size =
      64 << 20;  // bytes of one journal file, zeroed ahead; one spare besides
  std::uint64_t journal_max =
      16ULL << 30;  // bytes; the season's cap: beyond it nothing is sold, payments still land

  std::filesystem::path admin_token_path() const { return journal_dir / admin_token_file; }
  std::string counter_url() const;
  std::string journal_url() const;
  std::filesystem::path till_token_path() const { return journal_dir / till_token_file; }
  std::string orders_url() const;
};

// Where a setting's value came from: "default", "flag --listen", "environment
// SECKILL_SERVER_LISTEN", "seckill.toml:2".
struct LoadedSettings {
  Settings settings;
  std::map<std::string, std::string> origins;  // by key, "server.listen"
  std::optional<std::filesystem::path> file;   // the seckill.toml that was read
};

// A secret that others may read refuses a start (T34); the doctor wants to mend just that.
enum class Secrets : std::uint8_t { kChecked, kUnchecked };

struct SettingsSources {
  std::map<std::string, std::string> flags;                      // by the flag's name
  std::vector<std::pair<std::string, std::string>> environment;  // name, value
  std::optional<std::filesystem::path>
      file;  // --config: must be there; else ./seckill.toml if it is
  Secrets secrets = Secrets::kChecked;
};

// kInvalid, with where, what and a suggestion.
Result<LoadedSettings> load_settings(const SettingsSources& sources);
// From what was typed, this process' environment and directory.
Result<LoadedSettings> load_settings(const Args& args, Secrets secrets = Secrets::kChecked);

// "server.listen" and its value as it would be typed, in the order of the table.
std::vector<std::pair<std::string, std::string>> shown(const Settings& settings);

struct SettingHelp {
  std::string key;          // "server.listen"
  std::string environment;  // "SECKILL_SERVER_LISTEN"
  std::string otherwise;    // its default, as typed
  std::string says;
};
std::vector<SettingHelp> settings_help();

// The flags of all settings that have one (--listen, --journal, …) and --config; or of those named.
std::vector<Flag> settings_flags();
std::vector<Flag> settings_flags(const std::vector<std::string>& names);

// What `seckill config init` writes: every key, commented.
std::string settings_template();

// One key of a file: "server.listen", its value as text, and its place.
struct ConfigLine {
  std::string key;
  std::string value;
  std::size_t line = 0;
  std::size_t column = 0;
};
// toml++'s reading, with messages of our own: "seckill.toml:2:10: listen needs quotes:
// "127.0.0.1:3000"".
Result<std::vector<ConfigLine>> read_config(std::string_view text, std::string_view file_name);

}  // namespace seckill::app
