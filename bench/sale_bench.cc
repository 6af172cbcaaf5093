// The sale's share of a request: from the ask to the answer, with a journal that is memory.
#include <benchmark/benchmark.h>
#include <optional>
#include <string>
#include <vector>

#include "model/codec.h"
#include "sale/shell.h"

namespace seckill {
namespace {

// What is appended comes back when it is asked for; nothing is kept.
class RamJournal final : public Journal {
 public:
  void append(std::span<const Record> records, RawTime stamp) override {
    bytes_.clear();
    entries_.clear();
    std::vector<std::size_t> ends;
    for (const Record& record : records) encode(record, bytes_), ends.push_back(bytes_.size());
    std::size_t from = 0;
    for (std::size_t n = 0; n < records.size(); from = ends[n++]) {
      const auto bytes = std::span<const std::byte>(bytes_).subspan(from, ends[n] - from);
      entries_.push_back({end_, stamp, bytes, records[n]});
      end_ = next(end_);
    }
    back_ = true;
  }
  std::optional<JournalEvent> poll() override {
    if (!std::exchange(back_, false)) return std::nullopt;
    return CameBack{entries_};
  }
  int wake_fd() const override { return -1; }
  Room room() const override { return Room::kPlenty; }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<std::byte> bytes_;
  std::vector<Entry> entries_;
  Position end_{};
  bool back_ = false;
};

struct Shop {
  explicit Shop(std::uint32_t stock)
      : sale(started(stock), Node{1}),
        shell(
            sale, journal, [] { return Now{{1'000}, {1'000}}; },
            [this](std::span<const Answer> answers) { answered += answers.size(); },
            [](const std::string&) {}) {}

  Ledger started(std::uint32_t stock) {
    SaleTerms terms{.uid = SaleUid{1},
                    .name = *SaleName::from("car"),
                    .stock = stock,
                    .per_buyer = 1,
                    .orders_max = stock};
    const std::vector<Record> records{{{}, Tick{kNewestRules}}, {{}, SaleRecord{terms}}};
    journal.append(records, RawTime{1'000});
    (void)journal.poll();
    Ledger ledger;
    Changes changes;
    for (const Entry& entry : journal.entries()) ledger.apply(entry, changes);
    return ledger;
  }
  void turn() {
    shell.idle();
    shell.pump();
  }

  RamJournal journal;
  std::uint64_t answered = 0;
  Sale sale;
  Shell shell;
};

Buy buy_of(std::uint64_t n) {
  return {*SaleName::from("car"), *Buyer::from("buyer-" + std::to_string(n)), *Key::from("key-1")};
}

// Sold out: the answer that most people get.
void Refuse(benchmark::State& state) {
  Shop shop(1);
  shop.shell.ask({}, buy_of(0));
  shop.turn();
  std::vector<Ask> asks;
  for (std::uint64_t n = 1; n <= 1'000; ++n) asks.emplace_back(buy_of(n));
  std::size_t at = 0;
  for (auto _ : state) {
    shop.shell.ask({}, asks[at]);
    at = (at + 1) % asks.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(shop.answered));
}
BENCHMARK(Refuse);

// Won, in turns of that many.
void Sell(benchmark::State& state) {
  const auto turn = static_cast<std::uint64_t>(state.range(0));
  constexpr std::uint64_t kStock = 1'000'000;
  std::optional<Shop> shop;
  std::vector<Ask> asks(turn);
  std::uint64_t sold = kStock;
  for (auto _ : state) {
    state.PauseTiming();
    if (sold + turn > kStock) shop.emplace(kStock), sold = 0;
    for (auto& ask : asks) ask = buy_of(sold++);
    state.ResumeTiming();
    for (std::uint32_t n = 0; n < turn; ++n) shop->shell.ask({n, 0}, asks[n]);
    shop->turn();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(Sell)->Arg(1)->Arg(16)->Arg(250);

}  // namespace
}  // namespace seckill
