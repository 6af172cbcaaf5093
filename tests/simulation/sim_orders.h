// The database of the simulated world: rows in memory, transaction by transaction, so that a power
// cut can take the last ones away.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chance.h"
#include "orders/orders.h"

namespace seckill::simulation {

struct DatabaseMood {
  bool troubled = false;  // now and then it does not answer, or its answer to COMMIT is lost
  // Rows that the shop's own trigger refuses: the orders of this buyer (with this key, if there is
  // one), this payment.
  Buyer refuses_buyer;
  Key refuses_key;
  PaymentId refuses_payment;
  bool refuses() const { return !refuses_buyer.empty(); }
};

// Somebody puts another bookmark beside the rows: as if they were those of another journal, of an
// older copy of this one, or written by other rules.
enum class MixUp : std::uint8_t { kOtherJournal, kAhead, kOtherRecord, kOtherDigest };

class SimOrders final : public Orders, public OrdersReader {
 public:
  using Reached = std::function<void(const char* what)>;

  SimOrders(
      Chance& chance, DatabaseMood& mood, Reached reached = [](const char*) {})
      : chance_(chance), mood_(mood), reached_(std::move(reached)) {}

  Result<std::optional<Bookmark>> bookmark() override;
  Result<Stored> store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                       const Rows& rows) override;

  Result<Page<OrderRow>> orders(const OrdersQuery& query) override;
  Result<Page<PaymentRow>> payments(const PaymentsQuery& query) override;
  Status visit(RowsVisitor& visitor) override;

  void mix_up(MixUp how);
  bool mixed_up() const { return real_mark_.has_value(); }
  void sort_out() { mark_ = std::exchange(real_mark_, std::nullopt); }

  // A power cut may take the last transactions away.
  void go_back();
  void go_back_to(std::size_t transactions);
  std::size_t transactions() const { return history_.size(); }
  std::optional<Bookmark> mark() const { return mark_; }

  // A transaction as such, whatever is in it: for the canary that has two of them.
  Status commit(const std::optional<Bookmark>& becomes, const Rows& rows);

 private:
  struct Transaction {
    std::optional<Bookmark> becomes;
    Rows rows;
  };
  std::optional<std::string> refusal(const Rows& rows) const;
  Status check(const Rows& rows) const;
  void apply(const Transaction& transaction);

  Chance& chance_;
  DatabaseMood& mood_;
  Reached reached_;
  std::vector<Transaction> history_;

  std::optional<Bookmark> mark_;
  std::optional<Bookmark> real_mark_;  // while they are mixed up
  std::map<SaleName, SaleRow> sales_;
  std::map<Position, OrderRow> orders_;
  std::map<PaymentId, PaymentRow> payments_;
  std::map<Position, QuarantineRow> quarantine_;
};

}  // namespace seckill::simulation
