#include "compat/legacy_rows.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace seckill::compat {
namespace {

using Code = Error::Code;
using mysql::Connection;

constexpr std::string_view kTable =
    "CREATE TABLE IF NOT EXISTS seckill (id INT AUTO_INCREMENT PRIMARY KEY,"
    " date TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP) ENGINE=InnoDB";
constexpr std::string_view kBookmarks =
    "CREATE TABLE IF NOT EXISTS seckill_bookmark (topic VARBINARY(249) PRIMARY KEY,"
    " identity BINARY(16) NULL, next BIGINT NULL) ENGINE=InnoDB";
// There from the beginning, so that FOR UPDATE has something to lock. No `next`: never met.
constexpr std::string_view kMeet = "INSERT IGNORE INTO seckill_bookmark (topic) VALUES (?)";
constexpr std::string_view kLock =
    "SELECT next, identity FROM seckill_bookmark WHERE topic = ? FOR UPDATE";
constexpr std::string_view kMove =
    "UPDATE seckill_bookmark SET next = ?, identity = COALESCE(?, identity) WHERE topic = ?";
constexpr std::string_view kLook = "SELECT next FROM seckill_bookmark WHERE topic = ?";
constexpr std::string_view kCount = "SELECT COUNT(*) FROM seckill";

// What a TIMESTAMP holds; a message may be stamped with anything.
constexpr std::int64_t kSecondsMax = 2'147'483'647;
std::int64_t seconds_of(RawTime date) {
  const std::int64_t seconds = date.ms / 1'000;
  return seconds >= 1 && seconds <= kSecondsMax ? seconds : raw_now().ms / 1'000;
}

constexpr std::array<std::size_t, 3> kAtOnce{256, 16, 1};

std::string insert_of(std::size_t rows) {
  std::string sql = "INSERT INTO seckill (date) VALUES (FROM_UNIXTIME(?))";
  for (std::size_t i = 1; i < rows; ++i) sql += ", (FROM_UNIXTIME(?))";
  return sql;
}

// Nothing is there to connect to before the database is made.
Status make_database(mysql::Target target, const PasswordFile& password) {
  const std::string name = std::exchange(target.database, "");
  auto db = Connection::open(target, password);
  if (!db) return fail(std::move(db.error()));
  if (name.find('`') != std::string::npos)
    return fail(Code::kInvalid, fmt::format("orders/mysql: a database called {}", name));
  return (*db)->run(fmt::format("CREATE DATABASE IF NOT EXISTS `{}`", name));
}

Result<std::uint64_t> count(Connection& db) {
  auto asked = db.prepare(kCount);
  if (!asked) return fail(std::move(asked.error()));
  if (auto row = asked->step(); !row) return fail(std::move(row.error()));
  return static_cast<std::uint64_t>(asked->number(0));
}

}  // namespace

Result<std::unique_ptr<LegacyRows>> LegacyRows::open(const mysql::Target& target,
                                                     const PasswordFile& password,
                                                     const std::string& topic) {
  auto db = Connection::open(target, password);
  if (!db && db.error().code == Code::kInvalid && make_database(target, password))
    db = Connection::open(target, password);
  if (!db) return fail(std::move(db.error()));
  std::unique_ptr<LegacyRows> rows(new LegacyRows(*std::move(db), topic));
  if (auto made = rows->make_tables(); !made) return fail(std::move(made.error()));
  return rows;
}

Status LegacyRows::make_tables() {
  if (auto made = db_->run(kTable); !made) return made;
  if (auto made = db_->run(kBookmarks); !made) return made;
  auto meet = db_->prepare(kMeet);
  if (!meet) return fail(std::move(meet.error()));
  return meet->bind(std::string_view(topic_)).run();
}

