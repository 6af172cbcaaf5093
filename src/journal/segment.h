// A journal's blocks lie in segments: files 00000001.seg, 00000002.seg, … of one directory.
//
// A segment is made whole, of zeros, and never recycled: whatever is in it is this journal's own.
// Its head and its first block are one write, so a spare is a file of zeros and nothing else. A
// block that does not fit any more opens the next segment: blocks never span two.
//
//   offset  size  field
//        0     4  magic          "SKSG"
//        4     2  format         kSegmentFormat
//        6     2  head bytes     44
//        8     4  number         1, 2, …: also the file's name
//       12     4  sector         bytes; the first block starts there, each block on a multiple
//       16     8  segment bytes  of the whole file
//       24    16  identity       hash of record 0: which journal this is (J7)
//       40     4  CRC32C         of all bytes before it
//                 zeros up to the first block
//
// In every later format magic, format and head bytes keep their places and the CRC ends the head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "journal/block.h"
#include "model/ids.h"

namespace seckill {

inline constexpr std::uint16_t kSegmentFormat = 1;
inline constexpr std::size_t kSegmentHeadBytes = 44;

struct SegmentHead {
  std::uint32_t number = 0;
  std::uint32_t sector = 0;
  std::uint64_t segment_bytes = 0;
  RecordHash identity;
};

// A place in the journal, as errors name it.
struct Place {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
};

std::string segment_name(std::uint32_t number);  // "00000001.seg"
// Nothing when the name is not one that segment_name() gives.
std::optional<std::uint32_t> segment_number(std::string_view name);
// "segment 2 (00000002.seg), offset 4096"
std::string to_text(const Place& place);

// Needs: to.size() >= kSegmentHeadBytes.
void encode_segment_head(const SegmentHead& head, std::span<std::byte> to);
tl::expected<SegmentHead, Damage> read_segment_head(std::span<const std::byte> bytes);

}  // namespace seckill
