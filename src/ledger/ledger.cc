#include "ledger/ledger.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <type_traits>

#include "base/invariant.h"
#include "ledger/book.h"
#include "ledger/due_queue.h"
#include "ledger/payments.h"
#include "ledger/terms_check.h"
#include "model/codec.h"

namespace seckill {
namespace {

// The step of the clock, in [0, kClockStepMax], for any two stamps.
milliseconds step_between(RawTime was, RawTime is) {
  if (is <= was) return milliseconds{0};
  const auto step = static_cast<std::uint64_t>(is.ms) - static_cast<std::uint64_t>(was.ms);
  const auto most = static_cast<std::uint64_t>(kClockStepMax.count());
  return milliseconds(static_cast<std::int64_t>(std::min(step, most)));
}

// A rolling mix: every number that went in, and its place, moves the result.
class Mix {
 public:
  explicit Mix(Digest from) : state_(static_cast<std::uint64_t>(from)) {}
  Mix& operator()(std::uint64_t number) {
    state_ = (std::rotl(state_, 23) ^ number) * 0x9e37'79b9'7f4a'7c15ULL;
    state_ ^= state_ >> 32;
    return *this;
  }
  Mix& operator()(OrderId id) { return (*this)(id.bits.hi)(id.bits.lo); }
  Digest digest() const { return Digest{state_}; }

