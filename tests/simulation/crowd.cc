#include "crowd.h"

#include <algorithm>

namespace seckill::simulation {

Crowd::Crowd(Stage& stage, Witness& witness, std::vector<Node*> nodes)
    : stage_(stage), witness_(witness), nodes_(std::move(nodes)) {
  invent_sales();
}

// ---- sales and their operator ----

void Crowd::invent_sales() {
  const char* const names[] = {"car", "toy", "hat"};
  const auto count = 1 + stage_.chance.below(3);
  fickle_ = stage_.chance.percent(30);
  for (std::uint64_t n = 0; n < count; ++n) {
    sales_.push_back(invent_terms(names[n]));
    longest_hold_ = std::max(longest_hold_, milliseconds(sales_.back().hold_ms));
    witness_.wished(sales_.back());
  }
}

SaleTerms Crowd::invent_terms(const char* name) {
  Chance& chance = stage_.chance;
  SaleTerms terms{.uid = SaleUid{static_cast<std::uint32_t>(chance.number() | 1)},
                  .name = *SaleName::from(name)};
  terms.stock = static_cast<std::uint32_t>(chance.between(1, 25));
  terms.per_buyer = static_cast<std::uint32_t>(chance.below(3));
  terms.starts_at = stage_.now().raw + milliseconds(chance.between(-1'000, 500));
  if (chance.percent(70)) terms.hold_ms = chance.between(200, 5'000);
  // Longer than the ledger's clock believes any step of the wall clock (A13).
  if (chance.percent(6)) terms.hold_ms = chance.between(65'000, 200'000);
  terms.orders_max = default_orders_max(terms.stock);
  if (chance.percent(15)) terms.orders_max = static_cast<std::uint32_t>(chance.between(1, 30));
  for (auto& byte : terms.secret.bytes) byte = static_cast<std::uint8_t>(chance.number());
  stage_.trace("plan", "sale {}: stock {}, {} each, hold {} ms, at most {} orders", name,
               terms.stock, terms.per_buyer, terms.hold_ms, terms.orders_max);
  return terms;
}

void Crowd::change_a_sale(Person& who) {
  const Ledger* ledger = any_node(who.chance).ledger();
  SaleTerms& wished = sales_[who.chance.below(sales_.size())];
  const SaleView* view = ledger == nullptr ? nullptr : ledger->sale(wished.name);
  if (view == nullptr) return;
  SaleTerms terms = view->terms;
  terms.per_buyer = wished.per_buyer;  // as the operator has it in mind
  ++terms.version;
  change(who, terms, wished, *view);
  want(who, SaleAsk{terms});
  if (who.chance.percent(20)) {  // a colleague saw the same version
    terms.stock += 1;
    want(who, SaleAsk{terms});
  }
}

void Crowd::change(Person& who, SaleTerms& terms, SaleTerms& wished, const SaleView& view) {
  Chance& chance = who.chance;
  const auto some = static_cast<std::uint32_t>(chance.between(1, 5));
  switch (chance.below(fickle_ ? 16 : 10)) {
    case 0:
    case 1:
    case 2: terms.stock += some; break;
    case 3: terms.withdrawn += std::min(some, view.available()); break;
    case 4: terms.withdrawn += view.available(); break;  // all there is
    case 5: terms.withdrawn += some; break;              // perhaps more than there is
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
}

// A sale is closed, and retired as soon as its last hold has ended: sometimes by the very record
// that finds it due.
void Crowd::wind_up(Person& who, std::size_t sale, int tries) {
  if (tries == 0) return;
  const auto again = [this, &who, sale, tries](const auto&...) {
    later(who.chance.delay(20'000, 300'000),
          [this, &who, sale, tries] { wind_up(who, sale, tries - 1); });
  };
  const Ledger* ledger = any_node(who.chance).ledger();
  const SaleView* view = ledger == nullptr ? nullptr : ledger->sale(sales_[sale].name);
  if (view == nullptr) return again();
  SaleTerms terms = view->terms;
  if (terms.standing == Standing::kRetired) return;
  ++terms.version;
  if (terms.standing != Standing::kClosed) {
    terms.standing = Standing::kClosed;
    want(who, SaleAsk{terms}, again);
    return;
  }
  terms.standing = Standing::kRetired;
  std::int64_t wait = 1;
  if (const auto due = ledger->next_due()) {
    const microseconds left = *due - ledger->clock_at(stage_.now().raw);
    wait = std::max<std::int64_t>(1, left.count() + who.chance.between(-3'000, 3'000));
  }
  later(wait, [this, &who, terms, again] { want(who, SaleAsk{terms}, again); });
}

// ---- shoppers ----

void Crowd::open(microseconds within) {
  Person& owner = somebody(stage_.chance.split());
  for (const SaleTerms& terms : sales_) {
    want(owner, SaleAsk{terms}, [this, &owner, name = terms.name](const Verdict& verdict) {
      const bool elsewhere = nodes_.size() > 1;
      if (elsewhere && verdict.outcome == Outcome::kSaleAccepted) want(owner, SaleLookAsk{name});
    });
  }
  const bool slowly = stage_.chance.percent(50);
  send_shoppers(slowly ? within.count() : std::min<std::int64_t>(within.count(), 600'000));
  send_a_bot();
  send_the_till(within);
  send_operators(within);
}

// One to three errands each; some shoppers share a name, as bots do.
void Crowd::send_shoppers(std::int64_t rush) {
  Chance& chance = stage_.chance;
  const auto shoppers = 3 + chance.below(40);
  for (std::uint64_t n = 0; n < shoppers; ++n) {
    const auto comes = chance.between(5'000, rush);
    const auto errands = 1 + chance.below(3);
    for (std::uint64_t errand = 0; errand < errands; ++errand) {
      const auto at = comes + chance.between(0, 500'000);
      const auto decided = stage_.decision("shopper {} comes at {} ms", n, at / 1'000);
      if (!decided) continue;
      Person& who = somebody(*decided);
      later(at, [this, &who, n] { run_errand(who, n); });
    }
  }
}

void Crowd::send_a_bot() {
  if (!stage_.chance.percent(8)) return;
  const auto sale = stage_.chance.below(sales_.size());
  if (const auto decided = stage_.decision("a bot reserves and cancels without end")) {
    Person& bot = somebody(*decided);
    later(10'000, [this, &bot, sale] { buy_and_let_go(bot, sales_[sale].name, 0, 40); });
  }
}

void Crowd::send_the_till(microseconds within) {
  if (!stage_.chance.percent(6)) return;
  const auto at = stage_.chance.between(100'000, within.count());
  if (const auto decided = stage_.decision("the till sends a batch at {} ms", at / 1'000)) {
    Person& till = somebody(*decided);
    later(at, [this, &till] { pay_a_batch(till); });
  }
}

void Crowd::send_operators(microseconds within) {
  Chance& chance = stage_.chance;
  const auto changes = chance.below(8);
  for (std::uint64_t n = 0; n < changes; ++n) {
    const auto at = chance.between(10'000, within.count());
    const auto decided = stage_.decision("an operator changes a sale at {} ms", at / 1'000);
    if (!decided) continue;
    Person& who = somebody(*decided);
    later(at, [this, &who] { change_a_sale(who); });
  }
  if (!chance.percent(30)) return;
  const auto sale = chance.below(sales_.size());
  const auto at = chance.between(100'000, within.count());
  if (const auto decided = stage_.decision("a sale is wound up at {} ms", at / 1'000)) {
    Person& who = somebody(*decided);
    later(at, [this, &who, sale] { wind_up(who, sale, 20); });
  }
}

void Crowd::run_errand(Person& who, std::uint64_t shopper) {
  Chance& chance = who.chance;
  Buy errand{.sale = sales_[chance.below(sales_.size())].name};
  errand.buyer = *Buyer::from(fmt::format("b{}", chance.percent(80) ? shopper : shopper / 4));
  errand.key = *Key::from(fmt::format("k{}", chance.below(4)));
  errand.quantity = chance.percent(80) ? 1U : 2U;
  if (chance.percent(10)) return buy_namelessly(who, errand.sale);
  buy(who, errand, 3);
  if (chance.percent(30)) buy(who, errand, 0);  // double click
  if (chance.percent(2)) {                      // and a finger that does not leave the button
    for (int n = 0; n < 20; ++n) buy(who, errand, 0);
  }
  Buy other = errand;
  other.quantity = 3 - errand.quantity;
  if (chance.percent(5)) buy(who, other, 0);  // the same key for something else …
  if (chance.percent(10)) {                   // … or later
    later(chance.delay(1'000'000, 4'000'000), [this, &who, other] { buy(who, other, 0); });
  }
}

// The demo's wire: no name, no key.
void Crowd::buy_namelessly(Person& who, const SaleName& sale) {
  const std::string name = fmt::format("anon-{}", ++nameless_);
  want(who,
       Buy{.sale = sale,
           .buyer = *Buyer::from(name),
           .key = *Key::from(name),
           .quantity = 1,
           .anonymous = true},
       nullptr, /*once=*/true);
}

void Crowd::buy(Person& who, const Buy& errand, int times_more) {
  want(who, errand, [this, &who, errand, times_more](const Verdict& verdict) {
    if (verdict.gives()) return own(who, errand, verdict.order);
    if (times_more == 0 || !who.chance.percent(60)) return;
    later(who.chance.delay(500'000, 3'000'000),
          [this, &who, errand, times_more] { buy(who, errand, times_more - 1); });
  });
}

// Whoever has an order pays, or not, in time, or not.
void Crowd::own(Person& who, const Buy& errand, OrderId order) {
  Chance& chance = who.chance;
  owned_.push_back(order);
  const std::string payment = fmt::format("p{}", ++payments_);
  const auto at = chance.delay(1'000'000, 6'000'000);
  const auto soon = at + chance.between(0, 500'000);
  const auto pays = [this, &who, order](std::string id, std::int64_t amount) {
    return [this, &who, order, id = std::move(id), amount] { pay(who, order, id, amount); };
  };
  const auto cancels = [this, &who, order] { cancel(who, order); };
  if (chance.percent(20)) later(soon, [this, &who, order] { want(who, LookAsk{order}); });
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
    case 10: return later(at, [this, &who, errand] { buy(who, errand, 0); });
    default: return;
  }
}

void Crowd::pay(Person& who, OrderId order, const std::string& payment, std::int64_t amount) {
  want(who, PayAsk{order, *PaymentId::from(payment), amount});
}

// All that came in at night, at once: for this order or that.
void Crowd::pay_a_batch(Person& till) {
  if (owned_.empty()) return;
  stage_.reached("a batch of payments");
  for (int n = 0; n < 40; ++n) {
    const OrderId order = owned_[till.chance.below(owned_.size())];
    pay(till, order, fmt::format("batch-{}", ++payments_), 990);
  }
}

void Crowd::cancel(Person& who, OrderId order) { want(who, CancelAsk{order}); }

// A new key each time: what ends it is that a buyer gets so many orders and no more.
void Crowd::buy_and_let_go(Person& who, const SaleName& sale, std::uint32_t bot, int times) {
  if (times == 0 || calm_) return;
  const Buy errand{
      .sale = sale, .buyer = *Buyer::from("bot"), .key = *Key::from(fmt::format("bot-{}", bot))};
  want(who, errand, [this, &who, sale, bot, times](const Verdict& verdict) {
    const auto again = [this, &who, sale, bot, times](const auto&...) {
      buy_and_let_go(who, sale, bot + 1, times - 1);
    };
    if (verdict.gives()) {
      want(who, CancelAsk{verdict.order}, again);
    } else {
      later(who.chance.delay(20'000, 200'000), again);
    }
  });
}

// Often as one: in the same instant, at the same node, with the same patience.
void Crowd::probe(const SaleName& sale, std::uint32_t strangers) {
  const bool as_one = stage_.chance.percent(50);
  const Chance everybodys = stage_.chance.split();
  for (std::uint32_t n = 0; n < strangers; ++n) {
    const Buy stranger{.sale = sale,
                       .buyer = *Buyer::from(fmt::format("stranger-{}", ++strangers_)),
                       .key = *Key::from("k")};
    want(somebody(as_one ? everybodys : stage_.chance.split()), stranger);
  }
}

// ---- asking ----

Crowd::Id Crowd::want(Person& who, Ask ask, std::function<void(const Verdict&)> then, bool once) {
  requests_.push_back({.who = &who, .ask = ask, .then = std::move(then), .once = once});
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
  Chance& chance = request.who->chance;
  const std::uint64_t call = ++next_call_;
  Node& to = any_node(chance);
  calls_[call] = {id, &to};
  request.last_call = call;
  ++request.asked;
  stage_.trace("crowd", "{}{}", to_text(request.ask), request.asked > 1 ? ", again" : "");
  if (!lost(*request.who)) {
    later(chance.delay(500, 100'000), [this, id, call, &to, &chance] {
      if (!to.ask({call, requests_[id].ask})) {  // nobody listens there
        if (requests_[id].once) return;
        later(chance.delay(50'000, 200'000), [this, id, call] {
          if (requests_[id].last_call == call) send(id);
        });
      }
    });
  }
  later(chance.delay(400'000, 1'500'000), [this, id, call] { lose_patience(id, call); });
}

void Crowd::lose_patience(Id id, std::uint64_t call) {
  Request& request = requests_[id];
  if (request.done || request.last_call != call) return;
  Chance& chance = request.who->chance;
  if (chance.percent(50)) calls_.at(call).to->leave(call);
  if (request.once) {
    request.done = true;
    return;
  }
  const bool keeps_on = chance.percent(90) || calm_;
  if (keeps_on) return send(id);
  stage_.reached("somebody gives up");
  request.gave_up = true;
}

void Crowd::hear(std::uint64_t call, const Verdict& verdict) {
  Person& who = *requests_[calls_.at(call).id].who;
  if (lost(who)) return;
  later(who.chance.delay(500, 100'000), [this, call, verdict] { arrive(call, verdict); });
}

void Crowd::arrive(std::uint64_t call, const Verdict& verdict) {
  const Id id = calls_.at(call).id;
  Request& request = requests_[id];
  check_it_is_mine(request, verdict);
  if (request.done) return;
  if (!request.once && !is_final(request.ask, verdict.outcome)) {
    later(request.who->chance.delay(100'000, 300'000), [this, id, call] {
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
