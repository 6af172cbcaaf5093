#include "orders/sqlite_orders.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "embedded/sqlite_migrations.h"
#include "orders/migrations.h"
#include "orders/row_fields.h"
#include "orders/row_values.h"
#include "orders/sqlite.h"

namespace seckill {
namespace {

using sqlite::Db;
using sqlite::Statement;

// NORMAL: a power cut may take the last transactions back, whole ones, and their bookmark with
// them; they are stored again from the journal. A page that is written again and again should be
// copied to the file seldom.
constexpr std::string_view kPragmas =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
    "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192;";

constexpr std::string_view kReadBookmark =
    "SELECT journal_id, next_pos, last_hash, clock_ms, digest FROM bookmark";
constexpr std::string_view kPutBookmark =
    "INSERT INTO bookmark (journal_id, next_pos, last_hash, clock_ms, digest)"
    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (journal_id) DO UPDATE SET next_pos = excluded.next_pos,"
    " last_hash = excluded.last_hash, clock_ms = excluded.clock_ms, digest = excluded.digest";
constexpr std::string_view kPutSale =
    "INSERT OR REPLACE INTO sales (id, uid, title, stock, withdrawn, per_buyer, price_minor,"
    " currency, state, starts_at, ends_at, hold_ms, orders_max, version, pos)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr Many kMakeOrders{
    "INSERT OR REPLACE INTO orders (made_pos, id, sale_id, buyer_id, idem_key, quantity, units,"
    " state, held_at, due_at, paid_at, ended_at, payment_id, pos) VALUES ",
    14, ""};
constexpr std::array<std::size_t, 2> kSizes{16, 1};  // rows of one statement
constexpr std::string_view kMoveOrder =
    "UPDATE orders SET units = ?, state = ?, paid_at = ?, ended_at = ?,"
    " payment_id = coalesce(?, payment_id), pos = ? WHERE made_pos = ? AND id = ?";
constexpr std::string_view kPutPayment =
    "INSERT OR REPLACE INTO payments (id, order_id, amount_minor, outcome, pos)"
    " VALUES (?, ?, ?, ?, ?)";
constexpr std::string_view kPutQuarantine =
    "INSERT OR REPLACE INTO quarantine (pos, error, bytes, at) VALUES (?, ?, ?, ?)";
constexpr std::string_view kInQuarantine = "SELECT 1 FROM quarantine WHERE pos = ?";

// A file of mode 0600, unless it is there. Never opened when it is: closing it would drop the locks
// that SQLite holds on it for others of this process.
Status make_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
    return {};
  }
  if (errno == EEXIST) return {};
  const auto code = errno == ENOSPC ? Error::Code::kFull : Error::Code::kInvalid;
  return fail(code, fmt::format("orders/sqlite: {}: cannot be made: {}; may this user write its "
                                "directory?",
                                path, std::strerror(errno)));
}

class Writer final : public SqliteOrders {
 public:
  explicit Writer(Db db) : db_(std::move(db)) {}

  Status prepare() {
    const std::pair<Statement*, std::string_view> all[] = {
        {&read_bookmark_, kReadBookmark}, {&put_bookmark_, kPutBookmark},
        {&put_sale_, kPutSale},           {&move_order_, kMoveOrder},
        {&put_payment_, kPutPayment},     {&put_quarantine_, kPutQuarantine},
        {&in_quarantine_, kInQuarantine}};
    for (const auto& [statement, sql] : all) {
      auto made = db_.prepare(sql);
      if (!made) return fail(std::move(made.error()));
      *statement = std::move(*made);
    }
    for (std::size_t i = 0; i < kSizes.size(); ++i) {
      const std::string sql = text_of(kMakeOrders, kSizes[i]);
      auto made = db_.prepare(sql);
      if (!made) return fail(std::move(made.error()));
      make_orders_[i] = std::move(*made);
    }
    return {};
  }

  Result<std::optional<Bookmark>> bookmark() override;
  Result<Stored> store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                       const Rows& rows) override;

 private:
  Result<Stored> store_locked(const std::optional<Bookmark>& was, const Bookmark& becomes,
                              const Rows& rows);
  Status put(const Bookmark& becomes, const Rows& rows);
  Status put_orders(const std::vector<OrderRow>& rows);
  Status move(const OrderRow& row);
  Result<bool> quarantined(Position at);
  template <class Row>
  static Status put(Statement& statement, const std::vector<Row>& rows);

  Db db_;
  Statement read_bookmark_, put_bookmark_, put_sale_, move_order_, put_payment_, put_quarantine_,
      in_quarantine_;
  std::array<Statement, kSizes.size()> make_orders_;
};