Result<std::optional<std::uint64_t>> LegacyRows::locked_next(const Identity& topic) {
  if (auto begun = db_->run("START TRANSACTION"); !begun) return fail(std::move(begun.error()));
  auto asked = db_->prepare(kLock);
  if (!asked) return fail(std::move(asked.error()));
  const auto row = asked->bind(std::string_view(topic_)).step();
  if (!row) return fail(row.error());
  if (!*row) return fail(Code::kUnavailable, "orders/mysql: the bookmark is gone");
  const auto known = asked->hash(1);
  std::optional<std::uint64_t> next;
  if (!asked->is_null(0)) next = static_cast<std::uint64_t>(asked->number(0));
  asked->reset();
  if (!known || !topic || *known == *topic) return next;
  return fail(Code::kCorrupt,
              fmt::format("orders/mysql: {}: its rows are of another topic {}: that one was made "
                          "anew. For a new season: DROP TABLE seckill, seckill_bookmark",
                          db_->name(), topic_));
}

Result<std::uint64_t> LegacyRows::next(const Identity& topic, std::uint64_t end) {
  const auto known = locked_next(topic);
  if (!known) return fail(known.error());
  if (!*known) return adopt(topic, end);
  if (auto done = db_->run("ROLLBACK"); !done) return fail(std::move(done.error()));
  return **known;
}

// Met for the first time: whatever rows are there, the demo's own consumer has stored.
Result<std::uint64_t> LegacyRows::adopt(const Identity& topic, std::uint64_t end) {
  auto rows = count(*db_);
  if (!rows) return rows;
  const std::uint64_t next = std::min(*rows, end);
  if (auto moved = move_to(topic, next); !moved) return fail(std::move(moved.error()));
  if (auto done = db_->run("COMMIT"); !done) return fail(std::move(done.error()));
  return next;
}

Result<bool> LegacyRows::store(const Identity& topic, std::uint64_t from, std::uint64_t to,
                               std::span<const RawTime> dates) {
  const auto known = locked_next(topic);
  if (!known) return fail(known.error());
  if (*known != from) {
    if (auto done = db_->run("ROLLBACK"); !done) return fail(std::move(done.error()));
    return false;
  }
  if (auto done = insert(dates); !done) return fail(std::move(done.error()));
  if (auto done = move_to(topic, to); !done) return fail(std::move(done.error()));
  if (auto done = db_->run("COMMIT"); !done) return fail(std::move(done.error()));
  return true;
}

Status LegacyRows::insert(std::span<const RawTime> dates) {
  for (const std::size_t many : kAtOnce) {
    if (dates.size() < many) continue;
    auto put = db_->prepare(insert_of(many));
    if (!put) return fail(std::move(put.error()));
    for (; dates.size() >= many; dates = dates.subspan(many)) {
      for (const RawTime date : dates.first(many)) put->bind(seconds_of(date));
      if (auto done = put->run(); !done) return done;
    }
  }
  return {};
}

Status LegacyRows::move_to(const Identity& topic, std::uint64_t next) {
  auto move = db_->prepare(kMove);
  if (!move) return fail(std::move(move.error()));
  return move->bind(static_cast<std::int64_t>(next))
      .bind(topic)
      .bind(std::string_view(topic_))
      .run();
}

Result<std::optional<CountedRows>> count_rows(const mysql::Target& target,
                                              const PasswordFile& password,
                                              const std::string& topic) {
  auto db = Connection::open(target, password);
  if (!db) return fail(std::move(db.error()));
  if (auto begun = (*db)->run("START TRANSACTION"); !begun) return fail(std::move(begun.error()));
  CountedRows found;  // both of one moment
  const auto rows = count(**db);
  if (!rows && (*db)->trouble() == mysql::Trouble::kNoTable) return std::optional<CountedRows>();
  if (!rows) return fail(rows.error());
  found.rows = *rows;
  auto asked = (*db)->prepare(kLook);
  if (!asked && (*db)->trouble() == mysql::Trouble::kNoTable) return std::optional(found);
  if (!asked) return fail(std::move(asked.error()));
  const auto row = asked->bind(std::string_view(topic)).step();
  if (!row) return fail(row.error());
  if (*row && !asked->is_null(0)) found.next = static_cast<std::uint64_t>(asked->number(0));
  return std::optional(found);
}

}  // namespace seckill::compat
