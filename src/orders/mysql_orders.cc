#include "orders/mysql_orders.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <type_traits>
#include <unordered_map>

#include "embedded/mysql_migrations.h"
#include "orders/mysql.h"
#include "orders/mysql_migrations.h"
#include "orders/row_fields.h"
#include "orders/row_values.h"

namespace seckill {
namespace {

using mysql::Connection;
using mysql::Statement;
using mysql::Trouble;

// The first statement of every transaction (R2): one row that is always there.
constexpr std::string_view kLockBookmark =
    "SELECT journal_id, next_pos, last_hash, clock_ms, digest FROM bookmark WHERE one = 1"
    " FOR UPDATE";
constexpr std::string_view kReadBookmark =
    "SELECT journal_id, next_pos, last_hash, clock_ms, digest FROM bookmark WHERE one = 1";
constexpr std::string_view kPutBookmark =
    "UPDATE bookmark SET journal_id = ?, next_pos = ?, last_hash = ?, clock_ms = ?, digest = ?"
    " WHERE one = 1";
constexpr std::string_view kInQuarantine = "SELECT 1 FROM quarantine WHERE pos = ?";

constexpr Many kPutSales{
    "REPLACE INTO sales (id, uid, title, stock, withdrawn, per_buyer, price_minor, currency, state,"
    " starts_at, ends_at, hold_ms, orders_max, version, pos) VALUES ",
    15, ""};
constexpr Many kMakeOrders{
    "REPLACE INTO orders (made_pos, id, sale_id, buyer_id, idem_key, quantity, units, state,"
    " held_at, due_at, paid_at, ended_at, payment_id, pos) VALUES ",
    14, ""};
// Rows that are there (moved() has looked), so that only what follows the names is ever stored.
constexpr Many kMoveOrders{
    "INSERT INTO orders (made_pos, id, sale_id, buyer_id, idem_key, quantity, units, state,"
    " held_at, due_at, paid_at, ended_at, payment_id, pos) VALUES ",
    14,
    " ON DUPLICATE KEY UPDATE units = VALUES(units), state = VALUES(state),"
    " paid_at = VALUES(paid_at), ended_at = VALUES(ended_at),"
    " payment_id = COALESCE(VALUES(payment_id), payment_id), pos = VALUES(pos)"};
constexpr Many kFindOrders{"SELECT made_pos, id FROM orders WHERE made_pos IN (", 1, ")"};
constexpr Many kPutPayments{
    "REPLACE INTO payments (id, order_id, amount_minor, outcome, pos) VALUES ", 5, ""};
constexpr Many kPutQuarantine{"REPLACE INTO quarantine (pos, error, bytes, at) VALUES ", 4, ""};

// A statement is prepared once for each of these numbers of rows; in bulk, for one.
constexpr std::array<std::size_t, 6> kSizes{1'024, 256, 64, 16, 4, 1};
constexpr int kDeadlocksMax = 5;  // in a row

// A connection with what was prepared on it.
class Session {
 public:
  explicit Session(std::unique_ptr<Connection> db) : db_(std::move(db)) {}

  Connection& db() { return *db_; }

  Result<Statement*> prepared(std::string_view sql) { return prepared(std::string(sql)); }
  Result<Statement*> prepared(const Many& many, std::size_t rows) {
    const auto key = std::pair{many.head.data(), rows};
    if (const auto at = many_.find(key); at != many_.end()) return at->second;
    auto made = prepared(text_of(many, rows));
    if (made) many_.emplace(key, *made);
    return made;
  }

 private:
  Result<Statement*> prepared(const std::string& sql) {
    const auto at = statements_.find(sql);
    if (at != statements_.end()) return &at->second;
    auto made = db_->prepare(sql);
    if (!made) return fail(std::move(made.error()));
    return &statements_.emplace(sql, std::move(*made)).first->second;
  }

  std::unique_ptr<Connection> db_;
  std::unordered_map<std::string, Statement> statements_;  // its members do not move
  std::map<std::pair<const char*, std::size_t>, Statement*> many_;
};

class Writer final : public MysqlOrders {
 public:
  Writer(mysql::Target target, PasswordFile password, RowsGo how)
      : target_(std::move(target)), password_(std::move(password)), how_(how) {}

  Status connect();
  Result<std::optional<Bookmark>> bookmark() override;
  Result<Stored> store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                       const Rows& rows) override;

 private:
  Status ensure();
  Status begin();
  Result<std::optional<Bookmark>> read_bookmark(std::string_view sql);
  Result<Stored> attempt(const std::optional<Bookmark>& was, const Bookmark& becomes,
                         const Rows& rows);
  Result<Stored> resolve(const std::optional<Bookmark>& was, const Bookmark& becomes,
                         const std::string& why);
  void roll_back();
  Status put(const Bookmark& becomes, const Rows& rows);
  Status put(const QuarantineRow& row);
  Status put_orders(const std::vector<OrderRow>& rows);
  Result<std::vector<const OrderRow*>> there(std::vector<const OrderRow*> rows);
  Result<bool> quarantined(Position made);
  std::size_t rows_max();
  template <class Each>
  Status in_chunks(const Many& many, std::size_t count, Each each);
  template <class Row>
  Status put_all(const Many& many, const std::vector<Row>& rows);

  const mysql::Target target_;
  const PasswordFile password_;
  const RowsGo how_;
  std::optional<Session> session_;  // none: the connection is gone
};

Status Writer::connect() {
  auto db = Connection::open(target_, password_);
  if (!db) return fail(std::move(db.error()));
  if (auto ready = mysql::migrate(**db, embedded::mysql_migrations(), true); !ready) return ready;
  session_.emplace(std::move(*db));
  return {};
}

// Whatever went wrong on a connection, the next call begins on a good one.
Status Writer::ensure() { return session_ ? Status{} : connect(); }

Result<std::optional<Bookmark>> Writer::read_bookmark(std::string_view sql) {
  auto query = session_->prepared(sql);
  if (!query) return fail(std::move(query.error()));
  auto row = (*query)->step();
  if (!row) return fail(std::move(row.error()));
  Bookmark found;
  Fields fields(**query);
  const bool none = *row && (*query)->is_null(0);
  if (*row && !none) read(fields, found);
  (*query)->reset();
  if (!*row || !fields.good()) {
    return fail(
        Error::Code::kCorrupt,
        fmt::format("orders/mysql: {}: its bookmark is not one that seckill wrote; drop the "
                    "database, it is rebuilt from the journal",
                    session_->db().name()));
  }
  if (none) return std::nullopt;
  return found;
}

Result<std::optional<Bookmark>> Writer::bookmark() {
  if (auto begun = begin(); !begun) return fail(std::move(begun.error()));
  auto found = read_bookmark(kReadBookmark);
  roll_back();
  return found;
}

Result<Stored> Writer::store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                             const Rows& rows) {
  for (int deadlocks = 0;; ++deadlocks) {
    auto stored = attempt(was, becomes, rows);
    const Trouble trouble = !stored && session_ ? session_->db().trouble() : Trouble::kNone;
    roll_back();
    if (trouble != Trouble::kDeadlock || deadlocks == kDeadlocksMax) return stored;
  }
}

Result<Stored> Writer::attempt(const std::optional<Bookmark>& was, const Bookmark& becomes,
                               const Rows& rows) {
  if (auto begun = begin(); !begun) return fail(std::move(begun.error()));
  auto is = read_bookmark(kLockBookmark);
  if (!is) return fail(std::move(is.error()));
  if (*is != was) {
    return Stored{Stored::What::kLostRace, "another consumer has moved the bookmark"};
  }
  if (auto done = put(becomes, rows); !done) {
    if (session_->db().trouble() == Trouble::kRow)
      return Stored{Stored::What::kRefused, std::move(done.error().message)};
    return fail(std::move(done.error()));
  }
  if (auto committed = session_->db().run("COMMIT"); !committed)
    return resolve(was, becomes, committed.error().message);
  return Stored{};
}

// A connection that was idle for long may have been closed by the server: then on a new one.
Status Writer::begin() {
  constexpr std::string_view kBegin = "START TRANSACTION";
  if (auto up = ensure(); !up) return up;
  auto begun = session_->db().run(kBegin);
  if (begun || session_->db().trouble() != Trouble::kLost) return begun;
  session_.reset();
  if (auto up = ensure(); !up) return up;
  return session_->db().run(kBegin);
}

// The answer to COMMIT was lost. On a new connection the bookmark's lock is free as soon as that
// transaction has ended, one way or the other.
Result<Stored> Writer::resolve(const std::optional<Bookmark>& was, const Bookmark& becomes,
                               const std::string& why) {
  session_.reset();
  Stored unknown{Stored::What::kUnknown, why};
  if (!begin()) return unknown;
  const auto is = read_bookmark(kLockBookmark);
  if (!is) return unknown;
  if (*is == becomes) return Stored{};
  if (*is == was) return fail(Error::Code::kUnavailable, why);
  return Stored{Stored::What::kLostRace, "another consumer has moved the bookmark"};
}

// After a COMMIT it does nothing. A connection is kept where a batch went well, was refused for a
// row or met a deadlock. Behind any other trouble the next one may do better: the name may lead to
// another server by now, while this one became read-only, and rights count for new connections.
void Writer::roll_back() {
  if (!session_) return;
  const Trouble trouble = session_->db().trouble();
  if (trouble == Trouble::kLost || trouble == Trouble::kOther || !session_->db().run("ROLLBACK"))
    session_.reset();
}

Status Writer::put(const Bookmark& becomes, const Rows& rows) {
  // The quarantine goes first: it explains why later rows of this batch may be missing.
  for (const QuarantineRow& row : rows.quarantine) {
    if (auto done = put(row); !done) return done;
  }
  if (auto done = put_all(kPutSales, rows.sales); !done) return done;
  if (auto done = put_orders(rows.orders); !done) return done;
  if (auto done = put_all(kPutPayments, rows.payments); !done) return done;
  auto bookmark = session_->prepared(kPutBookmark);
  if (!bookmark) return fail(std::move(bookmark.error()));
  bind(**bookmark, becomes);
  return (*bookmark)->run();
}

// A server ends the connection of whoever sends it more than it takes.
Status Writer::put(const QuarantineRow& row) {
  constexpr std::size_t kBesides = 1024;
  const std::uint64_t most = session_->db().packet_max();
  if (row.bytes.size() + row.error.size() + kBesides > most) {
    return session_->db().refuse(
        fmt::format("record {} has {} bytes, max_allowed_packet is {}: SET GLOBAL it greater",
                    number(row.position), row.bytes.size(), most));
  }
  return put_all(kPutQuarantine, std::vector{&row});
}

// As many end well below what the server takes at once.
std::size_t Writer::rows_max() {
  constexpr std::size_t kRowMax = 1024;  // bytes, of any row but a quarantined record's
  return session_->db().packet_max() / 2 / kRowMax;
}

// each(statement, from, end) binds these rows and runs it.
template <class Each>
Status Writer::in_chunks(const Many& many, std::size_t count, Each each) {
  return seckill::in_chunks(kSizes, rows_max(), count,
                            [&](std::size_t size, std::size_t from, std::size_t end) -> Status {
                              auto statement = session_->prepared(many, kSizes[size]);
                              if (!statement) return fail(std::move(statement.error()));
                              return each(**statement, from, end);
                            });
}

template <class Row>
Status Writer::put_all(const Many& many, const std::vector<Row>& rows) {
  const auto put_some = [&](Statement& to, std::size_t from, std::size_t end) {
    for (std::size_t i = from; i < end; ++i) {
      if constexpr (std::is_pointer_v<Row>) {
        bind(to, *rows[i]);
      } else {
        bind(to, rows[i]);
      }
    }
    return to.run();
  };
  if (how_ == RowsGo::kInStatements || !session_->db().takes_bulk()) {
    return in_chunks(many, rows.size(), put_some);
  }
  for (std::size_t from = 0, end = 0; from < rows.size(); from = end) {
    end = std::min(rows.size(), from + rows_max());
    auto statement = session_->prepared(many, 1);
    if (!statement) return fail(std::move(statement.error()));
    if (auto put = put_some(**statement, from, end); !put) return put;
  }
  return {};
}

Status Writer::put_orders(const std::vector<OrderRow>& rows) {
  std::vector<const OrderRow*> made, moved;
  for (const OrderRow& row : rows) (row.created ? made : moved).push_back(&row);
  if (auto done = put_all(kMakeOrders, made); !done) return done;
  auto found = there(std::move(moved));
  if (!found) return fail(std::move(found.error()));
  return put_all(kMoveOrders, *found);
}

// Those that have a row. One without is in quarantine, or somebody removed it.
Result<std::vector<const OrderRow*>> Writer::there(std::vector<const OrderRow*> rows) {
  std::unordered_map<std::int64_t, Hash128> known;
  auto asked = in_chunks(kFindOrders, rows.size(),
                         [&](Statement& query, std::size_t from, std::size_t end) -> Status {
                           for (std::size_t i = from; i < end; ++i)
                             query.bind(signed_of(rows[i]->made));
                           for (;;) {
                             auto row = query.step();
                             if (!row) return fail(std::move(row.error()));
                             if (!*row) return {};
                             known.emplace(query.number(0), query.hash(1).value_or(Hash128{}));
                           }
                         });
  if (!asked) return fail(std::move(asked.error()));
  std::vector<const OrderRow*> found;
  for (const OrderRow* row : rows) {
    const auto at = known.find(signed_of(row->made));
    if (at != known.end() && at->second == row->id.bits) {
      found.push_back(row);
      continue;
    }
    auto explained = quarantined(row->made);
    if (!explained) return fail(std::move(explained.error()));
    if (*explained) continue;
    return fail(Error::Code::kCorrupt,
                fmt::format("orders/mysql: {}: order {} is {} now, but its row is missing: rows "
                            "were removed by hand; drop the database, it is rebuilt from the "
                            "journal",
                            session_->db().name(), to_text(row->id), to_text(row->state)));
  }
  return found;
}

Result<bool> Writer::quarantined(Position made) {
  auto query = session_->prepared(kInQuarantine);
  if (!query) return fail(std::move(query.error()));
  auto found = (*query)->bind(signed_of(made)).step();
  (*query)->reset();
  return found;
}

}  // namespace

Result<std::unique_ptr<MysqlOrders>> MysqlOrders::open(const mysql::Target& target,
                                                       PasswordFile password, RowsGo how) {
  auto made = std::make_unique<Writer>(target, std::move(password), how);
  if (auto up = made->connect(); !up) return fail(std::move(up.error()));
  return made;
}

}  // namespace seckill
