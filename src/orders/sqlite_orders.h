// Stored: rows in one SQLite file, the default. Other programs may read it at any time (WAL).
#pragma once

#include <memory>
#include <string>

#include "orders/orders.h"

namespace seckill {

struct SqliteOptions {
  bool migrate = true;  // bring an empty or older file up to date; false: kInvalid instead
};

// The writer. The file is made with mode 0600 if it is not there; WAL, and every COMMIT is on the
// disk when it returns (synchronous=FULL). What it does badly: to find an order by
// its id it reads all of them, since they are kept in the order in which they were made.
class SqliteOrders : public Orders {
 public:
  static Result<std::unique_ptr<SqliteOrders>> open(const std::string& path,
                                                    SqliteOptions options = {});
};

// The reader: a read-only connection of its own, for lists and for the audit. kUnavailable when
// there is no file yet.
class SqliteOrdersReader : public OrdersReader {
 public:
  static Result<std::unique_ptr<SqliteOrdersReader>> open(const std::string& path);
};

}  // namespace seckill
