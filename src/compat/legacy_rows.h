// Stored: the demo's table, seckill(id, date), one row for each message of its topic, and a
// bookmark beside it that moves in the same transaction.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/password_file.h"
#include "base/siphash.h"
#include "orders/mysql.h"

namespace seckill::compat {

// What tells a topic from another one of its name: its first message. Nothing where that is not
// known (any more).
using Identity = std::optional<Hash128>;

// Promises: (1) each offset makes one row, whatever dies when: who stores, holds the bookmark; (2)
// rows of a topic that has another first message are left alone (kCorrupt); (3) a table that is
// there is never emptied, and rows that it holds already when we first meet it count as those of
// the topic's first messages, as the demo's consumer stored them.
// Threads: one owner; every call waits.
class LegacyRows {
 public:
  // Connects; makes database, table and bookmark where they are not there.
  static Result<std::unique_ptr<LegacyRows>> open(const mysql::Target& target,
                                                  const PasswordFile& password,
                                                  const std::string& topic);

  // The next offset to store. `end`: of the topic now, for a table that we meet the first time.
  Result<std::uint64_t> next(const Identity& topic, std::uint64_t end);

  // Rows for the messages from offset `from` on, dated so; `to` is the next. False: others have
  // stored some of them, and nothing was changed. An error: it may or may not be stored; open()
  // anew, next() tells.
  Result<bool> store(const Identity& topic, std::uint64_t from, std::uint64_t to,
                     std::span<const RawTime> dates);

 private:
  LegacyRows(std::unique_ptr<mysql::Connection> db, std::string topic)
      : db_(std::move(db)), topic_(std::move(topic)) {}
  Status make_tables();
  Result<std::optional<std::uint64_t>> locked_next(const Identity& topic);
  Result<std::uint64_t> adopt(const Identity& topic, std::uint64_t end);
  Status insert(std::span<const RawTime> dates);
  Status move_to(const Identity& topic, std::uint64_t next);

  std::unique_ptr<mysql::Connection> db_;
  const std::string topic_;
};

// For the audit: nothing is made. Nothing: there is no such table.
struct CountedRows {
  std::uint64_t rows = 0;
  std::optional<std::uint64_t> next;  // the bookmark, where there is one
};
Result<std::optional<CountedRows>> count_rows(const mysql::Target& target,
                                              const PasswordFile& password,
                                              const std::string& topic);

}  // namespace seckill::compat
