#include "journal/block.h"

#include <fmt/format.h>

#include "base/crc32c.h"
#include "base/invariant.h"
#include "journal/bytes.h"

namespace seckill {
namespace {

constexpr std::uint32_t kMagic = 0x4b424b53;  // "SKBK"
constexpr std::size_t kFormat = 4, kHeadBytes = 6, kFirst = 8, kRecords = 16, kPayloadBytes = 20,
                      kStamp = 24, kPredecessor = 32, kCrc = 36;
constexpr std::size_t kHeadBytesMax = kSectorMin;

// The payload is `records` lengths with as many bytes each, and nothing else.
bool well_formed(std::span<const std::byte> payload, std::uint32_t records) {
  for (std::uint32_t i = 0; i < records; ++i) {
    if (payload.size() < 4) return false;
    const auto size = load_at<std::uint32_t>(payload, 0);
    if (size > kRecordBytesMax || size > payload.size() - 4) return false;
    payload = payload.subspan(4 + size);
  }
  return payload.empty();
}

}  // namespace

std::uint32_t encode_block(Position first, RawTime stamp, std::uint32_t predecessor,
                           std::span<const Record> records, std::vector<std::byte>& to) {
  invariant(!records.empty() && records.size() <= kTurnMax, "a block holds 1..kTurnMax records");
  const std::size_t start = to.size();
  to.resize(start + kBlockHeadBytes);
  for (const Record& record : records) {
    const std::size_t at = to.size();
    to.resize(at + 4);
    encode(record, to);
    const std::size_t size = to.size() - at - 4;
    invariant(size <= kRecordBytesMax, "a record fits into kRecordBytesMax");
    store_at(std::span(to), at, static_cast<std::uint32_t>(size));
  }
  const auto block = std::span(to).subspan(start);
  const auto payload = block.subspan(kBlockHeadBytes);
  store_at(block, 0, kMagic);
  store_at(block, kFormat, kBlockFormat);
  store_at(block, kHeadBytes, static_cast<std::uint16_t>(kBlockHeadBytes));
  store_at(block, kFirst, number(first));
  store_at(block, kRecords, static_cast<std::uint32_t>(records.size()));
  store_at(block, kPayloadBytes, static_cast<std::uint32_t>(payload.size()));
  store_at(block, kStamp, stamp.ms);
  store_at(block, kPredecessor, predecessor);
  const std::uint32_t crc = crc32c(payload, crc32c(block.first(kCrc)));
  store_at(block, kCrc, crc);
  return crc;
}

std::size_t claimed_block_bytes(std::span<const std::byte> bytes) {
  if (bytes.size() < kBlockHeadBytes || load_at<std::uint32_t>(bytes, 0) != kMagic) return 0;
  const std::size_t head = load_at<std::uint16_t>(bytes, kHeadBytes);
  const std::size_t payload = load_at<std::uint32_t>(bytes, kPayloadBytes);
  if (head < kBlockHeadBytes || head > kHeadBytesMax) return 0;
  if (payload > kBlockBytesMax - kBlockHeadBytes) return 0;
  return head + payload;
}

tl::expected<Block, Damage> read_block(std::span<const std::byte> bytes) {
  const auto damaged = [](const char* why, bool sealed) {
    return tl::unexpected(Damage{why, sealed});
  };
  const std::size_t size = claimed_block_bytes(bytes);
  if (size == 0) return damaged("no block starts here", false);
  if (size > bytes.size()) return damaged("the block runs beyond the end of the file", false);
  const std::size_t head = load_at<std::uint16_t>(bytes, kHeadBytes);
  const auto payload = bytes.subspan(head, size - head);
  const auto crc = load_at<std::uint32_t>(bytes, head - 4);
  if (crc32c(payload, crc32c(bytes.first(head - 4))) != crc) {
    return damaged("the block's CRC is wrong", false);
  }
  if (load_at<std::uint16_t>(bytes, kFormat) != kBlockFormat || head != kBlockHeadBytes) {
    return damaged("the block's format is none that this program knows (written by a newer one?)",
                   true);
  }
  Block block;
  block.first = Position{load_at<std::uint64_t>(bytes, kFirst)};
  block.records = load_at<std::uint32_t>(bytes, kRecords);
  block.stamp = {load_at<std::int64_t>(bytes, kStamp)};
  block.predecessor = load_at<std::uint32_t>(bytes, kPredecessor);
  block.crc = crc;
  block.payload = payload;
  if (block.records == 0 || block.records > kTurnMax || !well_formed(payload, block.records)) {
    return damaged("the block's CRC is right, but its records are not laid out as ours", true);
  }
  return block;
}

Status entries_of(const Block& block, std::vector<Entry>& to) {
  std::span<const std::byte> left = block.payload;
  for (Position at = block.first; at != block.end(); at = next(at)) {
    const auto bytes = left.subspan(4, load_at<std::uint32_t>(left, 0));
    left = left.subspan(4 + bytes.size());
    auto record = decode(bytes);
    if (!record) {
      return fail(Error::Code::kCorrupt,
                  fmt::format("record {}: {}", number(at), record.error().message));
    }
    to.push_back({at, block.stamp, bytes, *record});
  }
  return {};
}

}  // namespace seckill
