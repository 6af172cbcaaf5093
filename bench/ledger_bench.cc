// The ledger's share of a request: what a refusal, a grant and a replayed record cost.
#include <benchmark/benchmark.h>
#include <deque>
#include <string>
#include <vector>

#include "support/story.h"

namespace seckill {
namespace {

SaleTerms big(std::uint32_t stock) {
  SaleTerms terms = car(stock);
  terms.orders_max = stock;
  terms.per_buyer = 1;
  terms.hold_ms = 60'000;
  return terms;
}

void tell_all(Story& story, std::uint32_t buyers) {
  for (std::uint32_t n = 0; n < buyers; ++n) story.buy("b" + std::to_string(n), "k");
}

// Sold out, asked by buyers that nobody knows.
void JudgeSoldOut(benchmark::State& state) {
  Story story = story_of(big(1'000));
  tell_all(story, 1'000);
  std::vector<Claim> claims;
  for (int n = 0; n < 1'000; ++n) claims.push_back(story.claim("x" + std::to_string(n), "k"));
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(story.ledger.judge(claims[at], {}, story.now));
    at = (at + 1) % claims.size();
  }
}
BENCHMARK(JudgeSoldOut);

struct Journal {
  std::vector<Entry> entries;
  std::deque<std::vector<std::byte>> bytes;

  void add(RawTime stamp, const Record& record) {
    encode(record, bytes.emplace_back());
    entries.push_back({Position{entries.size()}, stamp, bytes.back(), record});
  }
};

// A sale of that many units to as many buyers: creation, then every record a grant.
Journal journal_of(std::uint32_t stock) {
  Journal journal;
  const SaleTerms terms = big(stock);
  journal.add({1}, {{}, Tick{}});
  journal.add({1}, {{}, SaleRecord{terms}});
  for (std::uint32_t n = 0; n < stock; ++n) {
    const Claim c = claim_of(
        {terms.name, *Buyer::from("buyer-" + std::to_string(n)), *Key::from("key-1")}, terms);
    journal.add({1}, {{}, Reserve{c.sale, c.order, c.buyer, c.key, c.body, 1, LogTime{0}}});
  }
  return journal;
}

void ReplayGrants(benchmark::State& state) {
  const Journal journal = journal_of(static_cast<std::uint32_t>(state.range(0)));
  Changes changes;
  for (auto _ : state) {
    Ledger ledger;
    ledger.apply_all(journal.entries, changes, [&](const Entry&, const Verdict& verdict) {
      benchmark::DoNotOptimize(verdict);
      changes.clear();
      return true;
    });
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(journal.entries.size()));
}
BENCHMARK(ReplayGrants)->Arg(1'000)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace seckill
