#include "app/settings.h"

#include <fstream>
#include <gtest/gtest.h>

#include "base/entropy.h"

namespace seckill::app {
namespace {

// A file of settings that is gone with the test.
class File {
 public:
  explicit File(std::string_view text)
      : path(std::filesystem::temp_directory_path() /
             ("seckill-settings-" + random_token().substr(0, 12) + ".toml")) {
    std::ofstream(path) << text;
  }
  ~File() { std::filesystem::remove(path); }
  const std::filesystem::path path;
};

std::string error_of(const SettingsSources& sources) {
  const auto loaded = load_settings(sources);
  return loaded ? "no error" : loaded.error().message;
}

std::string error_of(std::string_view text) {
  const File file(text);
  std::string message = error_of(SettingsSources{.file = file.path});
  const std::size_t at = message.find(file.path.string());
  return at == std::string::npos ? message
                                 : message.replace(at, file.path.string().size(), "seckill.toml");
}

TEST(Settings, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const File file(
      "[server]\nlisten = \"127.0.0.1:1\"\ndemo_sale = \"file\"\ndrain_delay = \"1s\"\n");
  SettingsSources sources{.file = file.path};
  sources.environment = {{"SECKILL_SERVER_DEMO_SALE", "env"},
                         {"SECKILL_SERVER_LISTEN", "127.0.0.1:2"}};
  sources.flags = {{"listen", "127.0.0.1:3"}};
  const auto loaded = load_settings(sources);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.listen.port, 3);
  EXPECT_EQ(loaded->settings.demo_sale, "env");
  EXPECT_EQ(loaded->settings.drain_delay, milliseconds(1'000));
  EXPECT_EQ(loaded->settings.body_max, 4096u);
  EXPECT_EQ(loaded->origins.at("server.listen"), "flag --listen");
  EXPECT_EQ(loaded->origins.at("server.demo_sale"), "environment SECKILL_SERVER_DEMO_SALE");
  EXPECT_EQ(loaded->origins.at("server.drain_delay"), file.path.string() + ":4");
  EXPECT_EQ(loaded->origins.at("limits.body_max"), "default");
}

TEST(Settings, ErrorsSayWhereWhatAndWhatWasMeant) {
  EXPECT_EQ(error_of("[server]\nlisten = 127.0.0.1:3000\n"),
            "seckill.toml:2:10: listen needs quotes: \"127.0.0.1:3000\"");
  EXPECT_EQ(error_of("segment = { size = 64MiB }\n"),
            "seckill.toml:1:20: size needs quotes: \"64MiB\"");
  EXPECT_EQ(error_of("[server]\nlisten = \"x\"\n"),
            "seckill.toml:2:1: server.listen: \"x\" is no address; as in 127.0.0.1:3000, or :0 for "
            "any free port");
  EXPECT_EQ(error_of("[server]\nlisen = \"127.0.0.1:1\"\n"),
            "seckill.toml:2:1: unknown key server.lisen; did you mean listen?");
  EXPECT_EQ(error_of("[server]\nquantum = 1\n"),
            "seckill.toml:2:1: unknown key server.quantum; [server] knows listen, drain_delay, "
            "admin_token_file, till_token_file, demo_sale");
  EXPECT_EQ(error_of("[limits]\nwaiting_max = 0\n"),
            "seckill.toml:2:1: limits.waiting_max: 0 is out of bounds: 1 to 1000000");
  EXPECT_EQ(error_of("[limits]\nwaiting_max = [1]\n"),
            "seckill.toml:2:15: limits.waiting_max takes a text or a whole number");
  EXPECT_EQ(error_of("[segment]\nsize = \"64MiB\"\njournal_max = \"64MiB\"\n"),
            "segment.journal_max (64MiB) holds less than two segments of segment.size (64MiB)");
}

// Found by tests/fuzz/config.cc: they met what toml++ takes for impossible.
TEST(Settings, MalformedTablesAreErrorsOfTheFile) {
  for (const char* text : {"[          [  ", "[ [", "[", "[[", "[ ]", "[.a]", "\xc3\xa9",
                           "a =\xc3\xa9", "[\xef\xbb\x80]"}) {
    EXPECT_EQ(error_of(text).rfind("seckill.toml:1:", 0), 0u) << text << ": " << error_of(text);
  }
}

TEST(Settings, SectionsAreNamedAndLocalhostIsANumber) {
  EXPECT_EQ(error_of("[kitchen]\nknife = 1\n"),
            "seckill.toml:2:1: unknown key kitchen.knife; the sections are [server], [counter], "
            "[compat], [journal], [orders], [limits], [segment]");
  const auto loaded = load_settings(SettingsSources{.flags = {{"listen", "localhost:7"}}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.listen, (Address{"127.0.0.1", 7}));
}

TEST(Settings, WhatIsNotInThisBuildIsSaidSo) {
  EXPECT_EQ(error_of({.flags = {{"counter", "memcached://localhost"}}}),
            "--counter \"memcached://localhost\" is not understood; as in none, or "
            "redis://127.0.0.1:6379/0");
  EXPECT_EQ(
      error_of({.flags = {{"journal", "kafka://localhost:1/a b"}}}),
      "--journal \"kafka://localhost:1/a b\" names no topic: letters, digits, . _ and -; as in "
      "kafka://127.0.0.1:9092/seckill");
  EXPECT_EQ(error_of({.flags = {{"journal", "kafka://localhost:1"}}}),
            "the journal's URL names no topic: kafka://HOST:PORT/TOPIC");
  EXPECT_EQ(error_of({.flags = {{"journal", "seckill-data"}}}),
            "--journal \"seckill-data\" is not understood; as in file:seckill-data");
}

TEST(Settings, TheDemosStandNeedsItsThreeParts) {
  std::map<std::string, std::string> flags{{"compat", "demo"}};
  for (const auto& [flag, value] : {std::pair{"counter", "redis://shop@cache:7000/3"},
                                    std::pair{"journal", "kafka://localhost:1/whatever"},
                                    std::pair{"orders", "mysql://shop@db/rows"}}) {
    EXPECT_NE(error_of({.flags = flags}).find(std::string("--") + flag), std::string::npos);
    flags[flag] = value;
  }
  const auto loaded = load_settings({.flags = flags});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.counter_url(), "redis://shop@cache:7000/3");
  EXPECT_EQ(loaded->settings.journal_url(), "kafka://localhost:1/CAR_NUMBER");
  EXPECT_EQ(loaded->settings.compat.stock, 100u);
  flags.erase("orders");
  flags["no-legacy-rows"] = "";
  EXPECT_TRUE(load_settings({.flags = flags}));
  EXPECT_EQ(error_of({.flags = {{"counter", "redis://a:secret@b"}}}).find("secret"),
            std::string::npos);
}

TEST(Settings, RowsMayBeInMysql) {
  const std::string url = "mysql://shop@[::1]:3307/rows?ssl-mode=REQUIRED";
  const auto loaded = load_settings({.flags = {{"orders", url}}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.orders_mysql,
            (mysql::Target{"shop", "::1", 3307, "rows", mysql::Tls::kRequired, ""}));
  EXPECT_EQ(loaded->settings.orders_url(), url);
  EXPECT_EQ(load_settings({.flags = {{"orders", "mariadb://db/rows"}}})->settings.orders_url(),
            "mysql://seckill@db:3306/rows");

  const auto error = [](const std::string& text) {
    return error_of({.flags = {{"orders", text}}});
  };
  const std::string example = "; as in mysql://seckill@db.example:3306/seckill?ssl-mode=REQUIRED";
  EXPECT_NE(error("mysql://shop:secret@db/rows").find("a password does not belong into a URL"),
            std::string::npos);
  EXPECT_EQ(error("mysql://shop:secret@db/rows").find("secret"), std::string::npos);
  EXPECT_EQ(error("mysql://db"), "--orders the database is missing" + example);
  EXPECT_EQ(error("mysql://db:x/rows"), "--orders \"x\" is no port" + example);
  EXPECT_EQ(error("mysql://db/rows?tls=1"),
            "--orders \"tls\" is no option: ssl-mode, ssl-ca" + example);
  EXPECT_EQ(error("mysql://db/rows?ssl-mode=VERIFY_CA"),
            "--orders to verify the server, name the file of its CA: ssl-ca=FILE" + example);
  EXPECT_EQ(error_of({.flags = {{"orders-password-file", "/nowhere"}}}),
            "orders.password_file: /nowhere is no file; it holds the password alone, mode 0600");
}

TEST(Settings, TheEnvironmentIsCheckedToo) {
  EXPECT_EQ(
      error_of({.environment = {{"SECKILL_SERVER_LISEN", "x"}}}),
      "environment: unknown setting SECKILL_SERVER_LISEN; did you mean SECKILL_SERVER_LISTEN?");
  EXPECT_EQ(error_of({.environment = {{"SECKILL_SEED", "1"}, {"SECKILL_SERVER", "http://x"}}}),
            "no error");
}

// The orders follow the journal's directory unless they have a place of their own.
TEST(Settings, TheJournalsDirectoryHoldsEverything) {
  const auto loaded = load_settings({.flags = {{"journal", "file:/tmp/x"}}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->settings.orders_file, "/tmp/x/orders.db");
  EXPECT_EQ(loaded->settings.admin_token_path(), "/tmp/x/admin.token");
}

// T34: a secret file that others may read.
TEST(Settings, ASecretThatOthersMayReadIsRefused) {
  const File secret("token");
  std::filesystem::permissions(secret.path, std::filesystem::perms(0644));
  EXPECT_NE(error_of({.environment = {{"SECKILL_SERVER_ADMIN_TOKEN_FILE", secret.path.string()}}})
                .find("chmod 600"),
            std::string::npos);
}

// `config init` writes what we read: uncommented, every line sets its default.
TEST(Settings, TheTemplateIsValidAndHoldsTheDefaults) {
  std::string text = settings_template();
  for (std::size_t at = 0; (at = text.find("\n# ", at)) != std::string::npos; ++at) {
    const std::string line = text.substr(at + 3, text.find('\n', at + 1) - at - 3);
    if (line.find(" = ") != std::string::npos) text.erase(at + 1, 2);
  }
  const File file(text);
  const auto loaded = load_settings({.file = file.path});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(shown(loaded->settings), shown(Settings{}));
  EXPECT_EQ(read_config(text, "x")->size(), settings_help().size());
}

}  // namespace
}  // namespace seckill::app
