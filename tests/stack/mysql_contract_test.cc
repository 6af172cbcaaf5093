// A real MariaDB, held to the numbered lines of orders.h.
#include "orders/mysql_orders.h"
#include "stack/mysql_place.h"
#include "support/orders_contract.h"

namespace seckill::orders_contract {
namespace {

class MysqlParts {
 public:
  ~MysqlParts() {
    if (kept_) must(place_.root(), fmt::format("DROP DATABASE {}", kept()));
  }
  std::unique_ptr<Orders> writer() {
    return MysqlOrders::open(place_.target(), place_.password()).value();
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
INSTANTIATE_TYPED_TEST_SUITE_P(Mysql, OrdersContract, MysqlParts);

}  // namespace
}  // namespace seckill::orders_contract
