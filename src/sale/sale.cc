#include "sale/sale.h"

#include <algorithm>
#include <utility>

namespace seckill {
namespace {

constexpr microseconds kTickAfterTurn{1'000'000};
constexpr microseconds kTickWhileOpen{30'000'000};

// A refusal: neither an order, nor "ask again".
bool is_no(const Verdict& verdict) {
  using enum Outcome;
  return !verdict.gives() && verdict.outcome != kBusy && verdict.outcome != kLate &&
         verdict.outcome != kUnsure;
}

// Nothing of it could ever be recorded.
bool only_looks(const Ask& ask) {
  return std::holds_alternative<LookAsk>(ask) || std::holds_alternative<SaleLookAsk>(ask);
}

bool has_a_lane(const Ask& ask) {
  const auto* look = std::get_if<SaleLookAsk>(&ask);
  return std::holds_alternative<PayAsk>(ask) || std::holds_alternative<CancelAsk>(ask) ||
         (look != nullptr && look->to_change);
}

// The order that a record is about, if any.
OrderId order_of_record(const Record& record) {
  struct Of {
    OrderId operator()(const SaleRecord&) const { return {}; }
    OrderId operator()(const Reserve& reserve) const { return reserve.order; }
    OrderId operator()(const Pay& pay) const { return pay.order; }
    OrderId operator()(const Cancel& cancel) const { return cancel.order; }
    OrderId operator()(const Tick&) const { return {}; }
  };
  return std::visit(Of{}, record.body);
}

}  // namespace

Sale::Sale(Ledger ledger, Node node, SaleLimits limits)
    : ledger_(std::move(ledger)),
      node_(node),
      limits_(limits),
      hint_(limits.counter),
      due_(ledger_.next_due()) {
  invariant(limits_.turn_claims + limits_.turn_lane <= kTurnMax, "a turn is one append");
  by_order_.reserve(limits_.waiting_max);
}

Sale::~Sale() = default;

Wishes Sale::step(Now now, const Event& event) {
  answers_.clear();
  append_ = false;
  take_ = nullptr;
  now_ = limits_.shared ? by_the_log(now) : now;
  const std::size_t before = gathered() + lookers_.gathered();
  if (why_.empty() || std::holds_alternative<Asked>(event)) {
    std::visit([&](const auto& happened) { on(now_, happened); }, event);
  }
  // Whoever was answered at once changed nothing.
  const bool changed =
      !std::holds_alternative<Asked>(event) || gathered() + lookers_.gathered() != before;
  if (changed && why_.empty()) settle(now_, std::holds_alternative<Idle>(event));
  return {.append = append_ ? std::span<const Record>(turn_) : std::span<const Record>(),
          .answers = answers_,
          .take = take_,
          .wake = wake_,
          .stop = !why_.empty()};
}

bool Sale::quiet() const {
  const bool is_trial = unsure_ && std::holds_alternative<Tick>(turn_.back().body);
  return gathered() == 0 && lookers_.size() == 0 && (!in_flight() || is_trial);
}

std::uint32_t Sale::waiting() const {
  return static_cast<std::uint32_t>(claims_.size() + lane_.size() + lookers_.size());
}

// ---- Asked ----

void Sale::on(Now now, const Asked& asked) {
  if (!why_.empty()) return answer(asked.who, Outcome::kBusy);
  asked_ = limits_.shared ? &asked : nullptr;
  std::visit([&](const auto& ask) { take(now, asked.who, ask); }, asked.ask);
  asked_ = nullptr;
}

// A claim arrives. Keys come before state (A1): whoever has an order, or is about to, hears of it
// even when all is sold. Hopeless claims are answered here and leave no trace (A10); the hopeful
// wait for the turn.
void Sale::take(Now now, Who who, const Buy& buy) {
  const SaleView* sale = ledger_.sale(buy.sale);
  if (sale == nullptr) return answer_from_view(who, said(Outcome::kUnknownSale));
  const SaleTerms& terms = sale->terms;
  if (buy.anonymous && (terms.per_buyer != 0 || terms.hold_ms != 0)) {
    return answer_from_view(who, said(Outcome::kNotAnonymous));  // A8
  }
  if (buy.anonymous) {
    const Verdict all = ledger_.judge_stranger(terms.uid, buy.quantity, counted_, now.raw);
    if (all.outcome != Outcome::kWon) return answer_from_view(who, all);
  }
  const Claim claim = maker_.make(buy, terms);
  if (const auto first = by_order_.find(claim.order); first != by_order_.end()) {
    Hopeful& twin = claims_[first->second];
    // Shared: whose key it is, only the log knows.
    if (limits_.shared && twin.reserve.body != claim.body) return look_later({who, buy});
    return join(who, claim, twin);
  }
  const Verdict verdict = ledger_.judge(claim, counted_, now.raw);
  // For now, not for ever (I8).
  if (verdict.outcome != Outcome::kWon) return answer_from_view(who, verdict);
  if (draining_ || room_ != Room::kPlenty || claims_.size() >= limits_.waiting_max) {
    return answer(who, Outcome::kBusy, claim.order);  // I12
  }
  gather(now, who, claim);
}

void Sale::join(Who who, const Claim& claim, Hopeful& first) {
  if (claim.body != first.reserve.body) return answer(who, Outcome::kKeyReused, claim.order);
  if (first.twins.count >= Twins::kPerClaimMax || twins_.size() >= limits_.waiting_max) {
    return answer(who, Outcome::kBusy, claim.order);
  }
  twins_.join(first.twins, who);
}

void Sale::gather(Now now, Who who, const Claim& claim) {
  if (gathered() == 0) since_ = now.steady;
  const Reserve reserve{.sale = claim.sale,
                        .order = claim.order,
                        .buyer = claim.buyer,
                        .key = claim.key,
                        .body = claim.body,
                        .quantity = claim.quantity,
                        .asked_at = ledger_.clock_at(now.raw)};
  by_order_.emplace(claim.order, claims_.push({who, reserve, claim.buyer_hash, {}}));
  counted_.add(claim);
}

void Sale::take(Now now, Who who, const PayAsk& ask) {
  if (ledger_.find(ask.order) == nullptr)
    return answer_from_view(who, said(Outcome::kUnknownOrder, ask.order));
  gather_lane(now, {{node_, who}, Pay{ask.order, ask.payment, ask.amount_minor}});
}

void Sale::take(Now now, Who who, const CancelAsk& ask) {
  const Order* order = ledger_.find(ask.order);
  if (order == nullptr) return answer_from_view(who, said(Outcome::kUnknownOrder, ask.order));
  if (order->state != OrderState::kHeld) {  // for good: asking again leaves no record (A10)
    const bool paid = order->state == OrderState::kPaid;
    return answer_from_view(who,
                            said(paid ? Outcome::kOrderState : Outcome::kCancelled, ask.order));
  }
  gather_lane(now, {{node_, who}, Cancel{ask.order}});
}

void Sale::take(Now now, Who who, const SaleAsk& ask) {
  gather_lane(now, {{node_, who}, SaleRecord{ask.terms}});
}

void Sale::take(Now, Who who, const LookAsk& ask) {
  const bool found = ledger_.find(ask.order) != nullptr;
  answer_from_view(who, said(found ? Outcome::kFound : Outcome::kUnknownOrder, ask.order));
}

void Sale::take(Now, Who who, const SaleLookAsk& ask) {
  const bool found = ledger_.sale(ask.sale) != nullptr;
  answer_from_view(who, said(found ? Outcome::kFound : Outcome::kUnknownSale));
}

// Money, returns and operators have a lane of their own: no crowd of claims keeps them out (A7).
void Sale::gather_lane(Now now, const Record& record) {
  if (draining_ || room_ == Room::kFull || lane_.size() >= limits_.lane_max) {
    return answer(record.origin.who, Outcome::kBusy, order_of_record(record));
  }
  if (gathered() == 0) since_ = now.steady;
  lane_.push(record);
}

Verdict Sale::said(Outcome outcome, OrderId order) const {
  return {.outcome = outcome, .order = order, .position = ledger_.position()};
}

// ---- Shared: the barrier ----

// What this node knows may be old: somebody may have been told otherwise already (A2).
void Sale::answer_from_view(Who who, const Verdict& verdict) {
  if (asked_ == nullptr) return answer(who, verdict);
  look_later(*asked_);
}

void Sale::look_later(const Asked& asked) {
  const std::size_t most =
      std::size_t{limits_.waiting_max} + (has_a_lane(asked.ask) ? limits_.lane_max : 0);
  if (draining_ || room_ == Room::kFull || lookers_.size() >= most) {
    return answer(asked.who, Outcome::kBusy, order_of(asked.ask));
  }
  if (gathered() == 0 && lookers_.gathered() == 0) since_ = now_.steady;
  lookers_.push(asked);
}

// A turn that began after they had asked has come back.
void Sale::look_again() {
  for (std::size_t n = looking(); n > 0; --n) {
    const Asked asked = lookers_.front();
    lookers_.pop();
    std::visit([&](const auto& ask) { take(now_, asked.who, ask); }, asked.ask);
  }
}

// The log's own clock, as far as it is known here: its last stamp, and the time since that came.
Now Sale::by_the_log(Now now) const {
  if (heard_at_ == kNever) return now;
  const auto since = std::chrono::duration_cast<milliseconds>(now.steady - heard_at_);
  return {heard_ + since, now.steady};
}

bool Sale::barrier_due(Now now, bool idle) const {
  if (lookers_.gathered() == 0 || now.steady < barrier_ + limits_.barrier_every) return false;
  return idle || lookers_.gathered() >= limits_.flush_at ||
         now.steady >= since_ + limits_.flush_after;
}

// What "ask again" names: the order that a claim would be.
OrderId Sale::order_of(const Ask& ask) const {
  if (const auto* pay = std::get_if<PayAsk>(&ask)) return pay->order;
  if (const auto* cancel = std::get_if<CancelAsk>(&ask)) return cancel->order;
  if (const auto* look = std::get_if<LookAsk>(&ask)) return look->order;
  const auto* buy = std::get_if<Buy>(&ask);
  const SaleView* sale = buy == nullptr ? nullptr : ledger_.sale(buy->sale);
  return sale == nullptr ? OrderId{} : claim_of(*buy, sale->terms).order;
}

// ---- The next turn ----

void Sale::settle(Now now, bool idle) {
  if (room_ != Room::kPlenty) shed_claims();
  if (room_ == Room::kFull) shed_lane();
  if (!in_flight()) {
    bool due = flush_due(now, idle);
    if (hint_.on()) due = heed_counter(now, due);
    if (due || barrier_due(now, idle) || tick_at(now) <= now.steady) start(now);
  }
  if (in_flight()) {
    wake_ = kNever;  // its end wakes us
  } else {
    const std::size_t due = hint_.waits() ? lane_.gathered() : gathered();
    wake_ = std::min(due > 0 ? since_ + limits_.flush_after : kNever, tick_at(now));
    if (hint_.waits() || claims_.gathered() == 0) wake_ = std::min(wake_, hint_.wake());
    if (lookers_.gathered() > 0) {
      wake_ =
          std::min(wake_, std::max(since_ + limits_.flush_after, barrier_ + limits_.barrier_every));
    }
  }
}

bool Sale::flush_due(Now now, bool idle) const {
  if (gathered() == 0) return false;
  return idle || gathered() >= limits_.flush_at || now.steady - since_ >= limits_.flush_after;
}

// Owed behind a turn, and behind a tick of unknown outcome: whether the journal takes records again
// is found out also where nobody asks. Asked again at each wake, since the wall clock may have
// stepped meanwhile. Once it runs behind our last stamp, the ledger's clock stands still until a
// record tells it so: then soon. A journal that fails at once must not keep us busy: one tick in
// flush_after.
SteadyTime Sale::tick_at(Now now) const {
  if (draining_ || room_ == Room::kFull) return kNever;
  SteadyTime at = kNever;
  if (tick_owed_) at = started_ + kTickAfterTurn;
  if (ledger_.open_holds() > 0) {
    at = std::min(at, started_ + (now.raw < stamp_ ? kTickAfterTurn : kTickWhileOpen));
  }
  if (due_) {
    const milliseconds wait = *due_ - ledger_.clock_at(now.raw);
    at = std::min(at, now.steady + std::max<microseconds>(wait, microseconds(0)));
  }
  return std::max(at, started_ + limits_.flush_after);
}

// The lane goes first. Any record moves the clock, so a TICK is needed only where there is none.
void Sale::start(Now now) {
  turn_.clear();
  back_ = 0;
  for (auto n = std::min<std::size_t>(lane_.gathered(), limits_.turn_lane); n > 0; --n) {
    turn_.push_back(lane_.take());
  }
  const std::size_t claims = std::min(claims_.gathered(), hint_.allowed());
  for (auto n = std::min<std::size_t>(claims, limits_.turn_claims); n > 0; --n) {
    const Hopeful& hopeful = claims_.take();
    turn_.push_back({{node_, hopeful.who}, hopeful.reserve});
  }
  hint_.started();
  for (auto n = lookers_.gathered(); n > 0; --n) lookers_.take();
  tick_owed_ = !turn_.empty();
  if (turn_.empty()) {
    barrier_ = now.steady;
    const Tick tick{.rules = kNewestRules,
                    .position = ledger_.position(),
                    .digest = ledger_.digest(),
                    .nonce = stats_.turns};  // a late one is not taken for the next
    turn_.push_back({{node_, {}}, tick});
  }
  started_ = since_ = now.steady;
  stamp_ = now.raw;
  append_ = true;
  ++stats_.turns;
  stats_.records += turn_.size();
}

// There is no room for what is gathered: nothing of it was recorded, and they learn so.
void Sale::shed_claims() {
  hint_.dropped();
  claims_.drop_gathered([this](Hopeful& hopeful) {
    release(hopeful, {.outcome = Outcome::kBusy,
                      .order = hopeful.reserve.order,
                      .position = ledger_.position()});
  });
}

void Sale::shed_lane() {
  lane_.drop_gathered([this](const Record& record) {
    answer(record.origin.who, Outcome::kBusy, order_of_record(record));
  });
}

// ---- The turn in flight ----

void Sale::on(Now now, const CameBack& came_back_now) {
  changes_.clear();
  for (const Entry& entry : came_back_now.entries) {
    const Verdict verdict = ledger_.apply(entry, changes_);
    if (ledger_.halted()) return stop(*ledger_.halted());
    if (entry.record.origin.node == node_) came_back(entry.record, verdict);
  }
  due_ = ledger_.next_due();
  if (hint_.on()) hint_.moved(now.steady, draining_);
  if (limits_.shared) {
    heard_ = came_back_now.entries.back().stamp;
    heard_at_ = now.steady;
    now_ = by_the_log(now);
  }
  if (!in_flight()) look_again();
}

// Ours come back in the order in which they were appended. One that is not the next was given up as
// unsure and turned up late, or twice: whoever waited for it was answered then (A6).
void Sale::came_back(const Record& mine, const Verdict& verdict) {
  if (in_flight() && turn_[back_] == mine) return finish(verdict);
  ++stats_.stale_answers;
}

// The eldest in flight is the one whose record is the next of the turn.
void Sale::finish(const Verdict& verdict) {
  unsure_ = false;
  const Record& record = turn_[back_++];
  if (std::holds_alternative<Reserve>(record.body)) {
    release(claims_.front(), verdict);
    claims_.pop();
  } else if (!std::holds_alternative<Tick>(record.body)) {
    answer(record.origin.who, verdict);
    lane_.pop();
  }
}

// A twin of a winner hears of the same order, as if he had asked afterwards.
void Sale::release(Hopeful& hopeful, const Verdict& verdict) {
  const Reserve& reserve = hopeful.reserve;
  answer(hopeful.who, verdict);
  Verdict twins = verdict;
  if (twins.outcome == Outcome::kWon) twins.outcome = Outcome::kReplayed;
  by_order_.erase(reserve.order);
  counted_.remove(reserve.sale, hopeful.buyer, reserve.quantity);
  // Shared: a twin may have asked after this record was sent, and been told of an order elsewhere.
  const SaleView* sale = limits_.shared && is_no(verdict) ? ledger_.sale(reserve.sale) : nullptr;
  twins_.release(hopeful.twins, [&](Who who) {
    if (sale == nullptr) return answer(who, twins);
    look_later({who, Buy{sale->terms.name, reserve.buyer, reserve.key, reserve.quantity}});
  });
}

void Sale::on(Now, const Unsure&) {
  ++stats_.unsure;
  abandon();
  tick_owed_ = unsure_ = true;
}

void Sale::on(Now, const Broken& broken) {
  if (in_flight()) ++stats_.unsure;
  stop(broken.error.message);
}

// Nobody knows what became of those in flight: they may ask again with the same key.
void Sale::abandon() {
  while (in_flight()) {
    finish({.outcome = Outcome::kUnsure,
            .order = order_of_record(turn_[back_]),
            .position = ledger_.position()});
  }
  for (std::size_t n = looking(); n > 0; --n) {
    const Asked asked = lookers_.front();
    lookers_.pop();
    answer(asked.who, only_looks(asked.ask) ? Outcome::kBusy : Outcome::kUnsure,
           order_of(asked.ask));
  }
}

// What was gathered was not handed to the journal: for it, "busy" is the whole truth.
void Sale::stop(std::string why) {
  why_ = std::move(why);
  abandon();
  shed_claims();
  shed_lane();
  lookers_.drop_gathered([this](const Asked& asked) { answer(asked.who, Outcome::kBusy); });
  wake_ = kNever;
}

}  // namespace seckill
