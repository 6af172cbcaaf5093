#include "crowd.h"

#include <algorithm>

namespace seckill::simulation {

Crowd::Crowd(Stage& stage, Witness& witness, Node& node)
    : stage_(stage), witness_(witness), node_(node) {
  invent_sales();
}

// ---- sales and their operator ----

void Crowd::invent_sales() {
  Chance& chance = stage_.chance;
  const char* const names[] = {"car", "toy", "hat"};
  const auto count = 1 + chance.below(3);
  fickle_ = chance.percent(30);
  for (std::uint64_t n = 0; n < count; ++n) {
    SaleTerms terms{.uid = SaleUid{static_cast<std::uint32_t>(chance.number() | 1)},
                    .name = *SaleName::from(names[n]),
                    .stock = static_cast<std::uint32_t>(chance.between(1, 25)),
                    .per_buyer = static_cast<std::uint32_t>(chance.below(3)),
                    .starts_at = stage_.now().raw + milliseconds(chance.between(-1'000, 500)),
                    .hold_ms = chance.percent(70) ? chance.between(200, 5'000) : 0};
    for (auto& byte : terms.secret.bytes) byte = static_cast<std::uint8_t>(chance.number());
    terms.orders_max = default_orders_max(terms.stock);
    witness_.wished(terms);
    sales_.push_back(terms);
  }
}

void Crowd::change_a_sale() {
  Chance& chance = stage_.chance;
  const Ledger* ledger = node_.ledger();
  SaleTerms& wished = sales_[chance.below(sales_.size())];
  const SaleView* view = ledger == nullptr ? nullptr : ledger->sale(wished.name);
  if (view == nullptr) return;
  SaleTerms terms = view->terms;
  terms.per_buyer = wished.per_buyer;  // as the operator has it in mind
  ++terms.version;
  const auto some = [&] { return static_cast<std::uint32_t>(chance.between(1, 5)); };
  switch (chance.below(fickle_ ? 16 : 10)) {
    case 0:
    case 1:
    case 2: terms.stock += some(); break;
    case 3:
    case 4: terms.withdrawn += std::min(some(), view->available()); break;
    case 5: terms.withdrawn += some(); break;  // perhaps more than there is
    case 6:
    case 7: terms.standing = Standing::kPaused; break;
    case 8: terms.standing = chance.percent(10) ? Standing::kClosed : Standing::kActive; break;
    case 9: terms.standing = Standing::kActive; break;
    case 10:
    case 11:
      terms.per_buyer = wished.per_buyer = static_cast<std::uint32_t>(chance.below(4));
      break;
    case 12:
    case 13: terms.hold_ms = terms.hold_ms == 0 ? 0 : chance.between(200, 5'000); break;
    case 14:
      terms.ends_at = stage_.now().raw + milliseconds(chance.between(10, 3'000));
      if (chance.percent(50)) terms.ends_at = kNoEnd;
      break;
    default: terms.hold_ms = terms.hold_ms == 0 ? 1'000 : 0;  // never allowed (A8)
  }
  want(SaleAsk{terms}, nullptr);
  if (chance.percent(20)) {  // a colleague saw the same version
    terms.stock += 1;
    want(SaleAsk{terms}, nullptr);
  }
}

// A sale is closed, and retired as soon as its last hold has ended: sometimes by the very record
// that finds it due.
void Crowd::wind_up(std::size_t sale, int tries) {
  if (tries == 0) return;
  const auto again = [this, sale, tries](const auto&...) {
    later(stage_.chance.delay(20'000, 300'000), [this, sale, tries] { wind_up(sale, tries - 1); });
  };
  const Ledger* ledger = node_.ledger();
  const SaleView* view = ledger == nullptr ? nullptr : ledger->sale(sales_[sale].name);
  if (view == nullptr) return again();
  SaleTerms terms = view->terms;
  if (terms.standing == Standing::kRetired) return;
  ++terms.version;
  if (terms.standing != Standing::kClosed) {
    terms.standing = Standing::kClosed;
    want(SaleAsk{terms}, again);
    return;
  }
  terms.standing = Standing::kRetired;
  std::int64_t wait = 1;
  if (const auto due = ledger->next_due()) {
    const microseconds left = *due - ledger->clock_at(stage_.now().raw);
    wait = std::max<std::int64_t>(1, left.count() + stage_.chance.between(-3'000, 3'000));
  }
  later(wait, [this, terms, again] { want(SaleAsk{terms}, again); });
}

// ---- shoppers ----

// The demo's wire: no name, no key.
void Crowd::buy_namelessly(const SaleName& sale) {
  const std::string name = fmt::format("anon-{}", ++nameless_);
  want(Buy{.sale = sale,
           .buyer = *Buyer::from(name),
           .key = *Key::from(name),
           .quantity = 1,
           .anonymous = true},
       nullptr, /*once=*/true);
}

void Crowd::open(microseconds within) {
  Chance& chance = stage_.chance;
  for (const SaleTerms& terms : sales_) want(SaleAsk{terms}, nullptr);
  shoppers_ = 3 + chance.below(40);
  const auto rush =
      chance.percent(50) ? within.count() : std::min<std::int64_t>(within.count(), 600'000);
  for (std::size_t n = 0; n < shoppers_; ++n) {
    later(chance.between(5'000, rush), [this, n] { shop(static_cast<int>(n)); });
  }
  const auto changes = chance.below(8);
  for (std::uint64_t n = 0; n < changes; ++n) {
    later(chance.between(10'000, within.count()), [this] { change_a_sale(); });
  }
  if (chance.percent(30)) {
    const auto sale = chance.below(sales_.size());
    later(chance.between(100'000, within.count()), [this, sale] { wind_up(sale, 20); });
  }
}

// One shopper, one or two errands; some of them share a name, as bots do.
void Crowd::shop(int shopper) {
  Chance& chance = stage_.chance;
  const auto errands = 1 + chance.below(3);
  for (std::uint64_t n = 0; n < errands; ++n) {
    Buy errand{
        .sale = sales_[chance.below(sales_.size())].name,
        .buyer = *Buyer::from(fmt::format("b{}", chance.percent(80) ? shopper : shopper / 4)),
        .key = *Key::from(fmt::format("k{}", chance.below(4))),
        .quantity = chance.percent(80) ? 1U : 2U};
    later(chance.between(0, 500'000), [this, errand] {
      if (stage_.chance.percent(10)) return buy_namelessly(errand.sale);
      buy(errand, 3);
      if (stage_.chance.percent(30)) buy(errand, 0);  // double click
      Buy other = errand;
      other.quantity = 3 - errand.quantity;
      if (stage_.chance.percent(5)) buy(other, 0);  // the same key for something else
    });
  }
}

void Crowd::buy(const Buy& errand, int times_more) {
  want(errand, [this, errand, times_more](const Verdict& verdict) {
    if (verdict.gives()) return own(errand, verdict.order);
    if (times_more == 0 || !stage_.chance.percent(60)) return;
    later(stage_.chance.delay(500'000, 3'000'000),
          [this, errand, times_more] { buy(errand, times_more - 1); });
  });
}

// Whoever has an order pays, or not, in time, or not.
void Crowd::own(const Buy& errand, OrderId order) {
  Chance& chance = stage_.chance;
  const std::string payment = fmt::format("p{}", ++payments_);
  const auto at = chance.delay(1'000'000, 6'000'000);
  const auto soon = at + chance.between(0, 500'000);
  const auto pays = [this, order](std::string id, std::int64_t amount) {
    return [this, order, id = std::move(id), amount] { pay(order, id, amount); };
  };
  const auto cancels = [this, order] { cancel(order); };
  switch (chance.below(12)) {
    case 0:
    case 1:
    case 2: return later(at, pays(payment, 990));
    case 3: return later(at, pays(payment, 990)), later(soon, pays(payment, 990));
    case 4: return later(at, pays(payment, 990)), later(soon, pays(payment + "b", 990));
    case 5: return later(at, pays(payment, 990)), later(soon, pays(payment, 991));
    case 6: return later(at, pays(fmt::format("p{}", chance.below(5)), 990));
    case 7: return later(at, cancels);
    case 8: return later(at, cancels), later(soon, pays(payment, 990));
    case 9: return later(at, pays(payment, 990)), later(soon, cancels);
    case 10: return later(at, [this, errand] { buy(errand, 0); });
    default: return;
  }
}

void Crowd::pay(OrderId order, const std::string& payment, std::int64_t amount) {
  want(PayAsk{order, *PaymentId::from(payment), amount}, nullptr);
}

void Crowd::cancel(OrderId order) { want(CancelAsk{order}, nullptr); }

void Crowd::probe(const SaleName& sale, std::uint32_t strangers) {
  for (std::uint32_t n = 0; n < strangers; ++n) {
    const Buy stranger{.sale = sale,
                       .buyer = *Buyer::from(fmt::format("stranger-{}", ++strangers_)),
                       .key = *Key::from("k")};
    want(stranger, nullptr);
  }
}

// ---- asking ----

Crowd::Id Crowd::want(Ask ask, std::function<void(const Verdict&)> then, bool once) {
  requests_.push_back({.ask = std::move(ask), .then = std::move(then), .once = once});
  const Id id = requests_.size() - 1;
  send(id);
  return id;
}

void Crowd::later(std::int64_t delay_us, std::function<void()> event) {
  stage_.later(microseconds(delay_us), std::move(event));
}

void Crowd::send(Id id) {
  Request& request = requests_[id];
  if (request.done || request.gave_up) return;
  const std::uint64_t call = ++next_call_;
  calls_[call] = id;
  request.last_call = call;
  ++request.asked;
  stage_.trace("crowd", "{}{}", to_text(request.ask), request.asked > 1 ? ", again" : "");
  if (!lost()) {
    later(stage_.chance.delay(500, 100'000), [this, id, call] {
      if (!node_.ask({call, requests_[id].ask})) {  // nobody listens there
        if (requests_[id].once) return;
        later(stage_.chance.delay(50'000, 200'000), [this, id, call] {
          if (requests_[id].last_call == call) send(id);
        });
      }
    });
  }
  later(stage_.chance.delay(400'000, 1'500'000), [this, id, call] { lose_patience(id, call); });
}

void Crowd::lose_patience(Id id, std::uint64_t call) {
  Request& request = requests_[id];
  if (request.done || request.last_call != call) return;
  if (stage_.chance.percent(50)) node_.leave(call);
  if (request.once) {
    request.done = true;
    return;
  }
  const bool keeps_on = calm_ || stage_.chance.percent(90);
  if (keeps_on) return send(id);
  request.gave_up = true;
}

void Crowd::hear(std::uint64_t call, const Verdict& verdict) {
  if (lost()) return;
  later(stage_.chance.delay(500, 100'000), [this, call, verdict] { arrive(call, verdict); });
}

void Crowd::arrive(std::uint64_t call, const Verdict& verdict) {
  const Id id = calls_.at(call);
  Request& request = requests_[id];
  check_it_is_mine(request, verdict);
  if (request.done) return;
  if (!request.once && !is_final(request.ask, verdict.outcome)) {
    later(stage_.chance.delay(100'000, 300'000), [this, id, call] {
      if (requests_[id].last_call == call) send(id);
    });
    return;
  }
  request.done = true;
  if (request.then) request.then(verdict);
}

bool Crowd::is_final(const Ask& ask, Outcome outcome) const {
  if (outcome == Outcome::kBusy || outcome == Outcome::kLate) return false;
  if (outcome != Outcome::kUnsure) return true;
  // A change of terms is not asked again blindly: it is looked at first. But a sale must be.
  const auto* sale = std::get_if<SaleAsk>(&ask);
  return sale != nullptr && sale->terms.version > 1;
}

// A6: an answer is about what was asked.
void Crowd::check_it_is_mine(const Request& request, const Verdict& verdict) {
  const auto* buy = std::get_if<Buy>(&request.ask);
  if (buy == nullptr || !verdict.gives()) return;
  const auto terms = std::find_if(sales_.begin(), sales_.end(),
                                  [&](const SaleTerms& each) { return each.name == buy->sale; });
  stage_.check(verdict.order == order_id_of(*terms, buy->buyer, buy->key), "I11",
               "somebody got another one's answer");
}

// ---- the end ----

void Crowd::calm() {
  calm_ = true;
  for (Id id = 0; id < requests_.size(); ++id) {
    Request& request = requests_[id];
    if (request.done || !request.gave_up) continue;
    request.gave_up = false;
    send(id);
  }
}

bool Crowd::content() const {
  return std::all_of(requests_.begin(), requests_.end(),
                     [](const Request& request) { return request.done; });
}

std::string Crowd::who_waits() const {
  for (const Request& request : requests_) {
    if (!request.done) return to_text(request.ask);
  }
  return "nobody";
}

}  // namespace seckill::simulation
