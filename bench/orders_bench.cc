// What the rows cost: the consumer by itself, on a journal of anonymous purchases, as the demo's
// wire makes them. Each step does what the one before it does, and more.
#include <benchmark/benchmark.h>
#include <memory>
#include <poll.h>
#include <string>
#include <vector>

#include "base/file_disk.h"
#include "journal/file_journal.h"
#include "journal/file_reader.h"
#include "orders/consumer.h"
#include "orders/sqlite_orders.h"
#include "support/temp_dir.h"

namespace seckill {
namespace {

constexpr std::uint32_t kOrders = 500'000;
constexpr std::size_t kTurn = 250;

void append(FileJournal& journal, std::span<const Record> records) {
  journal.append(records, RawTime{1});
  while (!journal.poll()) {
    pollfd wake{journal.wake_fd(), POLLIN, 0};
    ::poll(&wake, 1, 1000);
  }
}

Record reserve_of(const SaleTerms& terms, std::uint64_t n) {
  const std::string name = std::to_string(n);
  const Claim c = claim_of({terms.name, *Buyer::from(name), *Key::from(name)}, terms);
  return {{Node{1}, {}}, Reserve{c.sale, c.order, c.buyer, c.key, c.body, 1, LogTime{0}}};
}

// A directory with one sale and as many purchases as it has units.
const std::filesystem::path& a_rush() {
  static const TempDir directory;
  static const bool filled = [] {
    const auto disk = FileDisk::open(directory.path()).value();
    const auto journal = FileJournal::open(*disk, {}, [](auto) { return Status{}; }).value();
    SaleTerms terms{
        .uid = SaleUid{1}, .name = *SaleName::from("car"), .stock = kOrders, .orders_max = kOrders};
    append(*journal, std::vector<Record>{{{}, SaleRecord{terms}}});
    std::vector<Record> turn;
    for (std::uint64_t n = 0; n < kOrders; ++n) {
      turn.push_back(reserve_of(terms, n));
      if (turn.size() == kTurn) append(*journal, turn), turn.clear();
    }
    return true;
  }();
  benchmark::DoNotOptimize(filled);
  return directory.path();
}

void count(benchmark::State& state) {
  state.counters["per_order"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kOrders,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

template <class Each>
void read_all(Each each) {
  const auto disk = FileDiskReader::open(a_rush()).value();
  FileJournalReader reader(*disk);
  for (Position at{};;) {
    const auto entries = reader.read(at, ConsumerOptions{}.batch_max).value();
    if (entries.empty()) return;
    for (const Entry& entry : entries) each(entry);
    at = next(entries.back().position);
  }
}

void Read(benchmark::State& state) {
  (void)a_rush();
  for (auto _ : state) read_all([](const Entry& entry) { benchmark::DoNotOptimize(&entry); });
  count(state);
}
BENCHMARK(Read)->Unit(benchmark::kMillisecond);

void Apply(benchmark::State& state) {
  (void)a_rush();
  for (auto _ : state) {
    Ledger ledger;
    Changes changes;
    read_all([&](const Entry& entry) {
      changes.clear();
      benchmark::DoNotOptimize(ledger.apply(entry, changes));
    });
  }
  count(state);
}
BENCHMARK(Apply)->Unit(benchmark::kMillisecond);

// Rows that cost nothing.
struct NoOrders : Orders {
  Result<std::optional<Bookmark>> bookmark() override { return mark; }
  Result<Stored> store(const std::optional<Bookmark>&, const Bookmark& becomes,
                       const Rows& rows) override {
    benchmark::DoNotOptimize(&rows);
    mark = becomes;
    return Stored{};
  }
  std::optional<Bookmark> mark;
};

void consume(Orders& orders) {
  const auto disk = FileDiskReader::open(a_rush()).value();
  FileJournalReader reader(*disk);
  Consumer consumer(reader, orders);
  while (consumer.turn(Now{}).value()) {
  }
}

void Fold(benchmark::State& state) {
  (void)a_rush();
  for (auto _ : state) {
    NoOrders orders;
    consume(orders);
  }
  count(state);
}
BENCHMARK(Fold)->Unit(benchmark::kMillisecond);

void Store(benchmark::State& state) {
  (void)a_rush();
  for (auto _ : state) {
    const TempDir directory;
    const auto orders = SqliteOrders::open(directory.file("orders.db")).value();
    consume(*orders);
  }
  count(state);
}
BENCHMARK(Store)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace seckill
