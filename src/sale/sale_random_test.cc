// The sale under random schedules, and what a refusal costs.
#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>
#include <random>

#include "sale/test_shop.h"
#include "support/dice.h"

namespace {
std::atomic<std::uint64_t> allocations = 0;
}  // namespace

// This program counts what it allocates. (The sanitizers' own checks of new and delete give way.)
// NOLINTBEGIN(misc-new-delete-overloads)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND(misc-new-delete-overloads)

namespace seckill {
namespace {

using enum Outcome;

// Promise 4: a bot with 10,000 keys, a crowd at a sold-out sale, people who come too early: none of
// them costs a record or an allocation.
TEST(Sale, A10_ARefusalLeavesNoTrace) {
  SaleTerms early = terms_of(3, "hat", 10);
  early.starts_at = RawTime{INT64_MAX / 2};
  Shop shop({terms_of(1, "car", 1), terms_of(2, "toy", 100'000, /*per_buyer=*/1), early});
  shop.buy("car", "anna", "k1");
  shop.buy("toy", "bot", "k1");
  shop.turn();
  const auto turns = shop.journal.turns.size();
  const auto refuse = [&](const Buy& buy, Outcome expected) {
    const Event event(std::in_place_type<Asked>, Who{9, 9}, buy);
    const Wishes wishes = shop.sale->step(shop.now, event);
    return wishes.answers.size() == 1 && wishes.answers[0].verdict.outcome == expected &&
           wishes.append.empty();
  };
  std::vector<Buy> bots;
  for (int n = 0; n < 10'000; ++n) bots.push_back(buy_of("toy", "bot", "x" + std::to_string(n)));
  const Buy sold_out = buy_of("car", "carl", "k1"), too_early = buy_of("hat", "carl", "k1");
  const Buy unknown = buy_of("bus", "carl", "k1"), replayed = buy_of("car", "anna", "k1");
  refuse(unknown, kUnknownSale);  // the vector of answers has its memory now

  const auto before = allocations.load();
  int wrong = 0;
  for (const Buy& buy : bots) {
    wrong += !refuse(buy, kLimitReached) + !refuse(sold_out, kSoldOut) +
             !refuse(too_early, kNotStarted) + !refuse(unknown, kUnknownSale) +
             !refuse(replayed, kReplayed);
  }
  EXPECT_EQ(allocations.load() - before, 0u);
  EXPECT_EQ(wrong, 0);
  shop.turn();
  EXPECT_EQ(shop.journal.turns.size(), turns);
  EXPECT_EQ(shop.sale->waiting(), 0u);
}

// A crowd without manners: few buyers, few keys, wrong bodies, payments, cancellations, an
// operator, time that jumps both ways, appends that come back, get lost, or turn up late.
class Schedule {
 public:
  explicit Schedule(std::uint64_t seed)
      : random_(seed), shop_({terms_of(1, "car", 20, 2, milliseconds(3'000)), toy_}, limits()) {}

  void run(int steps) {
    for (int n = 0; n < steps; ++n) {
      step();
      ASSERT_LE(shop_.sale->waiting(), 60u);
    }
    shop_.journal.room_now = Room::kPlenty;
    for (int n = 0; n < 100 && !shop_.sale->quiet(); ++n) shop_.turn();
    ASSERT_TRUE(shop_.sale->quiet());
    ASSERT_EQ(shop_.told(), shop_.asked());  // I11: everybody, once (twice would have thrown)
    check_what_was_told();
  }

 private:
  static SaleLimits limits() {
    return {.waiting_max = 50, .lane_max = 10, .turn_claims = 8, .turn_lane = 3, .flush_at = 5};
  }
  std::uint64_t die(std::uint64_t sides) { return random_() % sides; }

  void step() {
    shop_.pass(milliseconds(static_cast<std::int64_t>(die(4))));
    if (die(200) == 0) {
      shop_.now.raw = shop_.now.raw + milliseconds(static_cast<int>(die(8'000)) - 3'000);
    }
    if (die(100) == 0) shop_.journal.room_now = static_cast<Room>(die(3));
    const auto what = die(20);
    if (what < 11) return buy();
    if (what < 13) return pay_or_cancel();
    if (what < 14) return change_terms();
    if (what < 16) return shop_.shell->idle();
    if (shop_.shell->wake() <= shop_.now.steady) shop_.shell->pass();
    append_ends();
  }

  void buy() {
    const std::string buyer = "b" + std::to_string(die(30));
    const std::string key = "k" + std::to_string(die(3));
    const std::uint32_t quantity = die(10) == 0 ? 2 : 1;
    const Buy buy = buy_of(die(2) == 0 ? "car" : "toy", buyer, key, quantity);
    asked_.emplace_back(shop_.ask(buy), buy);
  }

  void pay_or_cancel() {
    if (asked_.empty()) return;
    const Who who = asked_[die(asked_.size())].first;
    if (!shop_.told(who)) return;
    const OrderId order = shop_.verdict(who).order;
    const auto payment = *PaymentId::from("p" + std::to_string(die(500)));
    die(2) == 0 ? shop_.ask(PayAsk{order, payment, 1}) : shop_.ask(CancelAsk{order});
  }

  void change_terms() {
    SaleTerms terms = shop_.sale->ledger().sale(toy_.uid)->terms;
    ++terms.version;
    terms.stock += static_cast<std::uint32_t>(die(3));
    terms.standing = die(4) == 0 ? Standing::kPaused : Standing::kActive;
    shop_.ask(SaleAsk{terms});
  }

  void append_ends() {
    if (!shop_.journal.flying()) return;
    switch (die(12)) {
      case 0: shop_.journal.lose(); break;
      case 1: late_.push_back(shop_.journal.delay()); break;
      case 2:
        if (!late_.empty()) {
          shop_.journal.write(late_.back(), shop_.now.raw);
          late_.pop_back();
        }
        break;
      default: shop_.journal.come_back();
    }
    shop_.shell->pump();
  }

  // I5, I8: whoever was told of an order has it in a replay of the paper, one order to a key; I4:
  // the ledger's limit holds beside all this; in flight is empty when nobody waits, so whoever can
  // be sold to is sold to.
  void check_what_was_told() {
    Ledger replayed;
    Changes changes;
    for (const Entry& entry : shop_.journal.entries()) replayed.apply(entry, changes);
    ASSERT_EQ(replayed.digest(), shop_.sale->ledger().digest());
    for (const auto& [who, buy] : asked_) {
      const Verdict verdict = shop_.verdict(who);
      if (!verdict.gives()) continue;
      ASSERT_NE(replayed.find(verdict.order), nullptr);
      ASSERT_EQ(verdict.order, claim_of(buy, replayed.sale(buy.sale)->terms).order);
    }
    SaleTerms terms = shop_.sale->ledger().sale(toy_.uid)->terms;
    ++terms.version;
    terms.standing = Standing::kActive;
    shop_.ask(SaleAsk{terms});
    shop_.turn();
    const auto left = shop_.sale->ledger().sale(toy_.uid)->available();
    for (std::uint32_t n = 0; n <= left; ++n) {
      const Who who = shop_.buy("toy", "new" + std::to_string(n), "k");
      shop_.turn();
      ASSERT_EQ(shop_.outcome(who), n < left ? kWon : kSoldOut);
    }
  }

  std::mt19937_64 random_;
  SaleTerms toy_ = terms_of(2, "toy", 30);
  Shop shop_;
  std::vector<std::pair<Who, Buy>> asked_;
  std::vector<std::vector<Record>> late_;
};

TEST(Sale, KeepsItsPromisesUnderAnySchedule) {
  const std::uint64_t seed = seed_of_this_run();
  for (std::uint64_t round = 0; round < 100; ++round) {
    SCOPED_TRACE("SECKILL_SEED=" + std::to_string(seed + round));
    Schedule(seed + round).run(1'500);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace seckill
