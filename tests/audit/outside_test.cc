// Three writings of one set of rules: the ledger wrote the rows, ours and a stranger's audit replay
// the journal. Random journals with every kind of record; SECKILL_SEED replays a run.
#include "outside.h"

#include <deque>
#include <gtest/gtest.h>
#include <map>

#include "model/codec.h"
#include "orders/consumer.h"
#include "orders/sqlite_orders.h"
#include "support/dice.h"
#include "support/record_stream.h"

namespace seckill {
namespace {

using namespace testing;

class Recorded final : public JournalReader {
 public:
  Recorded(std::uint64_t seed, std::size_t records) {
    RecordStream stream(seed, {.wild = 0});  // a forged id shows only to who knows the secret
    for (std::size_t n = 0; n < records; ++n) {
      Entry entry = stream.next();
      if (auto* sale = std::get_if<SaleRecord>(&entry.record.body)) keep_secret(sale->terms);
      encode(entry.record, bytes_.emplace_back());
      entry.bytes = bytes_.back();
      entries_.push_back(entry);
    }
  }
  Result<std::span<const Entry>> read(Position from, std::size_t most) override {
    const auto begin = std::min<std::size_t>(number(from), entries_.size());
    return std::span<const Entry>(entries_).subspan(begin, std::min(most, entries_.size() - begin));
  }
  std::span<const Entry> entries() const { return entries_; }

 private:
  // Terms with another secret are refused; a stranger, who sees none, would believe them.
  void keep_secret(SaleTerms& terms) {
    terms.secret = secrets_.try_emplace(terms.uid, terms.secret).first->second;
  }

  std::map<SaleUid, HashKey> secrets_;
  std::vector<Entry> entries_;
  std::deque<std::vector<std::byte>> bytes_;
};

// Rows that are behind are compared where they stand, then those that have caught up.
TEST(Outside, AgreesOverRandomJournals) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  for (std::uint64_t round = 0; round < 4; ++round) {
    const TempDir dir;
    Recorded journal(seed + round, 5'000);
    const std::string file = dir.file("orders.db");
    auto orders = SqliteOrders::open(file).value();
    Consumer consumer(journal, *orders);
    std::uint64_t won = 0;
    for (int turns = 0; consumer.turn({}).value(); ++turns) {
      if (turns != 2 && consumer.stats().next != Position{5'000}) continue;
      auto rows = SqliteOrdersReader::open(file).value();
      const auto ours = audit({.journal = &journal, .rows = rows.get()});
      expect_agreement(outside_audit(dir, {.entries = journal.entries(), .rows = file}), ours);
      if (HasFailure()) return;
      won = ours->sums.won;
    }
    EXPECT_GT(won, 100u) << "a stream that sells nothing proves nothing";
  }
}

}  // namespace
}  // namespace seckill
