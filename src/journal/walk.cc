#include "journal/walk.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "base/invariant.h"
#include "journal/bytes.h"

namespace seckill {
namespace {

constexpr std::size_t kChunk = 256 << 10;  // what a window reads at least: it stays in the cache

bool all_zero(std::span<const std::byte> bytes) {
  return bytes.empty() || (bytes[0] == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

Result<tl::expected<Block, Damage>> block_at(Window& window, std::uint64_t offset) {
  const auto head = window.at(offset, kBlockHeadBytes);
  if (!head) return fail(head.error());
  const std::size_t claimed = claimed_block_bytes(*head);
  const auto whole = window.at(offset, std::max(claimed, kBlockHeadBytes));
  if (!whole) return fail(whole.error());
  return read_block(*whole);
}

}  // namespace

Error damage_at(const Place& place, std::string_view why) {
  return {Error::Code::kCorrupt,
          fmt::format("journal: {}: {}; do not restart: see the runbook", to_text(place), why)};
}

Result<std::span<const std::byte>> Window::at(std::uint64_t offset, std::size_t bytes) {
  if (offset < start_ || offset + bytes > start_ + filled_) {
    buffer_.resize(std::max({buffer_.size(), bytes, kChunk}));
    filled_ = 0;
    const auto got = disk_->read(name_, offset, buffer_);
    if (!got) return fail(got.error());
    start_ = offset;
    filled_ = *got;
  }
  const std::size_t skip = offset - start_;
  return std::span<const std::byte>(buffer_).subspan(skip, std::min(bytes, filled_ - skip));
}

Result<std::vector<std::uint32_t>> Walk::segments() {
  const auto names = disk_.list();
  if (!names) return fail(names.error());
  std::vector<std::uint32_t> numbers;
  for (const std::string& name : *names) {
    if (!name.ends_with(".seg")) continue;
    const auto number = segment_number(name);
    if (!number) {
      return fail(Error::Code::kCorrupt,
                  fmt::format("journal: {} is no name of a segment of ours: a foreign file, or a "
                              "renamed one? move it away or give it its name back",
                              name));
    }
    numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<bool> Walk::start() {
  const auto numbers = segments();
  if (!numbers) return fail(numbers.error());
  for (std::uint32_t i = 0; i < numbers->size(); ++i) {
    if ((*numbers)[i] == i + 1) continue;
    return fail(damage_at({i + 1, 0}, fmt::format("the segment is missing, though {} is there",
                                                  segment_name((*numbers)[i]))));
  }
  if (numbers->empty()) return false;
  window_.open(segment_name(1));
  const auto bytes = window_.at(0, kSectorMin);
  if (!bytes) return fail(bytes.error());
  const auto head = read_segment_head(*bytes);
  if (!head) {
    auto fresh = never_written(*numbers);
    if (!fresh) return fail(fresh.error());
    if (*fresh) return false;
    return fail(damage_at({1, 0}, head.error().why));
  }
  spot_.head.identity = head->identity;
  if (Status good = check_head(*head, 1); !good) return fail(good.error());
  spot_.head = *head;
  spot_.offset = head->sector;
  return true;
}

// Nothing but zeros: a journal whose first write never came to be.
Result<bool> Walk::never_written(const std::vector<std::uint32_t>& numbers) {
  for (const std::uint32_t number : numbers) {
    const auto found = scan(number, 0);
    if (!found) return fail(found.error());
    if (found->used_end != 0) return false;
  }
  return true;
}

Status Walk::seek(Position at) {
  const auto numbers = segments();
  if (!numbers) return fail(numbers.error());
  for (auto number = numbers->rbegin(); number != numbers->rend(); ++number) {
    ahead_.open(segment_name(*number));
    const auto bytes = ahead_.at(0, kSectorMin);
    if (!bytes) return fail(bytes.error());
    const auto head = read_segment_head(*bytes);
    if (!head) continue;
    const auto block = block_at(ahead_, head->sector);
    if (!block) return fail(block.error());
    if (!*block || (*block)->first > at) continue;
    spot_.next = (*block)->first;
    spot_.crc = (*block)->predecessor;
    spot_.head.identity = head->identity;
    if (Status good = check_head(*head, *number); !good) return good;
    enter(*head, ahead_);
    return {};
  }
  if (numbers->empty()) {
    return fail(Error::Code::kInvalid,
                "journal: there is no journal here; is the directory right?");
  }
  return fail(damage_at({1, 0}, "neither its head nor its first block can be read"));
}

Result<std::optional<Block>> Walk::next() {
  for (int look = 0; look < 2; ++look) {
    auto block = here();
    if (!block || *block) return block;
    window_.forget();  // it may have been read before it was written
  }
  const auto moved = look_ahead();
  if (moved && *moved) return here();
  if (moved) return std::optional<Block>();
  window_.forget();  // what lies ahead does not fit: so by now, here is a block, or there is damage
  auto block = here();
  if (!block || *block) return block;
  return fail(moved.error());
}

Result<std::optional<Block>> Walk::here() {
  why_ = "the segment ends here";
  if (spot_.offset >= spot_.head.segment_bytes) return std::optional<Block>();
  const auto block = block_at(window_, spot_.offset);
  if (!block) return fail(block.error());
  if (!*block) {
    why_ = block->error().why;
    if (block->error().sealed) return fail(damage_at(place(), why_));
    return std::optional<Block>();
  }
  if (Status good = check_chain(**block, place()); !good) return fail(good.error());
  if (Status good = accept(**block); !good) return fail(good.error());
  return std::optional<Block>(**block);
}

Status Walk::accept(const Block& block) {
  if (block.first == Position{}) {
    const auto first = block.payload.subspan(4, load_at<std::uint32_t>(block.payload, 0));
    if (hash_of(block.stamp, first) != spot_.head.identity) {
      return fail(damage_at(place(), "record 0 is another one than the segment's head names"));
    }
  }
  last_block_ = place();
  spot_.next = block.end();
  spot_.crc = block.crc;
  spot_.offset += round_up(block.bytes(), spot_.head.sector);
  return {};
}

Status Walk::check_chain(const Block& block, const Place& at) const {
  if (block.first > spot_.next) {
    return fail(damage_at(
        place(), fmt::format("records {} to {} are missing: {}, yet {} goes on with record {}",
                             number(spot_.next), number(block.first) - 1, why_, to_text(at),
                             number(block.first))));
  }
  if (!follows(block)) {
    return fail(damage_at(at, fmt::format("the block (record {}) does not follow the one before it "
                                          "(record {} is next): it is of another journal, or of "
                                          "another copy of this one",
                                          number(block.first), number(spot_.next))));
  }
  return {};
}

Status Walk::check_head(const SegmentHead& head, std::uint32_t number) {
  const Place place{number, 0};
  if (head.identity != spot_.head.identity) {
    return fail(
        damage_at(place, fmt::format("the segment is of another journal ({}, not {})",
                                     to_text(head.identity), to_text(spot_.head.identity))));
  }
  if (head.number != number) {
    return fail(
        damage_at(place, fmt::format("the file holds segment {}: was it renamed?", head.number)));
  }
  const auto size = disk_.size(segment_name(number));
  if (!size) return fail(size.error());
  if (*size != head.segment_bytes) {
    return fail(damage_at(place, fmt::format("the file has {} bytes where its head says {}: was it "
                                             "copied only in part?",
                                             *size, head.segment_bytes)));
  }
  return {};
}

// A head or a block that is not whole yet is nothing: judge_end() has the last word.
Result<bool> Walk::look_ahead() {
  const auto numbers = segments();
  if (!numbers) return fail(numbers.error());
  const std::uint32_t number = spot_.head.number + 1;
  ahead_place_ = {number, 0};
  ahead_why_ = "the segment is missing";
  if (!std::binary_search(numbers->begin(), numbers->end(), number)) return false;
  ahead_.open(segment_name(number));
  const auto bytes = ahead_.at(0, kSectorMin);
  if (!bytes) return fail(bytes.error());
  const auto nothing = [this](const Place& at, const Damage& damage) -> Result<bool> {
    ahead_place_ = at;
    ahead_why_ = damage.why;
    if (damage.sealed) return fail(damage_at(at, damage.why));
    return false;
  };
  const auto head = read_segment_head(*bytes);
  if (!head) return nothing({number, 0}, head.error());
  const Place first{number, head->sector};
  const auto block = block_at(ahead_, head->sector);
  if (!block) return fail(block.error());
  if (!*block) return nothing(first, block->error());
  if (Status good = check_head(*head, number); !good) return fail(good.error());
  if (Status good = check_chain(**block, first); !good) return fail(good.error());
  enter(*head, ahead_);
  return true;
}

void Walk::enter(const SegmentHead& head, Window& window) {
  spot_.head = head;
  spot_.offset = head.sector;
  std::swap(window_, window);
}

Result<Walk::Found> Walk::scan(std::uint32_t number, std::uint64_t from) {
  Window window(disk_);
  window.open(segment_name(number));
  Found found;
  for (std::uint64_t at = from;; at += kChunk) {
    auto chunk = window.at(at, kChunk);
    if (!chunk) return fail(chunk.error());
    const std::size_t size = chunk->size();
    if (size == 0) return found;
    if (all_zero(*chunk)) continue;
    for (std::size_t sector = 0; sector < size; sector += kSectorMin) {
      chunk = window.at(at, kChunk);
      if (!chunk) return fail(chunk.error());
      if (chunk->size() <= sector) break;
      const auto bytes = chunk->subspan(sector, std::min(kSectorMin, chunk->size() - sector));
      if (!all_zero(bytes)) found.used_end = at + sector + bytes.size();
      if (found.whole || at + sector == from || claimed_block_bytes(bytes) == 0) continue;
      const auto block = block_at(window, at + sector);
      if (!block) return fail(block.error());
      // The block that is next here: its segment's head was lost, and that is the same write.
      const bool same_write = *block && follows(**block);
      if ((*block && !same_write) || (!*block && block->error().sealed)) {
        found.whole = Place{number, at + sector};
      }
    }
  }
}

Result<Walk::Behind> Walk::survey() {
  const auto numbers = segments();
  if (!numbers) return fail(numbers.error());
  Behind behind;
  for (const std::uint32_t number : *numbers) {
    if (number < spot_.head.number) continue;
    const bool here_it_ends = number == spot_.head.number;
    const std::uint64_t from = here_it_ends ? spot_.offset : 0;
    const auto found = scan(number, from);
    if (!found) return fail(found.error());
    if (!behind.whole) behind.whole = found->whole;
    if (found->used_end <= from) continue;
    behind.used_here |= here_it_ends;
    ++behind.used_segments;
    behind.bytes += found->used_end - from;
  }
  return behind;
}

Result<Tail> Walk::judge_end() {
  const auto behind = survey();
  if (!behind) return fail(behind.error());
  // One write leaves traces in one segment; and record 0 was durable before its file had a name.
  const bool rot = behind->whole || behind->used_segments > 1 || spot_.next == Position{};
  if (!rot) return Tail{false, behind->bytes, place()};

  window_.forget();  // a live writer may have come between: then here is a whole block by now
  const Spot before = spot_;
  const auto block = next();
  if (!block) return fail(block.error());
  if (*block) {
    spot_ = before;
    window_.open(segment_name(before.head.number));
    return Tail{true, 0, place()};
  }
  const bool here_it_is = behind->used_here || spot_.next == Position{} ||
                          (behind->whole && behind->whole->segment == spot_.head.number);
  return fail(damage_at(
      here_it_is ? place() : ahead_place_,
      fmt::format("{}, though {}", here_it_is ? why_ : ahead_why_,
                  behind->whole ? "a whole block lies behind it at " + to_text(*behind->whole)
                                : "it was durable before what lies behind it")));
}

}  // namespace seckill