Result<std::optional<Bookmark>> Writer::bookmark() {
  auto row = read_bookmark_.step();
  if (!row) return fail(std::move(row.error()));
  if (!*row) return std::nullopt;
  Bookmark found;
  Fields fields(read_bookmark_);
  read(fields, found);
  auto another = read_bookmark_.step();
  read_bookmark_.reset();
  if (!another) return fail(std::move(another.error()));
  if (*another || !fields.good()) {
    return fail(Error::Code::kCorrupt,
                fmt::format("orders/sqlite: {}: its bookmark is not one that seckill wrote; move "
                            "the file away, it is rebuilt from the journal",
                            db_.path()));
  }
  return found;
}

Result<Stored> Writer::store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                             const Rows& rows) {
  if (auto begun = db_.run_all("BEGIN IMMEDIATE"); !begun) return fail(std::move(begun.error()));
  auto stored = store_locked(was, becomes, rows);
  if (db_.in_transaction()) (void)db_.run_all("ROLLBACK");  // the cause is in `stored` already
  return stored;
}

// BEGIN IMMEDIATE holds the only write lock, so what bookmark() reads here cannot change (R2).
Result<Stored> Writer::store_locked(const std::optional<Bookmark>& was, const Bookmark& becomes,
                                    const Rows& rows) {
  auto is = bookmark();
  if (!is) return fail(std::move(is.error()));
  if (*is != was) {
    return Stored{Stored::What::kLostRace, "another consumer has moved the bookmark"};
  }
  if (auto done = put(becomes, rows); !done) {
    if (db_.refused()) return Stored{Stored::What::kRefused, std::move(done.error().message)};
    return fail(std::move(done.error()));
  }
  if (auto committed = db_.run_all("COMMIT"); !committed) {
    // Still open: nothing happened, and ROLLBACK makes it so. Else only the file knows.
    if (db_.in_transaction()) return fail(std::move(committed.error()));
    return Stored{Stored::What::kUnknown, std::move(committed.error().message)};
  }
  return Stored{};
}

Status Writer::put(const Bookmark& becomes, const Rows& rows) {
  // The quarantine goes first: it explains why later rows of this batch may be missing.
  if (auto done = put(put_quarantine_, rows.quarantine); !done) return done;
  if (auto done = put(put_sale_, rows.sales); !done) return done;
  if (auto done = put_orders(rows.orders); !done) return done;
  if (auto done = put(put_payment_, rows.payments); !done) return done;
  bind(put_bookmark_, becomes);
  return put_bookmark_.run();
}

template <class Row>
Status Writer::put(Statement& statement, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    bind(statement, row);
    if (auto done = statement.run(); !done) return done;
  }
  return {};
}

Status Writer::put_orders(const std::vector<OrderRow>& rows) {
  std::vector<const OrderRow*> made;
  for (const OrderRow& row : rows) {
    if (row.created) {
      made.push_back(&row);
    } else if (auto done = move(row); !done) {
      return done;
    }
  }
  return in_chunks(kSizes, kSizes.front(), made.size(),
                   [&](std::size_t i, std::size_t from, std::size_t end) {
                     for (; from < end; ++from) bind(make_orders_[i], *made[from]);
                     return make_orders_[i].run();
                   });
}

Status Writer::move(const OrderRow& row) {
  auto moved = move_order_.bind_copy(listed(row.units))
                   .bind(std::string_view(to_text(row.state)))
                   .bind(ms_of(row.paid_at))
                   .bind(ms_of(row.ended_at))
                   .bind(payment_of(row))
                   .bind(signed_of(row.position))
                   .bind(signed_of(row.made))
                   .bind(row.id.bits)
                   .run();
  if (!moved || db_.changes() == 1) return moved;
  auto explained = quarantined(row.made);
  if (!explained) return fail(std::move(explained.error()));
  if (*explained) return {};
  return fail(
      Error::Code::kCorrupt,
      fmt::format("orders/sqlite: {}: order {} is {} now, but its row is missing: rows were "
                  "removed by hand; move the file away, it is rebuilt from the journal",
                  db_.path(), to_text(row.id), to_text(row.state)));
}

// Was this order never stored because the record that made it is in quarantine?
Result<bool> Writer::quarantined(Position at) {
  auto found = in_quarantine_.bind(signed_of(at)).step();
  in_quarantine_.reset();
  return found;
}

}  // namespace

Result<std::unique_ptr<SqliteOrders>> SqliteOrders::open(const std::string& path,
                                                         SqliteOptions options) {
  if (auto made = make_private(path); !made) return fail(std::move(made.error()));
  auto db = Db::open(path, sqlite::Access::kReadWrite);
  if (!db) return fail(std::move(db.error()));
  if (auto set = db->run_all(kPragmas); !set) {
    return fail(std::move(set.error()));
  }
  if (auto ready = sqlite::migrate(*db, embedded::sqlite_migrations(), options.migrate); !ready) {
    return fail(std::move(ready.error()));
  }
  auto made = std::make_unique<Writer>(std::move(*db));
  if (auto ready = made->prepare(); !ready) return fail(std::move(ready.error()));
  return made;
}

}  // namespace seckill
