// SQLite, held to the numbered lines of orders.h.
#include "support/orders_contract.h"

#include <filesystem>

#include "orders/sqlite_orders.h"
#include "support/temp_dir.h"

namespace seckill::orders_contract {
namespace {

// How a test gets handles on one database, and sends it back in time.
class SqliteParts {
 public:
  std::unique_ptr<Orders> writer() { return SqliteOrders::open(file()).value(); }
  std::unique_ptr<OrdersReader> reader() { return SqliteOrdersReader::open(file()).value(); }
  // Needs: no handle is open.
  void keep() { std::filesystem::copy_file(file(), dir_.file("kept")); }
  void go_back() {
    std::filesystem::copy_file(dir_.file("kept"), file(),
                               std::filesystem::copy_options::overwrite_existing);
  }

 private:
  std::string file() const { return dir_.file("orders.db"); }
  TempDir dir_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, OrdersContract, SqliteParts);

}  // namespace
}  // namespace seckill::orders_contract
