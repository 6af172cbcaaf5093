// What only the file can get wrong: its mode, its schema, its disk.
#include "orders/sqlite_orders.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "embedded/sqlite_migrations.h"
#include "orders/consumer.h"
#include "orders/migrations.h"
#include "orders/sqlite.h"
#include "support/all_rows.h"
#include "support/temp_dir.h"
#include "support/told_journal.h"

namespace seckill {
namespace {

using namespace testing;
using sqlite::Db;

struct SqliteOrdersFile : ::testing::Test {
  TempDir dir;
  std::string path = dir.file("orders.db");

  void run(std::string_view sql) {
    auto db = Db::open(path, sqlite::Access::kReadWrite).value();
    const auto ran = db.run_all(sql);
    ASSERT_TRUE(ran.has_value()) << ran.error().message;
  }
  Error error_of_open(SqliteOptions options = {}) {
    auto opened = SqliteOrders::open(path, options);
    return opened ? Error{Error::Code::kFailed, "it opened"} : opened.error();
  }
};

TEST_F(SqliteOrdersFile, IsReadableByItsOwnerOnly) {
  auto orders = SqliteOrders::open(path).value();
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    struct stat info{};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
  }
}

TEST_F(SqliteOrdersFile, SurvivesTheEndOfItsWriter) {
  const Bookmark mark{.journal = {{1, 2}}, .next = Position{3}, .last = {{3, 4}}};
  ASSERT_TRUE(SqliteOrders::open(path).value()->store(std::nullopt, mark, {}).has_value());
  EXPECT_EQ(SqliteOrders::open(path).value()->bookmark().value(), mark);
}

// A crash leaves the write-ahead log beside the file: a reader finds the last commit in it.
TEST_F(SqliteOrdersFile, IsReadAfterACrash) {
  auto orders = SqliteOrders::open(path).value();
  const Bookmark mark{.journal = {{1, 2}}, .next = Position{3}, .last = {{3, 4}}};
  ASSERT_TRUE(orders->store(std::nullopt, mark, {}).has_value());
  TempDir after;  // as the disk was at that moment
  for (const auto* name : {"orders.db", "orders.db-wal"}) {
    std::filesystem::copy_file(dir.file(name), after.file(name));
  }
  auto reader = SqliteOrdersReader::open(after.file("orders.db"));
  ASSERT_TRUE(reader.has_value()) << reader.error().message;
  EXPECT_EQ(all_rows(**reader).mark, mark);
}

// R1: a second key on random buyers would make the rows ten times as dear (evidence).
TEST_F(SqliteOrdersFile, HasPrimaryKeysOnly) {
  auto orders = SqliteOrders::open(path).value();
  auto db = Db::open(path, sqlite::Access::kReadOnly).value();
  auto query =
      db.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
  ASSERT_TRUE(query->step().value());
  EXPECT_EQ(query->number(0), 0);
}

TEST_F(SqliteOrdersFile, StopsAtANewerSchema) {
  (void)SqliteOrders::open(path).value();
  run("INSERT INTO schema_migrations VALUES (3, 'x', 0)");
  EXPECT_EQ(error_of_open().code, Error::Code::kCorrupt);
  EXPECT_NE(error_of_open().message.find("newer"), std::string::npos);
  EXPECT_FALSE(SqliteOrdersReader::open(path));
}

TEST_F(SqliteOrdersFile, StopsAtAChangedMigration) {
  (void)SqliteOrders::open(path).value();
  run("UPDATE schema_migrations SET checksum = 'x'");
  EXPECT_EQ(error_of_open().code, Error::Code::kCorrupt);
  EXPECT_NE(error_of_open().message.find("001_rows.sql"), std::string::npos);
}

TEST_F(SqliteOrdersFile, StopsAtTablesOfSomebodyElse) {
  run("CREATE TABLE orders (id INTEGER)");
  EXPECT_EQ(error_of_open().code, Error::Code::kCorrupt);
  auto db = Db::open(path, sqlite::Access::kReadOnly).value();
  auto query = db.prepare("SELECT count(*) FROM sqlite_schema");
  ASSERT_TRUE(query->step().value());
  EXPECT_EQ(query->number(0), 1) << "nothing was put beside them";
}

TEST_F(SqliteOrdersFile, StopsAtWhatIsNoDatabase) {
  std::ofstream(path) << std::string(4096, 'x');
  EXPECT_EQ(error_of_open().code, Error::Code::kCorrupt);
}

TEST_F(SqliteOrdersFile, IsNotBroughtUpToDateUnlessAllowed) {
  EXPECT_EQ(error_of_open({.migrate = false}).code, Error::Code::kInvalid);
  (void)SqliteOrders::open(path).value();
  EXPECT_TRUE(SqliteOrders::open(path, {.migrate = false}).has_value());
}

TEST_F(SqliteOrdersFile, SaysWhereItCannotBe) {
  path = dir.file("no-such-folder/orders.db");
  EXPECT_EQ(error_of_open().code, Error::Code::kInvalid);
  EXPECT_NE(error_of_open().message.find(path), std::string::npos);
}

TEST_F(SqliteOrdersFile, HasNothingToReadBeforeItIsMade) {
  EXPECT_EQ(SqliteOrdersReader::open(path).error().code, Error::Code::kUnavailable);
  EXPECT_FALSE(std::filesystem::exists(path));
}

// A later version runs on what is there, once; a migration that fails leaves nothing behind.
TEST_F(SqliteOrdersFile, RunsEachMigrationOnce) {
  auto db = Db::open(path, sqlite::Access::kReadWrite).value();
  const EmbeddedFile one{"001_a.sql", "CREATE TABLE a (x INTEGER) STRICT;"};
  const EmbeddedFile two{"002_b.sql",
                         "ALTER TABLE a ADD COLUMN y INTEGER; INSERT INTO a VALUES (1, 2);"};
  const EmbeddedFile bad{"003_c.sql",
                         "CREATE TABLE c (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);"};
  const EmbeddedFile all[] = {one, two, bad};
  ASSERT_TRUE(sqlite::migrate(db, std::span(all).first(1), true));
  ASSERT_TRUE(sqlite::migrate(db, std::span(all).first(2), true));
  ASSERT_TRUE(sqlite::migrate(db, std::span(all).first(2), true));
  ASSERT_FALSE(sqlite::migrate(db, all, true));
  auto query = db.prepare(
      "SELECT (SELECT count(*) FROM a), (SELECT max(version) FROM schema_migrations), (SELECT "
      "count(*) FROM sqlite_schema WHERE name = 'c')");
  ASSERT_TRUE(query->step().value());
  EXPECT_EQ(query->number(0), 1);
  EXPECT_EQ(query->number(1), 2);
  EXPECT_EQ(query->number(2), 0);
}

// What people read with a database tool: one row per piece, who has it now.
TEST_F(SqliteOrdersFile, ShowsOneRowPerPiece) {
  Story story;
  const auto terms = terms_of("car", 3, 5);
  story.sale(terms);
  const auto ann = story.buy(terms, "ann", "k");
  const auto bob = story.buy(terms, "bob", "k", 2);
  story.cancel(ann);
  const auto cid = story.buy(terms, "cid", "k", 2);
  auto orders = SqliteOrders::open(path).value();
  Consumer consumer(story, *orders);
  while (consumer.turn({}).value()) {
  }
  auto db = Db::open(path, sqlite::Access::kReadOnly).value();
  auto query = db.prepare("SELECT unit, order_id FROM units WHERE sale_id = 'car' ORDER BY unit");
  const OrderId owners[] = {cid, bob, bob, cid};
  for (std::int64_t unit = 1; unit <= 4; ++unit) {
    ASSERT_TRUE(query->step().value());
    EXPECT_EQ(query->number(0), unit);
    EXPECT_EQ(query->hash(1), owners[unit - 1].bits) << unit;
  }
  EXPECT_FALSE(query->step().value());
}

// A file that version 1 wrote, of the journal with this identity: its orders go, its name stays.
void write_version_1(const std::string& path, Hash128 journal) {
  auto db = Db::open(path, sqlite::Access::kReadWrite).value();
  ASSERT_TRUE(sqlite::migrate(db, embedded::sqlite_migrations().first(1), true));
  ASSERT_TRUE(db.run_all(
      "INSERT INTO sales VALUES ('old', 9, '', 1, 0, 0, 0, '', 'open', 0, NULL, 0, 1, 1, 1);"
      "INSERT INTO orders VALUES (zeroblob(16), 'old', 'a', 'k', 1, 'held', 0, NULL, NULL, NULL,"
      " NULL, 2); INSERT INTO units VALUES ('old', 1, zeroblob(16));"));
  auto mark = db.prepare("INSERT INTO bookmark VALUES (?, 3, zeroblob(16), 5, 6)").value();
  ASSERT_TRUE(mark.bind(journal).run());
}

// 002: the rows are stored again from the journal, whole, by the consumer as it is.
TEST_F(SqliteOrdersFile, OfVersion1IsStoredAgainFromTheJournal) {
  Story story;
  const auto terms = terms_of("car", 3, 5);
  story.sale(terms);
  const auto ann = story.buy(terms, "ann", "k");
  write_version_1(path, hash_of(story.entries()[0].stamp, story.entries()[0].bytes).bits);
  auto orders = SqliteOrders::open(path).value();
  Consumer consumer(story, *orders);
  for (;;) {
    const auto more = consumer.turn({});
    ASSERT_TRUE(more.has_value()) << more.error().message;
    if (!*more) break;
  }
  const auto all = all_rows(*SqliteOrdersReader::open(path).value());
  EXPECT_EQ(all.mark->next, Position{story.size()});
  ASSERT_EQ(all.rows.sales.size(), 1u);
  ASSERT_EQ(all.rows.orders.size(), 1u);
  EXPECT_EQ(all.rows.orders[0].id, ann);
}

// 002, J7: rows of another journal are still refused.
TEST_F(SqliteOrdersFile, OfVersion1KeepsTheNameOfItsJournal) {
  Story story;
  write_version_1(path, {1, 2});
  auto orders = SqliteOrders::open(path).value();
  Consumer consumer(story, *orders);
  const auto turned = consumer.turn({});
  ASSERT_FALSE(turned.has_value());
  EXPECT_EQ(turned.error().code, Error::Code::kCorrupt);
  EXPECT_NE(turned.error().message.find("another journal"), std::string::npos);
}

// What stands behind every `name(` of our sources, white space left out.
std::vector<std::string> arguments_of(const std::string& source, const std::string& name) {
  std::vector<std::string> found;
  for (auto at = source.find(name + "("); at != std::string::npos;
       at = source.find(name + "(", at + 1)) {
    std::string rest = source.substr(at + name.size() + 1, 200);
    std::erase_if(rest, [](unsigned char c) { return std::isspace(c) != 0; });
    found.push_back(rest);
  }
  return found;
}

// A literal (or several beside each other) and nothing more, a constant, or text that came as one.
bool is_constant_text(std::string_view argument) {
  while (argument.starts_with('"')) {
    const auto end = argument.find('"', 1);
    if (end == std::string_view::npos) return false;
    argument.remove_prefix(end + 1);
    if (argument.starts_with(')')) return true;
  }
  const auto is_one_of = {"k",          "sql)", "raw,sql.", "file.text)", "std::string_viewsql)",
                          "statement)", ")"};
  return std::any_of(is_one_of.begin(), is_one_of.end(),
                     [&](const char* start) { return argument.starts_with(start); });
}

// T12, SQLite's and MySQL's: whoever prepares or runs SQL that was built from pieces breaks this.
TEST(SqliteText, IsNeverBuilt) {
  EXPECT_FALSE(is_constant_text("\"SELECT\"+name)"));
  EXPECT_FALSE(is_constant_text("fmt::format("));
  std::size_t calls = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SECKILL_SOURCE_DIR "/src/orders")) {
    const auto name = entry.path().filename().string();
    if (!name.ends_with(".cc") || name.ends_with("_test.cc")) continue;
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    for (const auto* call : {"prepare", "run_all", "run"}) {
      for (const auto& argument : arguments_of(text, call)) {
        ++calls;
        EXPECT_TRUE(is_constant_text(argument)) << name << ": " << argument;
      }
    }
  }
  EXPECT_GT(calls, 10u);
}

