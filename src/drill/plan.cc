#include "drill/plan.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <tuple>

namespace seckill {
namespace {

std::vector<std::int64_t> arrivals(const PlanTerms& terms, Dice& dice) {
  std::vector<std::int64_t> at(terms.shoppers, 0);
  const auto over = static_cast<double>(terms.over.count());
  const auto shoppers = static_cast<double>(terms.shoppers);
  if (terms.arrival == Arrival::kRamp) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      at[i] = static_cast<std::int64_t>(over * static_cast<double>(i) / shoppers);
    }
  } else if (terms.arrival == Arrival::kPoisson) {
    // A Poisson process of which we know how many come is that many uniform times, sorted.
    for (std::int64_t& time : at) time = static_cast<std::int64_t>(over * dice.share());
    std::sort(at.begin(), at.end());
  }
  return at;
}

// Exactly so many of them, each with the same chance (Knuth's selection sampling).
std::vector<bool> some_of(std::uint32_t all, std::uint64_t wanted, Dice& dice) {
  std::vector<bool> chosen(all, false);
  for (std::uint32_t i = 0; i < all && wanted > 0; ++i) {
    if (dice.share() * static_cast<double>(all - i) >= static_cast<double>(wanted)) continue;
    chosen[i] = true;
    --wanted;
  }
  return chosen;
}

}  // namespace

const char* to_text(Arrival arrival) {
  switch (arrival) {
    case Arrival::kRamp: return "ramp";
    case Arrival::kBurst: return "burst";
    case Arrival::kPoisson: return "poisson";
  }
  return "?";
}

Result<Arrival> arrival_from(std::string_view text) {
  for (const Arrival known : {Arrival::kRamp, Arrival::kBurst, Arrival::kPoisson}) {
    if (text == to_text(known)) return known;
  }
  return fail(Error::Code::kInvalid,
              fmt::format("drill: --arrival {} is not known; use ramp, burst or poisson", text));
}

Plan plan_of(const PlanTerms& terms) {
  // Three dice, so that one wish does not change what another one draws.
  Dice when(terms.seed), who(terms.seed ^ 0x646f75626c65ULL), gap(terms.seed ^ 0x636c69636bULL);
  Plan plan{.terms = terms};
  const std::vector<std::int64_t> at = arrivals(terms, when);
  const double share = std::clamp(terms.double_click, 0.0, 1.0);
  const auto twice = std::llround(share * static_cast<double>(terms.shoppers));
  plan.double_clickers = some_of(terms.shoppers, static_cast<std::uint64_t>(twice), who);
  plan.clicks.reserve(at.size() + static_cast<std::size_t>(twice));
  for (std::uint32_t shopper = 0; shopper < terms.shoppers; ++shopper) {
    plan.clicks.push_back({at[shopper], shopper, false});
    if (!plan.double_clickers[shopper]) continue;
    const double later = gap.share() * static_cast<double>(kDoubleClickWithin.count());
    plan.clicks.push_back({at[shopper] + static_cast<std::int64_t>(later), shopper, true});
  }
  std::sort(plan.clicks.begin(), plan.clicks.end(), [](const Click& a, const Click& b) {
    return std::tie(a.at_us, a.shopper, a.second) < std::tie(b.at_us, b.shopper, b.second);
  });
  return plan;
}

std::string buyer_of(std::uint32_t shopper) { return fmt::format("u{}", shopper + 1); }

std::string key_of(std::uint64_t seed, std::uint32_t shopper) {
  return fmt::format("{:016x}-{}", Dice(seed).next(), shopper + 1);
}

microseconds pause_before_retry(std::uint64_t seed, std::uint32_t click, std::uint32_t attempt,
                                microseconds asked_for) {
  constexpr microseconds kFirst{50'000}, kLongest{2'000'000}, kHeeded{30'000'000};
  const std::uint32_t doublings = std::min(attempt > 0 ? attempt - 1 : 0, 10u);
  const auto base =
      static_cast<double>(std::min(kFirst * (std::int64_t{1} << doublings), kLongest).count());
  Dice dice(seed ^ (std::uint64_t{click} << 20) ^ attempt);
  const microseconds own(static_cast<std::int64_t>(base * (0.5 + dice.share())));
  return asked_for.count() > 0 ? std::min(asked_for, kHeeded) + own : own;
}

}  // namespace seckill
