// Audited: the rows of one moment, each held against the replay at their bookmark.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "audit/audit.h"
#include "audit/finding.h"
#include "audit/replay.h"
#include "orders/orders.h"

namespace seckill {

// A visitor: bookmark and quarantine come first, then `replay_to` is asked to bring the replay to
// the bookmark, then each row is compared as it comes. Nothing is kept of a row but what sums need.
class RowsCheck : public RowsVisitor {
 public:
  using Quarantine = std::map<Position, std::vector<std::byte>>;
  // Brings the replay to `mark.next`, or as far as the journal goes; puts records of the quarantine
  // aside and takes them out of it.
  using ReplayTo = std::function<Status(const Bookmark& mark, Quarantine& aside)>;

  // Only the rows of `sale`, if there is one, are judged.
  RowsCheck(const audit_replay::Replay& replay, const std::optional<SaleName>& sale,
            ReplayTo replay_to);

  void bookmark(const std::optional<Bookmark>& bookmark) override;
  void quarantined(const QuarantineRow& row) override;
  void sale(const SaleRow& row) override;
  void order(const OrderRow& row) override;
  void payment(const PaymentRow& row) override;

  // What was found; adds to the sums. An error is the replay's: the journal is damaged.
  Result<std::vector<Check>> done(AuditSums& sums);
  const std::optional<Bookmark>& mark() const { return mark_; }
  // The bookmark's journal is another one, or has another last record than the rows say.
  void foreign(const std::string& why) { bookmark_.broken("{}", why); }

 private:
  struct OrderFacts {
    std::uint32_t quantity = 0;
    std::uint64_t units = 0;
    bool row = false, live = false;
  };
  struct SaleFacts {
    std::uint64_t held = 0, paid = 0, units = 0;
    bool row = false;
    std::vector<bool> taken;  // taken[n - 1]: somebody has unit n
    std::unordered_map<Buyer, std::uint32_t, audit_replay::TextHash> live;  // units of a buyer
  };

  bool begin();
  bool is_judged(const SaleName& name) const { return !only_ || *only_ == name; }
  void compare(const OrderRow& row, const audit_replay::Order& order);
  void take(const OrderRow& row, SaleFacts& facts);
  void compare(const SaleRow& row, const audit_replay::Sale& sale);
  void compare(const PaymentRow& row, const audit_replay::Payment& payment);
  void judge_missing();
  void judge_sale(const SaleName& name, const SaleFacts& facts);
  void judge_limit(const audit_replay::Sale& sale, const SaleFacts& facts);
  void judge_units();
  void judge_payments();

  const audit_replay::Replay& replay_;
  std::optional<SaleName> only_;
  ReplayTo replay_to_;
  std::optional<Bookmark> mark_;
  Quarantine aside_;
  std::uint64_t aside_count_ = 0;
  bool begun_ = false;
  Status status_;

  std::unordered_map<OrderId, OrderFacts, OrderIdHash> orders_;
  std::map<SaleName, SaleFacts> sales_;
  std::uint64_t stored_ = 0, units_ = 0, payments_ = 0, applied_ = 0, refunds_ = 0;
  std::uint64_t live_ = 0, stock_ = 0, available_ = 0;

  Finding bookmark_{"bookmark"}, oversold_{"oversold"}, double_{"double"}, limit_{"limit"},
      missing_{"rows-missing"}, unknown_{"rows-unknown"}, orders_differ_{"orders-differ"},
      units_differ_{"units-differ"}, payments_differ_{"payments-differ"},
      sales_differ_{"sales-differ"}, conservation_{"conservation"}, quarantine_{"quarantine"};
};

}  // namespace seckill
