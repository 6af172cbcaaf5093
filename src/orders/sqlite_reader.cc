#include <fmt/format.h>
#include <unistd.h>

#include "embedded/sqlite_migrations.h"
#include "orders/migrations.h"
#include "orders/rows_reader.h"
#include "orders/sqlite.h"
#include "orders/sqlite_orders.h"

namespace seckill {
namespace {

struct Source {
  using Statement = sqlite::Statement;
  Result<Statement> prepare(std::string_view sql) { return db.prepare(sql); }
  Status begin() { return db.run_all("BEGIN"); }
  void end() { (void)db.run_all("COMMIT"); }
  std::string name() const { return "orders/sqlite: " + db.path(); }

  sqlite::Db db;
};

}  // namespace

Result<std::unique_ptr<SqliteOrdersReader>> SqliteOrdersReader::open(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) {
    return fail(
        Error::Code::kUnavailable,
        fmt::format("orders/sqlite: {}: there are no rows yet; `seckill serve`, or `consume` "
                    "over Kafka, makes them",
                    path));
  }
  auto db = sqlite::Db::open(path, sqlite::Access::kReadOnly);
  if (!db) return fail(std::move(db.error()));
  if (auto known = sqlite::migrate(*db, embedded::sqlite_migrations(), false); !known) {
    return fail(std::move(known.error()));
  }
  return std::make_unique<RowsReader<SqliteOrdersReader, Source>>(Source{std::move(*db)});
}

}  // namespace seckill