// A full disk is "make room", not damage. max_page_count is how SQLite plays one.
TEST_F(SqliteOrdersFile, SaysThatTheDiskIsFull) {
  (void)SqliteOrders::open(path).value();
  auto db = Db::open(path, sqlite::Access::kReadWrite).value();
  ASSERT_TRUE(db.run_all("PRAGMA max_page_count = 1"));
  const auto ran = db.run_all("INSERT INTO quarantine VALUES (1, 'x', zeroblob(1000000), 0)");
  ASSERT_FALSE(ran.has_value());
  EXPECT_EQ(ran.error().code, Error::Code::kFull);
}

// Another process that holds the file for long is "later", not damage.
TEST_F(SqliteOrdersFile, SaysThatItIsBusy) {
  auto orders = SqliteOrders::open(path).value();
  auto other = Db::open(path, sqlite::Access::kReadWrite).value();
  ASSERT_TRUE(other.run_all("PRAGMA busy_timeout = 1; BEGIN IMMEDIATE"));
  auto third = Db::open(path, sqlite::Access::kReadWrite).value();
  ASSERT_TRUE(third.run_all("PRAGMA busy_timeout = 1"));
  const auto ran = third.run_all("BEGIN IMMEDIATE");
  ASSERT_FALSE(ran.has_value());
  EXPECT_EQ(ran.error().code, Error::Code::kUnavailable);
}

}  // namespace
}  // namespace seckill
