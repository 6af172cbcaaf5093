// What the journal costs: a durable turn on this machine's disk, and the way back from a million
// records, beside reading and checking the same bytes.
#include <benchmark/benchmark.h>
#include <poll.h>

#include "base/crc32c.h"
#include "base/file_disk.h"
#include "journal/file_journal.h"
#include "support/temp_dir.h"

namespace seckill {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;

std::vector<Record> turn_of(std::size_t size) {
  std::vector<Record> records;
  for (std::size_t n = 0; n < size; ++n) {
    Reserve reserve;
    reserve.order = OrderId{{n, ~n}};
    reserve.buyer = *Buyer::from("buyer-" + std::to_string(n));
    reserve.key = *Key::from("5f1c3d9e-key-" + std::to_string(n));
    records.push_back({{Node{1}, {static_cast<std::uint32_t>(n), 1}}, reserve});
  }
  return records;
}

std::unique_ptr<FileJournal> open(Disk& disk) {
  return FileJournal::open(disk, {}, [](auto) { return Status{}; }).value();
}

void append(FileJournal& journal, std::span<const Record> records) {
  journal.append(records, RawTime{1});
  while (!journal.poll()) {
    pollfd wake{journal.wake_fd(), POLLIN, 0};
    ::poll(&wake, 1, 1000);
  }
}

// One turn: encode, hand over, write, sync, come back.
void AppendTurn(benchmark::State& state) {
  const TempDir directory;
  const auto disk = FileDisk::open(directory.path()).value();
  const auto journal = open(*disk);
  const auto records = turn_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) append(*journal, records);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(AppendTurn)->Arg(1)->Arg(64)->Arg(256)->UseRealTime();

// A directory with a million records in turns of 64.
const std::filesystem::path& a_million() {
  static const TempDir directory;
  static const bool filled = [] {
    const auto disk = FileDisk::open(directory.path()).value();
    const auto journal = open(*disk);
    const auto records = turn_of(64);
    while (journal->durable() < kMillion) append(*journal, records);
    return true;
  }();
  benchmark::DoNotOptimize(filled);
  return directory.path();
}

void ReadAndCheckAMillion(benchmark::State& state) {
  const auto disk = FileDiskReader::open(a_million()).value();
  std::vector<std::byte> chunk(256 << 10);
  for (auto _ : state) {
    std::uint32_t crc = 0;
    const auto names = disk->list().value();
    for (const std::string& name : names) {
      if (!name.ends_with(".seg")) continue;
      for (std::uint64_t at = 0;; at += chunk.size()) {
        const std::size_t got = disk->read(name, at, chunk).value();
        crc = crc32c(std::span(chunk).first(got), crc);
        if (got < chunk.size()) break;
      }
    }
    benchmark::DoNotOptimize(crc);
  }
}
BENCHMARK(ReadAndCheckAMillion)->Unit(benchmark::kMillisecond);

// All that opening does but the ledger's part: check, decode, and the copy of the last segment.
void RecoverAMillion(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();  // ends the making of a spare that the last opening began
    const auto disk = FileDisk::open(a_million()).value();
    state.ResumeTiming();
    benchmark::DoNotOptimize(open(*disk));
  }
}
BENCHMARK(RecoverAMillion)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace seckill
