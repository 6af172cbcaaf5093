#include <memory>

#include "embedded/mysql_migrations.h"
#include "orders/mysql.h"
#include "orders/mysql_migrations.h"
#include "orders/mysql_orders.h"
#include "orders/rows_reader.h"

namespace seckill {
namespace {

struct Source {
  using Statement = mysql::Statement;
  Result<Statement> prepare(std::string_view sql) { return db->prepare(sql); }
  Status begin() { return db->run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"); }
  void end() { (void)db->run("COMMIT"); }
  std::string name() const { return "orders/mysql: " + db->name(); }

  std::unique_ptr<mysql::Connection> db;
};

}  // namespace

Result<std::unique_ptr<MysqlOrdersReader>> MysqlOrdersReader::open(const mysql::Target& target,
                                                                   const PasswordFile& password) {
  auto db = mysql::Connection::open(target, password);
  if (!db) return fail(std::move(db.error()));
  if (auto known = mysql::migrate(**db, embedded::mysql_migrations(), false); !known) {
    return fail(std::move(known.error()));
  }
  return std::make_unique<RowsReader<MysqlOrdersReader, Source>>(Source{std::move(*db)});
}

}  // namespace seckill
