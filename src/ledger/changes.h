// What a stretch of the journal changed, for the rows: names of what changed; the state is read
// from the ledger.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/ids.h"
#include "model/text.h"

namespace seckill {

struct OrderChange {
  OrderId id;
  Position made{};  // of the RESERVE that made it
  bool operator==(const OrderChange&) const = default;
};

struct UnitChange {
  SaleUid sale{};
  std::uint32_t unit = 0;        // 1..stock
  std::optional<OrderId> order;  // who has it now; nothing: it came back
};

enum class PaymentOutcome : std::uint8_t { kApplied = 0, kRefund = 1 };

struct PaymentChange {
  PaymentId id;
  OrderId order;
  std::int64_t amount_minor = 0;
  PaymentOutcome outcome = PaymentOutcome::kApplied;
  Position position{};
};

// May name the same thing more than once; in the order in which it happened.
struct Changes {
  std::vector<SaleUid> sales;
  std::vector<OrderChange> orders;
  std::vector<UnitChange> units;
  std::vector<PaymentChange> payments;

  void clear() { sales.clear(), orders.clear(), units.clear(), payments.clear(); }
  bool empty() const {
    return sales.empty() && orders.empty() && units.empty() && payments.empty();
  }
};

}  // namespace seckill
