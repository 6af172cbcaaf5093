// A real MariaDB, held to the numbered lines of orders.h; its rows in bulk, and as a MySQL takes
// them.
#include "orders/mysql_orders.h"
#include "stack/mysql_place.h"
#include "support/orders_contract.h"

namespace seckill::orders_contract {
namespace {

template <RowsGo how>
class MysqlParts {
 public:
  ~MysqlParts() {
    if (kept_) must(place_.root(), fmt::format("DROP DATABASE {}", kept()));
  }
  std::unique_ptr<Orders> writer() {
    return MysqlOrders::open(place_.target(), place_.password(), how).value();
  }
  std::unique_ptr<OrdersReader> reader() {
    if (!made_) (void)writer();  // which makes the tables
    made_ = true;
    return MysqlOrdersReader::open(place_.target(), place_.password()).value();
  }
  void keep() {
    const auto root = place_.root();
    must(root, fmt::format("CREATE DATABASE {}", kept()));
    kept_ = true;
    for (const char* table : kTables) {
      must(root, fmt::format("CREATE TABLE {}.{} AS SELECT * FROM {}", kept(), table, table));
    }
  }
  void go_back() {
    const auto root = place_.root();
    for (const char* table : kTables) {
      must(root, fmt::format("DELETE FROM {}", table));
      must(root, fmt::format("INSERT INTO {} SELECT * FROM {}.{}", table, kept(), table));
    }
  }

 private:
  static constexpr const char* kTables[] = {"sales", "orders", "payments", "quarantine",
                                            "bookmark"};
  std::string kept() const { return place_.name() + "_kept"; }
  MysqlPlace place_{RealServers::shared()};
  bool made_ = false;
  bool kept_ = false;
};
using InBulk = MysqlParts<RowsGo::kInBulk>;
using InStatements = MysqlParts<RowsGo::kInStatements>;
INSTANTIATE_TYPED_TEST_SUITE_P(Mysql, OrdersContract, InStatements);
INSTANTIATE_TYPED_TEST_SUITE_P(MariaDb, OrdersContract, InBulk);

}  // namespace
}  // namespace seckill::orders_contract
