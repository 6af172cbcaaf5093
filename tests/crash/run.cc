#include "crash/run.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "base/file_disk.h"
#include "ledger/ledger.h"
#include "model/codec.h"
#include "support/record_stream.h"

namespace seckill::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSegment = 32 << 10;
constexpr std::size_t kTurnsOfALife = 40;
constexpr std::size_t kTurnRecordsMax = 24;  // one such block fits a segment

}  // namespace

FileJournalOptions crash_options(std::uint64_t seed) {
  auto options = small_segments(kSegment);
  options.genesis.nonce = seed;
  return options;
}

std::vector<std::pair<Position, OrderId>> won_by(const std::vector<Kept>& records) {
  Ledger ledger;
  Changes changes;
  std::vector<std::pair<Position, OrderId>> won;
  for (const Kept& kept : records) {
    changes.clear();
    const Verdict said =
        ledger.apply({kept.position, kept.stamp, kept.bytes, kept.record}, changes);
    if (said.outcome == Outcome::kWon) won.emplace_back(kept.position, said.order);
  }
  return won;
}

Run::Run(std::uint64_t seed, std::string directory)
    : seed_(seed), dice_(seed), directory_(std::move(directory)) {
  RecordStream stream(seed, {.wild = 0, .new_sale = 60});
  (void)stream.next();  // the first tick: the journal writes its own
  for (int n = 0; n < 4'000; ++n) crowd_.push_back(stream.next().record);
  now_ = crash_options(seed).genesis.stamp;
}

void Run::put_files(const Files& files) const {
  fs::remove_all(directory_);
  fs::create_directory(directory_);
  for (const auto& [name, bytes] : files) {
    std::ofstream(fs::path(directory_) / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
}

Result<Life> Run::live() {
  put_files(files_);
  Life life{.before = files_, .asked = told_, .told_before = told_.size()};
  {
    auto real = FileDisk::open(directory_);
    if (!real) return fail(real.error());
    RecordingDisk disk(**real, life.steps);
    life.sector = disk.sector();
    std::unique_ptr<FileJournal> journal;
    if (Status good = recover(disk, journal, life); !good) return fail(good.error());
    if (Status good = work(*journal, life); !good) return fail(good.error());
  }
  // The next one begins where the power went, at any step of this one.
  Medium medium(life.before);
  const std::size_t steps = dice_() % (life.steps.size() + 1);
  std::size_t told = life.told_before;
  for (std::size_t n = 0; n < steps; ++n) {
    medium.take(life.steps[n]);
    if (life.steps[n].what == Step::What::kTold) told = life.steps[n].size;
  }
  told_.assign(life.asked.begin(), life.asked.begin() + static_cast<std::ptrdiff_t>(told));
  files_ = medium.after_power_cut(kFates[dice_() % kFates.size()], dice_);
  return life;
}

Status Run::recover(Disk& disk, std::unique_ptr<FileJournal>& journal, Life& life) {
  std::vector<Kept> found;
  auto opened = FileJournal::open(disk, crash_options(seed_), keeping(found));
  if (!opened) return fail(opened.error());
  if (found.size() < told_.size() || !std::equal(told_.begin(), told_.end(), found.begin()))
    return fail(Error::Code::kFailed,
                fmt::format("told {} records, found {}", told_.size(), found.size()));
  journal = std::move(*opened);
  life.asked = found;
  life.steps.insert(life.steps.begin(), {.what = Step::What::kAsked, .size = found.size()});
  life.steps.push_back({.what = Step::What::kTold, .size = found.size()});
  return {};
}

void Run::ask(FileJournal& journal, Life& life) {
  const std::size_t count = 1 + dice_() % kTurnRecordsMax;
  if (next_ + count > crowd_.size()) next_ = 0;
  const auto records = std::span<const Record>(crowd_).subspan(next_, count);
  next_ += count;
  now_ = now_ + milliseconds(static_cast<std::int64_t>(dice_() % 3'000));
  for (const Record& record : records) {
    Kept kept{Position{life.asked.size()}, now_, {}, record};
    encode(record, kept.bytes);
    life.asked.push_back(std::move(kept));
  }
  life.steps.push_back({.what = Step::What::kAsked, .size = life.asked.size()});
  journal.append(records, now_);
}

Status Run::work(FileJournal& journal, Life& life) {
  for (std::size_t turns = 1 + dice_() % kTurnsOfALife; turns > 0; --turns) {
    const std::size_t before = life.asked.size();
    ask(journal, life);
    const auto event = await(journal);
    const auto* back = event ? std::get_if<CameBack>(&*event) : nullptr;
    if (back == nullptr)
      return fail(Error::Code::kFailed, "the machine's disk failed: no run to record");
    std::vector<Kept> kept;
    keep_all(back->entries, kept);
    if (!std::equal(kept.begin(), kept.end(),
                    life.asked.begin() + static_cast<std::ptrdiff_t>(before), life.asked.end()))
      return fail(Error::Code::kFailed, "other records came back than were asked for");
    life.steps.push_back({.what = Step::What::kTold, .size = life.asked.size()});
  }
  return {};
}

}  // namespace seckill::testing
