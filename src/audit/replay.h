// Audited: the rules of a sale, written a second time, as plainly as possible. The audit compares
// rows and transcripts with it, the oracle test compares the ledger with it.
//
// It follows design.md and the order of reasons in ledger/ledger.h, and shares no code with the
// ledger. Texts where the ledger keeps hashes, sorted sets where it keeps bits and heaps, and no
// judging before: only what the journal says happened.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "model/claim.h"
#include "model/order.h"
#include "model/record.h"
#include "model/verdict.h"

namespace seckill::audit_replay {

struct TextHash {
  template <class Text>
  std::size_t operator()(const Text& text) const {
    return std::hash<std::string_view>{}(text.view());
  }
};

struct BuyerSums {
  std::uint32_t live = 0;    // units
  std::uint32_t orders = 0;  // ever granted
};

struct Sale {
  SaleTerms terms;
  Position position{};                             // of the last record that changed the terms
  std::uint64_t held = 0, paid = 0, returned = 0;  // units
  std::uint64_t orders = 0, payments = 0;          // ever
  std::uint64_t orders_held = 0;                   // that are due one day
  std::vector<std::optional<OrderId>> units;       // units[n - 1]: who has unit n now
  std::set<std::uint32_t> free;                    // numbers up to units.size() that came back
  std::unordered_map<Buyer, BuyerSums, TextHash> buyers;
  bool aside = false;  // a record that changed it, or an order of it, is in quarantine

  bool retired() const { return terms.standing == Standing::kRetired; }
  std::uint64_t available() const { return terms.stock - held - paid - terms.withdrawn; }
};

struct Order {
  OrderId id;
  Sale* sale = nullptr;
  BuyerSums* buyer = nullptr;
  std::uint64_t body = 0;
  std::uint32_t quantity = 0;
  OrderState state = OrderState::kHeld;
  std::vector<std::uint32_t> units;  // while live
  RawTime held_at;
  RawTime moved_at;          // paid, cancelled or expired
  std::int64_t hold_ms = 0;  // 0: never due
  LogTime due;
  const PaymentId* payment = nullptr;
  Position granted{};
  Position position{};  // of the last record that changed it
  bool aside = false;   // a record that changed it is in quarantine: its row may be wrong
};

struct Payment {
  OrderId order;
  std::int64_t amount_minor = 0;
  bool refund = false;
  Position position{};
  bool aside = false;
};

class Replay {
 public:
  // What the record's writer is told. Needs: entry.position == position().
  Verdict apply(const Entry& entry);
  // The record just applied is in quarantine: whatever it changed may be missing in the rows.
  void put_aside();

  // Set when this replay must not go on: newer rules, or a journal that was cut short.
  const std::optional<std::string>& stopped() const { return stopped_; }

  Position position() const { return position_; }
  LogTime clock() const { return clock_; }
  RawTime last_stamp() const { return last_stamp_; }

  const Sale* sale(SaleUid uid) const;
  const Sale* sale(const SaleName& name) const;
  const Order* order(OrderId id) const;  // of retired sales, too
  const Payment* payment(const PaymentId& id) const;
  const std::map<SaleUid, Sale>& sales() const { return sales_; }
  const std::unordered_map<OrderId, Order, OrderIdHash>& orders() const { return orders_; }
  const std::unordered_map<PaymentId, Payment, TextHash>& payments() const { return payments_; }

 private:
  void move_clock(RawTime stamp);
  void return_due(RawTime stamp);
  Verdict decide(const SaleRecord& record, RawTime stamp);
  Verdict decide(const Reserve& reserve, RawTime stamp);
  Verdict decide(const Pay& pay, RawTime stamp);
  Verdict decide(const Cancel& cancel, RawTime stamp);
  Verdict decide(const Tick& tick, RawTime stamp);
  Outcome answer(Sale& sale, const Reserve& reserve, RawTime stamp);
  Outcome take(Sale& sale, Order& order, const Pay& pay, RawTime stamp);
  Outcome first_terms(const SaleTerms& terms) const;
  Outcome next_terms(const Sale* sale, const SaleTerms& terms) const;
  void grant(Sale& sale, const Reserve& reserve, RawTime stamp);
  void end(Order& order, OrderState how, RawTime stamp);
  Order* live_sale_order(OrderId id);

  Position position_{};
  LogTime clock_;
  RawTime last_stamp_;
  std::optional<std::string> stopped_;
  std::map<SaleUid, Sale> sales_;
  std::map<SaleName, Sale*> by_name_;
  std::uint64_t orders_max_total_ = 0;  // of sales that are not retired
  std::unordered_map<OrderId, Order, OrderIdHash> orders_;
  std::unordered_map<PaymentId, Payment, TextHash> payments_;
  std::set<std::tuple<LogTime, Position, OrderId>> due_;  // in the order in which they end
  // What the last record touched.
  std::vector<Order*> touched_;
  std::optional<PaymentId> touched_payment_;
  std::optional<SaleUid> touched_sale_;
};

}  // namespace seckill::audit_replay
