#include "journal/file_reader.h"

#include <algorithm>

#include "base/invariant.h"

namespace seckill {
namespace {

constexpr std::size_t kBytesMax = 2 * kBlockBytesMax;  // so that any block fits behind some others

}  // namespace

FileJournalReader::FileJournalReader(DiskReader& disk, Durable durable)
    : disk_(disk), durable_(std::move(durable)) {
  bytes_.reserve(kBytesMax);
}

Result<std::span<const Entry>> FileJournalReader::read(Position from, std::size_t most) {
  invariant(most > 0, "a read wants something");
  if (auto known = hand_out(from, most); !known.empty()) return known;
  if (!walk_ || walk_->position() != from) {
    walk_.emplace(disk_);
    if (Status found = walk_->seek(from); !found) {
      walk_.reset();
      return fail(found.error());
    }
  }
  if (Status gathered = gather(from, most); !gathered) {
    if (entries_.empty()) return fail(gathered.error());  // else: the next read says it
  }
  return hand_out(from, most);
}

std::span<const Entry> FileJournalReader::hand_out(Position from, std::size_t most) {
  if (entries_.empty() || from < entries_.front().position) return {};
  const std::uint64_t skip = number(from) - number(entries_.front().position);
  if (skip >= entries_.size()) return {};
  return std::span<const Entry>(entries_).subspan(skip, std::min(most, entries_.size() - skip));
}

// Whole blocks, small ones together: a consumer's transaction should not be as small as a turn.
Status FileJournalReader::gather(Position from, std::size_t most) {
  entries_.clear();
  bytes_.clear();
  while (entries_.size() < most && bytes_.size() + kBlockBytesMax <= kBytesMax) {
    const auto taken = take_block(from);
    if (!taken) return fail(taken.error());
    if (!*taken) break;
  }
  return {};
}

Result<bool> FileJournalReader::take_block(Position from) {
  if (durable_ && walk_->position() >= durable_()) return false;
  auto block = walk_->next();
  if (!block) return fail(block.error());
  if (!*block) return at_end();
  if ((*block)->end() <= from) return true;
  const std::size_t start = bytes_.size();
  bytes_.insert(bytes_.end(), (*block)->payload.begin(), (*block)->payload.end());
  (*block)->payload = std::span<const std::byte>(bytes_).subspan(start);
  const std::size_t before = entries_.size();
  if (Status good = entries_of(**block, entries_); !good) {
    entries_.resize(before);  // a block is believed whole or not at all
    return fail(damage_at(walk_->last_block(), good.error().message));
  }
  return true;
}

// True: there is more after all.
Result<bool> FileJournalReader::at_end() {
  if (durable_) {
    return fail(damage_at(walk_->place(), std::string(walk_->why()) + ", though it was durable"));
  }
  const auto tail = walk_->judge_end();
  if (!tail) return fail(tail.error());
  return tail->grew;
}

}  // namespace seckill
