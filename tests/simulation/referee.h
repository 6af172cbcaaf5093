// The referee replays the whole journal after a schedule and looks at every position of it (I6):
// what the ledger says beside what the audit's own rules say, each unit's owner, each hold's end,
// each payment, every figure that anybody was shown, and why they were told no.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "audit/replay.h"
#include "ledger/ledger.h"
#include "stage.h"
#include "witness.h"

namespace seckill::simulation {

class Referee {
 public:
  // They need not be in order.
  Referee(Stage& stage, std::vector<Figure> figures, std::vector<Refusal> refusals);

  // The record has just been applied by this ledger, which said so and changed so much.
  void watch(const Entry& entry, const Verdict& verdict, const Changes& changes,
             const Ledger& ledger);
  // Nothing follows.
  void end();

 private:
  using Unit = std::pair<SaleUid, std::uint32_t>;

  void compare_rules(const Entry& entry, const Verdict& verdict, const Ledger& ledger);
  void follow_units(const Changes& changes);
  void follow_orders(const Changes& changes, const Ledger& ledger);
  void follow_payments(const Changes& changes);
  void compare_figures(bool after);
  void look_for_reasons();
  void note_what_happened(const Entry& entry, const Verdict& verdict, const Changes& changes,
                          const Ledger& ledger);

  Stage& stage_;
  audit_replay::Replay rules_;
  std::vector<Figure> figures_;  // by position, those before a record first
  std::size_t next_figure_ = 0;
  std::vector<Refusal> refusals_;  // by position
  std::size_t next_refusal_ = 0;
  std::map<Unit, OrderId> owners_;
  std::map<OrderId, OrderState> orders_;
  std::set<PaymentId> payments_;
};

}  // namespace seckill::simulation
