#include "journal/segment.h"

#include <charconv>
#include <fmt/format.h>

#include "base/crc32c.h"
#include "journal/bytes.h"

namespace seckill {
namespace {

constexpr std::uint32_t kMagic = 0x47534b53;  // "SKSG"
constexpr std::size_t kFormat = 4, kHeadBytes = 6, kNumber = 8, kSector = 12, kSegmentBytes = 16,
                      kIdentity = 24, kCrc = 40;

}  // namespace

std::string segment_name(std::uint32_t number) { return fmt::format("{:08}.seg", number); }

std::optional<std::uint32_t> segment_number(std::string_view name) {
  std::uint32_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  if (number == 0 || segment_name(number) != name) return std::nullopt;
  return number;
}

std::string to_text(const Place& place) {
  return fmt::format("segment {} ({}), offset {}", place.segment, segment_name(place.segment),
                     place.offset);
}

void encode_segment_head(const SegmentHead& head, std::span<std::byte> to) {
  store_at(to, 0, kMagic);
  store_at(to, kFormat, kSegmentFormat);
  store_at(to, kHeadBytes, static_cast<std::uint16_t>(kSegmentHeadBytes));
  store_at(to, kNumber, head.number);
  store_at(to, kSector, head.sector);
  store_at(to, kSegmentBytes, head.segment_bytes);
  store_at(to, kIdentity, head.identity.bits.hi);
  store_at(to, kIdentity + 8, head.identity.bits.lo);
  store_at(to, kCrc, crc32c(to.first(kCrc)));
}

tl::expected<SegmentHead, Damage> read_segment_head(std::span<const std::byte> bytes) {
  const auto damaged = [](const char* why, bool sealed) {
    return tl::unexpected(Damage{why, sealed});
  };
  if (bytes.size() < kSegmentHeadBytes || load_at<std::uint32_t>(bytes, 0) != kMagic) {
    return damaged("no segment of ours starts here", false);
  }
  const std::size_t size = load_at<std::uint16_t>(bytes, kHeadBytes);
  if (size < kSegmentHeadBytes || size > bytes.size() || size > kSectorMin ||
      crc32c(bytes.first(size - 4)) != load_at<std::uint32_t>(bytes, size - 4)) {
    return damaged("the CRC of the segment's head is wrong", false);
  }
  if (load_at<std::uint16_t>(bytes, kFormat) != kSegmentFormat || size != kSegmentHeadBytes) {
    return damaged("the segment's format is none that this program knows (written by a newer one?)",
                   true);
  }
  SegmentHead head;
  head.number = load_at<std::uint32_t>(bytes, kNumber);
  head.sector = load_at<std::uint32_t>(bytes, kSector);
  head.segment_bytes = load_at<std::uint64_t>(bytes, kSegmentBytes);
  head.identity.bits = {load_at<std::uint64_t>(bytes, kIdentity),
                        load_at<std::uint64_t>(bytes, kIdentity + 8)};
  if (head.sector < kSectorMin || head.sector > kSectorMax ||
      (head.sector & (head.sector - 1)) != 0) {
    return damaged("the segment's head names an impossible sector", true);
  }
  return head;
}

}  // namespace seckill