 private:
  std::uint64_t state_;
};

// What one record changed: the ends of the lists before it.
struct Marks {
  explicit Marks(const Changes& c)
      : orders(c.orders.size()), units(c.units.size()), payments(c.payments.size()) {}
  std::size_t orders, units, payments;
};

HashKey payment_key(const RecordHash& identity) {
  HashKey key;
  std::memcpy(key.bytes.data(), &identity.bits.hi, 8);
  std::memcpy(key.bytes.data() + 8, &identity.bits.lo, 8);
  return key;
}

}  // namespace

Ledger::Ledger(Rules newest)
    : newest_(newest),
      due_(std::make_unique<DueQueue>()),
      payments_(std::make_unique<Payments>()),
      digests_(kDigestsKept) {}
Ledger::Ledger(Ledger&& other) noexcept = default;
Ledger& Ledger::operator=(Ledger&& other) noexcept = default;
Ledger::~Ledger() = default;

// --- asked before

Verdict Ledger::judge(const Claim& claim, const InFlight& in_flight, RawTime now) const {
  const Book* found = book(claim.sale);
  if (found == nullptr || found->retired()) {
    return verdict(Outcome::kUnknownSale, nullptr, claim.order);
  }
  const Wanted wanted{claim.order, claim.buyer_hash, claim.body, claim.quantity};
  if (const auto outcome = known(*found, wanted)) return verdict(*outcome, found, claim.order);
  const auto why_not = found->refusal(wanted, now, in_flight);
  return verdict(why_not.value_or(Outcome::kWon), found, claim.order);
}

Verdict Ledger::judge_stranger(SaleUid sale, std::uint32_t quantity, const InFlight& in_flight,
                               RawTime now) const {
  const Book* found = book(sale);
  if (found == nullptr || found->retired()) return verdict(Outcome::kUnknownSale, nullptr);
  return verdict(found->refusal_of_all(quantity, now, in_flight).value_or(Outcome::kWon), found);
}

// Keys come before state (A1): whoever has an order gets it, whatever the sale's state (I5).
std::optional<Outcome> Ledger::known(const Book& book, const Wanted& wanted) const {
  const Order* order = book.find(wanted.order);
  if (order == nullptr) return std::nullopt;
  return order->body == wanted.body ? Outcome::kReplayed : Outcome::kKeyReused;
}

// --- the only decision

Ledger::Foreseen Ledger::foresee(const Entry& entry) const {
  const auto* reserve = std::get_if<Reserve>(&entry.record.body);
  const Book* found = reserve == nullptr ? nullptr : book(reserve->sale);
  return found == nullptr || found->retired() ? Foreseen{} : foresee(*reserve, *found);
}

Ledger::Foreseen Ledger::foresee(const Reserve& reserve, const Book& book) {
  book.expect(reserve.order);
  const SaleTerms& terms = book.view().terms;
  const BuyerHash buyer = buyer_hash_of(terms, reserve.buyer);
  book.expect(buyer);
  return {&book, order_id_of(terms, reserve.buyer, reserve.key), buyer};
}

Verdict Ledger::apply(const Entry& entry, const Foreseen& foreseen, Changes& changes) {
  invariant(entry.position == position_, "a ledger applies every record once, in order");
  last_bytes_.assign(entry.bytes.begin(), entry.bytes.end());
  if (position_ == Position{0}) identity_ = hash_of(entry.stamp, entry.bytes);
  clock_ = clock_at(entry.stamp);
  last_raw_ = entry.stamp;

  const At at{entry.position, entry.stamp, clock_};
  const Marks marks(changes);
  return_due(at, changes);
  Verdict said = std::visit(
      [&]<class Body>(const Body& body) {
        if constexpr (std::is_same_v<Body, Reserve>)
          return decide(body, foreseen, at, changes);
        else
          return decide(body, at, changes);
      },
      entry.record.body);
  said.position = entry.position;
  prune_due();

  Mix mix(digest_);
  mix(number(at.position))(static_cast<std::uint64_t>(clock_.ms));
  mix(static_cast<std::uint64_t>(said.outcome))(said.order)(said.left);
  for (auto i = marks.orders; i < changes.orders.size(); ++i) mix(changes.orders[i].id);
  for (auto i = marks.units; i < changes.units.size(); ++i) {
    mix(changes.units[i].unit)(changes.units[i].order.value_or(OrderId{}));
  }
  for (auto i = marks.payments; i < changes.payments.size(); ++i) {
    mix(static_cast<std::uint64_t>(changes.payments[i].outcome));
  }
  digest_ = mix.digest();
  position_ = next(position_);
  digests_[number(position_) % kDigestsKept] = digest_;
  return said;
}

// Holds end here and nowhere else, in the same order on every node (A12). After a long night a
// million may be due at once: one record returns kReturnsMax of them, the next ones the rest.
void Ledger::return_due(const At& at, Changes& changes) {
  std::uint32_t returned = 0;
  for (const DueHold* hold = due_->top();
       hold != nullptr && hold->due <= at.clock && returned < kReturnsMax; hold = due_->top()) {
    const OrderId id = hold->order;
    due_->pop();
    const Order* order = find(id);
    if (order == nullptr || order->state != OrderState::kHeld) continue;
    book(id.sale())->end(id, OrderState::kExpired, at, changes);
    --holds_;
    ++returned;
  }
}

// The top is always an order that is still held, so next_due() is the truth.
void Ledger::prune_due() {
  for (const DueHold* hold = due_->top(); hold != nullptr; hold = due_->top()) {
    const Order* order = find(hold->order);
    if (order != nullptr && order->state == OrderState::kHeld) return;
    due_->pop();
  }
}

Verdict Ledger::decide(const Reserve& reserve, Foreseen foreseen, const At& at, Changes& changes) {
  Book* found = book(reserve.sale);
  if (found == nullptr || found->retired()) {
    return verdict(Outcome::kUnknownSale, nullptr, reserve.order);
  }
  if (foreseen.book != found) foreseen = foresee(reserve, *found);
  const Wanted wanted{reserve.order, foreseen.buyer, reserve.body, reserve.quantity};
  if (reserve.order != foreseen.order) {
    return verdict(Outcome::kNotAllowed, found, reserve.order);  // forged: it may not take an id
  }
  if (const auto outcome = known(*found, wanted)) return verdict(*outcome, found, reserve.order);
  if (reserve.asked_at.ms < at.clock.ms - kLateAfter.count()) {
    return verdict(Outcome::kLate, found, reserve.order);
  }
  if (const auto why_not = found->refusal(wanted, at.stamp, InFlight{})) {
    return verdict(*why_not, found, reserve.order);
  }
  const Order& order = found->grant(wanted, at, changes);
  if (order.hold_ms > 0) {
    due_->add({order.due, at.position, order.id});
    ++holds_;
  }
  return verdict(Outcome::kWon, found, order.id);
}

Verdict Ledger::decide(const Pay& pay, const At& at, Changes& changes) {
  const Order* order = find(pay.order);
  if (order == nullptr) return verdict(Outcome::kUnknownOrder, nullptr, pay.order);
  Book* found = book(pay.order.sale());
  return verdict(take_money(*found, pay, at, changes), found, pay.order);
}

// A payment id is taken once: asked again it hears the same, and money for what is not held any
// more is one instruction to give it back (I7).
Outcome Ledger::take_money(Book& book, const Pay& pay, const At& at, Changes& changes) {
  const PaymentHash id{siphash128(payment_key(identity_), pay.payment.view())};
  if (const Payment* taken = payments_->find(id)) {
    if (taken->order != pay.order || taken->amount_minor != pay.amount_minor) {
      return Outcome::kPaymentReused;
    }
    return taken->outcome == PaymentOutcome::kApplied ? Outcome::kPaid : Outcome::kRefund;
  }
  if (!book.takes_money()) return Outcome::kSaleFull;
  book.took_money();
  const Order& order = *book.find(pay.order);
  const bool held = order.state == OrderState::kHeld;
  const auto outcome = held ? PaymentOutcome::kApplied : PaymentOutcome::kRefund;
  if (held) {
    if (order.hold_ms > 0) --holds_;
    book.pay(pay.order, id, at, changes);
  }
  payments_->add(id, {pay.order, pay.amount_minor, outcome});
  changes.payments.push_back({pay.payment, pay.order, pay.amount_minor, outcome, at.position});
  return held ? Outcome::kPaid : Outcome::kRefund;
}

Verdict Ledger::decide(const Cancel& cancel, const At& at, Changes& changes) {
  const Order* order = find(cancel.order);
  if (order == nullptr) return verdict(Outcome::kUnknownOrder, nullptr, cancel.order);
  Book* found = book(cancel.order.sale());
  if (order->state == OrderState::kPaid) return verdict(Outcome::kOrderState, found, cancel.order);
  if (order->state == OrderState::kHeld) {
    if (order->hold_ms > 0) --holds_;
    found->end(cancel.order, OrderState::kCancelled, at, changes);
  }
  return verdict(Outcome::kCancelled, found, cancel.order);
}

Verdict Ledger::decide(const SaleRecord& record, const At& at, Changes& changes) {
  const SaleTerms& terms = record.terms;
  Book* found = book(terms.uid);
  const TermsBeside beside{.same_uid = sale(terms.uid),
                           .same_name = sale(terms.name),
                           .holds = found == nullptr ? 0 : found->holds(),
                           .sales = static_cast<std::uint32_t>(books_.size()),
                           .orders_total = orders_total()};
  const Outcome outcome = check_terms(terms, beside);
  if (outcome == Outcome::kSaleAccepted) {
    set_terms(found, terms, at);
    changes.sales.push_back(terms.uid);
  }
  return verdict(outcome, book(terms.uid));
}

void Ledger::set_terms(Book* book, const SaleTerms& terms, const At& at) {
  if (book == nullptr) {
    book = books_.emplace_back(std::make_unique<Book>(terms, at)).get();
    by_uid_.emplace(static_cast<std::uint32_t>(terms.uid), book);
    by_name_.emplace(terms.name, book);
    return;
  }
  book->change(terms, at);
  if (book->retired()) due_->forget(terms.uid);
}

std::uint64_t Ledger::orders_total() const {
  std::uint64_t total = 0;
  for (const auto& book : books_) {
    if (!book->retired()) total += book->view().terms.orders_max;
  }
  return total;
}

Verdict Ledger::decide(const Tick& tick, const At&, Changes&) {
  if (tick.rules > newest_) {
    halt(fmt::format("record {} was written by newer rules {}; this program knows {}: upgrade it",
                     number(position_), static_cast<unsigned>(tick.rules),
                     static_cast<unsigned>(newest_)));
  }
  rules_ = std::max(rules_, std::min(tick.rules, newest_));
  const std::uint64_t there = number(tick.position);
  const std::uint64_t here = number(position_);
  if (there > here) {
    halt(
        fmt::format("the writer of record {} had seen records up to {}: this journal was cut "
                    "short; restore the rest of it",
                    here, there));
  } else if (there > 0 && here - there < kDigestsKept &&
             tick.digest != digests_[there % kDigestsKept]) {
    halt(
        fmt::format("the writer of record {} decided otherwise before position {}: its rules are "
                    "not ours; run one version of this program",
                    here, there));
  }
  return verdict(Outcome::kTicked, nullptr);
}

void Ledger::halt(std::string why) {
  if (!halted_) halted_ = std::move(why);
}

// --- what is known

Book* Ledger::book(SaleUid uid) const {
  if (recent_ != nullptr && recent_->view().terms.uid == uid) return recent_;
  const auto found = by_uid_.find(static_cast<std::uint32_t>(uid));
  return found == by_uid_.end() ? nullptr : recent_ = found->second;
}

Verdict Ledger::verdict(Outcome outcome, const Book* book, OrderId order) const {
  return {.outcome = outcome,
          .order = order,
          .left = book == nullptr ? 0 : book->view().available(),
          .position = position_};
}

RecordHash Ledger::last_hash() const {
  return position_ == Position{0} ? RecordHash{} : hash_of(last_raw_, last_bytes_);
}

const Order* Ledger::find(OrderId id) const {
  const Book* found = book(id.sale());
  return found == nullptr ? nullptr : found->find(id);
}

std::uint32_t Ledger::unit_after(const Order& order, std::uint32_t unit) const {
  return book(order.id.sale())->unit_after(unit);
}

const SaleView* Ledger::sale(SaleUid uid) const {
  const Book* found = book(uid);
  return found == nullptr ? nullptr : &found->view();
}

const SaleView* Ledger::sale(const SaleName& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second->view();
}

std::vector<const SaleView*> Ledger::sales() const {
  std::vector<const SaleView*> views;
  views.reserve(books_.size());
  for (const auto& book : books_) views.push_back(&book->view());
  return views;
}

LogTime Ledger::clock_at(RawTime raw) const {
  return position_ == Position{0} ? LogTime{} : clock_ + step_between(last_raw_, raw);
}

std::optional<LogTime> Ledger::next_due() const {
  const DueHold* hold = due_->top();
  return hold == nullptr ? std::nullopt : std::optional(hold->due);
}

std::uint32_t Ledger::open_holds() const { return holds_; }

}  // namespace seckill
