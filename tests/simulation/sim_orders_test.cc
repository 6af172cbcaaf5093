// The simulator's rows, held to the numbered lines of orders.h.
#include "sim_orders.h"

#include <mutex>

#include "support/orders_contract.h"

namespace seckill::orders_contract {
namespace {

// One database, any number of handles; what they lock is the whole of it.
class SimParts {
 public:
  struct Handle : Orders, OrdersReader {
    explicit Handle(SimParts& of) : parts(of) {}
    Result<std::optional<Bookmark>> bookmark() override {
      const std::scoped_lock hold(parts.mutex_);
      return parts.rows_.bookmark();
    }
    Result<Stored> store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                         const Rows& rows) override {
      const std::scoped_lock hold(parts.mutex_);
      return parts.rows_.store(was, becomes, rows);
    }
    Result<Page<OrderRow>> orders(const OrdersQuery& query) override {
      const std::scoped_lock hold(parts.mutex_);
      return parts.rows_.orders(query);
    }
    Result<Page<PaymentRow>> payments(const PaymentsQuery& query) override {
      const std::scoped_lock hold(parts.mutex_);
      return parts.rows_.payments(query);
    }
    Status visit(RowsVisitor& visitor) override {
      const std::scoped_lock hold(parts.mutex_);
      return parts.rows_.visit(visitor);
    }
    SimParts& parts;
  };

  std::unique_ptr<Orders> writer() { return std::make_unique<Handle>(*this); }
  std::unique_ptr<OrdersReader> reader() { return std::make_unique<Handle>(*this); }
  void keep() { kept_ = rows_.transactions(); }
  void go_back() { rows_.go_back_to(kept_); }

 private:
  simulation::Chance chance_{1};
  simulation::DatabaseMood mood_;
  simulation::SimOrders rows_{chance_, mood_};
  std::mutex mutex_;
  std::size_t kept_ = 0;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, OrdersContract, SimParts);

}  // namespace
}  // namespace seckill::orders_contract
