// The files of a journal, changed by a stranger: recovery, verify and the reader tell one story,
// recovery twice tells it again, and what is recovered can be built upon. So that more is met than
// wrong CRCs, the stranger may seal what he changed: CRCs, chain and identity.
#include <vector>

#include "base/crc32c.h"
#include "fuzz/fuzz.h"
#include "journal/bytes.h"
#include "journal/file_journal.h"
#include "journal/file_reader.h"
#include "journal/journal_testing.h"
#include "journal/memory_disk.h"
#include "journal/verify.h"
#include "ledger/ledger.h"
#include "support/told_journal.h"

namespace seckill::fuzz {
namespace {

constexpr std::uint64_t kSegment = 4096;

// A journal in which a few things happened, on three segments.
const MemoryDisk::Files& image() {
  static const MemoryDisk::Files files = [] {
    MemoryDisk disk;
    auto journal = FileJournal::open(disk, small_segments(kSegment), [](auto) { return Status{}; });
    invariant(journal.has_value(), "a journal can be made");
    SaleTerms car = testing::terms_of("car", 3, 10);
    for (std::uint64_t turn = 0; turn < 9; ++turn) {
      std::vector<Record> records = records_from(turn * 3, 3);
      if (turn == 1) records.push_back({{}, SaleRecord{car}});
      (*journal)->append(records, RawTime{1'700'000'000'000 + static_cast<std::int64_t>(turn)});
      while (disk.busy()) disk.complete();
      while ((*journal)->poll()) {
      }
      while (disk.busy()) disk.complete();
    }
    return disk.medium;
  }();
  return files;
}

struct Seals {
  bool chain = false;     // positions and predecessors, too
  bool identity = false;  // heads name the record 0 that is there
};

// Blocks of a file get the CRCs that they should have.
void seal_blocks(std::span<std::byte> file, std::size_t at, const Seals& seals, Position& next,
                 std::uint32_t& crc) {
  while (at < file.size()) {
    const std::size_t claimed = claimed_block_bytes(file.subspan(at));
    if (claimed < kBlockHeadBytes || claimed > file.size() - at) return;
    const auto block = file.subspan(at, claimed);
    const std::size_t head = load_at<std::uint16_t>(block, 6);
    if (seals.chain) {
      store_at(block, 8, number(next));
      store_at(block, 32, crc);
    }
    crc = crc32c(block.subspan(head), crc32c(block.first(head - 4)));
    store_at(block, head - 4, crc);
    next = Position{number(next) + load_at<std::uint32_t>(block, 16)};
    at += round_up(claimed, MemoryDisk::kSector);
  }
}

RecordHash identity_of(std::span<const std::byte> file, std::size_t at) {
  if (at >= file.size()) return {};
  const auto block = read_block(file.subspan(at));
  if (!block) return {};
  return hash_of(block->stamp,
                 block->payload.subspan(4, load_at<std::uint32_t>(block->payload, 0)));
}

void seal(MemoryDisk::Files& files, const Seals& seals) {
  Position next{};
  std::uint32_t crc = 0;
  RecordHash identity;
  for (auto& [name, file] : files) {
    if (file.size() < kSegmentHeadBytes) continue;
    const std::size_t first = load_at<std::uint32_t>(file, 12);  // the sector that the head names
    seal_blocks(file, first, seals, next, crc);
    if (name == segment_name(1)) identity = identity_of(file, first);
    if (seals.identity) {
      store_at(std::span(file), 24, identity.bits.hi);
      store_at(std::span(file), 32, identity.bits.lo);
    }
    const std::size_t size = load_at<std::uint16_t>(file, 6);
    if (size >= 8 && size <= file.size() && size <= kSectorMin)
      store_at(std::span(file), size - 4, crc32c(std::span(file).first(size - 4)));
  }
}

// What the stranger does to one file.
void change(MemoryDisk::Files& files, Input& input) {
  const std::uint8_t what = input.byte();
  const std::string name = segment_name(1 + input.byte() % 5);
  const std::size_t at = input.number(2) % (2 * kSegment);
  const auto bytes = std::as_bytes(input.some(input.byte()));
  auto& file = files[name];
  switch (what % 6) {
    case 0: files.erase(name); return;
    case 1: file.resize(at); return;
    case 2: files[name + ".tmp"].assign(bytes.begin(), bytes.end()); return;
    case 3:  // a block's worth of bytes moves elsewhere
      if (at + 512 <= file.size()) {
        auto& to = files[segment_name(1 + input.byte() % 5)];
        to.insert(to.end(), file.begin() + static_cast<std::ptrdiff_t>(at),
                  file.begin() + static_cast<std::ptrdiff_t>(at + 512));
      }
      return;
    default:
      if (file.size() < at + bytes.size()) file.resize(at + bytes.size());
      std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

struct Opened {
  std::optional<Error> error;
  std::vector<Kept> records;
  std::uint64_t torn = 0;
  bool is_new = false;
  Digest digest{};
};

// Recovers, applies everything to a ledger and, if asked, appends one record more.
Opened open(MemoryDisk& disk, bool append) {
  Opened opened;
  Ledger ledger;
  Changes changes;
  const auto visit = [&](std::span<const Entry> entries) {
    keep_all(entries, opened.records);
    if (ledger.halted()) return Status{};
    ledger.apply_all(entries, changes, [&](const Entry&, const Verdict&) {
      changes.clear();
      return !ledger.halted();
    });
    return Status{};
  };
  auto journal = FileJournal::open(disk, small_segments(kSegment), visit);
  if (!journal) {
    opened.error = journal.error();
    return opened;
  }
  opened.torn = (*journal)->recovered().torn_bytes;
  opened.is_new = (*journal)->recovered().is_new;
  opened.digest = ledger.digest();
  while (disk.busy()) disk.complete();
  while ((*journal)->poll()) {
  }
  if (append && (*journal)->room() != Room::kFull) {
    (*journal)->append(records_from(3, 1), RawTime{1'800'000'000'000});
    while (disk.busy()) disk.complete();
    const auto event = (*journal)->poll();
    invariant(event && std::holds_alternative<CameBack>(*event), "what has room comes back");
    keep_all(std::get<CameBack>(*event).entries, opened.records);
  }
  return opened;
}

void check(const MemoryDisk::Files& files) {
  MemoryDisk untouched(files);
  const auto verified = verify(untouched);
  MemoryDisk disk(files);
  const Opened first = open(disk, false);
  if (first.error) {
    invariant(
        first.error->code == Error::Code::kCorrupt || first.error->code == Error::Code::kInvalid,
        "I9 a bad journal is refused by its name");
    invariant(!verified || verified->damage, "verify sees what recovery refuses");
    return;
  }
  if (!first.is_new) {
    invariant(verified && !verified->damage, "verify sees no damage where recovery sees none");
    invariant(verified->records == first.records.size(), "verify counts what recovery visits");
    invariant(verified->torn_bytes == first.torn, "and what it drops");
  }
  FileJournalReader reader(disk);
  const auto read = read_all(reader);
  invariant(read.has_value() && *read == first.records, "the reader reads what was recovered");
  std::size_t bytes = 0;
  for (const auto& [name, file] : disk.medium) bytes += file.size();
  invariant(bytes <= 8 * 8 * kSegment, "I12 recovery makes nothing large");

  MemoryDisk again(disk.medium);
  const Opened second = open(again, true);
  invariant(!second.error && second.torn == 0, "recovery twice: nothing more to drop");
  invariant(second.records.size() >= first.records.size() &&
                std::equal(first.records.begin(), first.records.end(), second.records.begin()),
            "recovery twice: the same records");
  invariant(second.digest == first.digest, "recovery twice: the same ledger");
  MemoryDisk grown(again.medium);
  const Opened third = open(grown, false);
  invariant(!third.error && third.records == second.records, "what came back is there");
}

}  // namespace
}  // namespace seckill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seckill;
  fuzz::Input input(data, size);
  const std::uint8_t flags = input.byte();
  MemoryDisk::Files files = fuzz::image();
  for (int i = 0; i < 16 && !input.ended(); ++i) fuzz::change(files, input);
  if ((flags & 1) != 0) fuzz::seal(files, {(flags & 2) != 0, (flags & 4) != 0});
  fuzz::check(files);
  return 0;
}
