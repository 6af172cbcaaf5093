// Stored: rows in MySQL or MariaDB, where other systems are already. The same promises as in
// SQLite.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/password_file.h"
#include "orders/mysql_url.h"
#include "orders/orders.h"

namespace seckill {

// How rows are sent: in bulk where the server knows that (MariaDB), or as to any server.
enum class RowsGo : std::uint8_t { kInBulk, kInStatements };

// The writer. A connection that is lost, or on which the server would not go on (read-only, a
// right, a lock), is made anew at the next call; a batch that a deadlock rolled back is stored
// again as a whole; a COMMIT whose answer was lost is resolved by locking the bookmark behind it,
// and kUnknown only if that cannot be done, either. Every call ends within about 20 s. What it does
// badly: rows are for one writer at a time; a second one waits at the bookmark's lock for 5 s and
// is told kUnavailable.
class MysqlOrders : public Orders {
 public:
  // An empty or older database is brought up to date.
  static Result<std::unique_ptr<MysqlOrders>> open(const mysql::Target& target,
                                                   PasswordFile password,
                                                   RowsGo how = RowsGo::kInBulk);
};

// The reader: a connection of its own. kUnavailable when there are no rows yet.
class MysqlOrdersReader : public OrdersReader {
 public:
  static Result<std::unique_ptr<MysqlOrdersReader>> open(const mysql::Target& target,
                                                         const PasswordFile& password);
};

}  // namespace seckill
