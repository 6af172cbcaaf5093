// What a sale does with the counter's word. Its yes saves nobody and its no condemns nobody: it
// only says which claims are worth a record just now (promise 9).
#include <algorithm>

#include "sale/sale.h"

namespace seckill {

// A turn is due: first the counter is asked for its claims. The lane does not wait for them. Nor is
// a claim that goes alone asked for: a no would spare its record and cost a barrier, which is one,
// too. Who is not asked for is no hindrance to what is to be told. True: something may go now.
bool Sale::heed_counter(Now now, bool due) {
  hint_.pass(now.steady);
  const std::size_t claims = claims_.gathered();
  if (claims <= 1 && hint_.tells_at(now.steady)) take_ = hint_.tell(now.steady, ledger_);
  if (due && claims > 0 && hint_.may_ask()) {
    if (claims == 1) {
      hint_.allow(1);
    } else {
      take_ = ask_counter(now);
    }
  }
  const bool may_go = lane_.gathered() > 0 || (claims > 0 && hint_.allowed() > 0);
  return may_go && (due || hint_.overdue());
}

const Take* Sale::ask_counter(Now now) {
  const auto claims = std::min<std::size_t>(claims_.gathered(), limits_.turn_claims);
  hint_.anew();
  for (std::size_t n = 0; n < claims; ++n) {
    const Reserve& reserve = claims_.waiting(n).reserve;
    hint_.want(reserve.sale, reserve.quantity);
  }
  return &hint_.ask(now.steady, ledger_, claims);
}

void Sale::on(Now now, const Counted& counted) {
  const std::size_t claims = hint_.heard(now.steady, counted);
  if (claims == 0) return;
  const std::size_t granted = claims_.sift(
      claims,
      [this](Hopeful& hopeful) {
        const Reserve& reserve = hopeful.reserve;
        return hint_.grants(reserve.sale, reserve.quantity) || !put_off(hopeful);
      },
      [this](const Hopeful& hopeful, Line<Hopeful>::Ticket ticket) {
        by_order_[hopeful.reserve.order] = ticket;
      });
  hint_.allow(granted);
}

// He and his twins wait for a barrier as if they had asked just now. A retired sale has nothing to
// look at: its claims may go and hear so.
bool Sale::put_off(Hopeful& hopeful) {
  const Reserve& reserve = hopeful.reserve;
  const SaleView* sale = ledger_.sale(reserve.sale);
  if (sale == nullptr) return false;
  ++stats_.put_off;
  by_order_.erase(reserve.order);
  counted_.remove(reserve.sale, hopeful.buyer, reserve.quantity);
  const Buy again{sale->terms.name, reserve.buyer, reserve.key, reserve.quantity};
  look_later({hopeful.who, again});
  twins_.release(hopeful.twins, [&](Who who) { look_later({who, again}); });
  return true;
}

}  // namespace seckill
