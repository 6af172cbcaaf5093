// A turn's records become one block of a segment file: what is written, synced and believed as one.
//
// Little-endian, no padding. A block starts on a sector boundary; the rest of its last sector is
// zeros.
//
//   offset  size  field
//        0     4  magic          "SKBK"
//        4     2  format         kBlockFormat; another one is refused, never guessed (I9)
//        6     2  head bytes     40
//        8     8  first          position of the first record
//       16     4  records        1..kTurnMax
//       20     4  payload bytes
//       24     8  stamp          i64 ms: the writer's clock, the time stamp of every record here
//       32     4  predecessor    CRC of the block before, also across segments; 0 for the first
//       36     4  CRC32C         of all bytes before it, and of the payload
//       40        payload        for each record: u32 length, then the bytes of codec.h
//
// In every later format magic, format, head bytes and payload bytes keep their places and the CRC
// ends the head, so that an old program can tell a newer block from a damaged one.
//
// Invariants: (1) no byte of a durable block is ever written again (J1); (2) first and predecessor
// chain each block to the one before: nothing can be missing, swapped or foreign; (3) reading is
// total: any bytes give a block or what is wrong with them, without allocation; (4) the golden file
// journal/golden/block.hex pins every byte of format 1.
//
// What it does badly: a lone buyer's 150 bytes take a whole sector; a block is believed or dropped
// whole, so one bad bit in a turn of 256 costs all of them; and the last block of all has no
// successor that proves it was durable, so damage to it cannot be told from a torn write (J2) until
// the next block, the rows or a TICK lies behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <tl/expected.hpp>
#include <vector>

#include "journal/journal.h"
#include "model/codec.h"
#include "model/record.h"

namespace seckill {

inline constexpr std::uint16_t kBlockFormat = 1;
inline constexpr std::size_t kBlockHeadBytes = 40;
inline constexpr std::size_t kBlockBytesMax = kBlockHeadBytes + kTurnMax * (4 + kRecordBytesMax);
inline constexpr std::size_t kSectorMin = 512;  // every sector is a multiple of it
inline constexpr std::size_t kSectorMax = 64 << 10;

struct Block {
  Position first{};
  std::uint32_t records = 0;
  RawTime stamp;
  std::uint32_t predecessor = 0;
  std::uint32_t crc = 0;
  std::span<const std::byte> payload;

  Position end() const { return Position{number(first) + records}; }
  std::size_t bytes() const { return kBlockHeadBytes + payload.size(); }
};

// Why bytes are no block of ours. Sealed: their CRC is right, so no torn write made them.
struct Damage {
  const char* why = "";
  bool sealed = false;
};

// Appends a block to `to`; returns its CRC. Needs: 1 <= records.size() <= kTurnMax.
std::uint32_t encode_block(Position first, RawTime stamp, std::uint32_t predecessor,
                           std::span<const Record> records, std::vector<std::byte>& to);

// How many bytes the block that starts here says it has: 0 when nothing here looks like one.
std::size_t claimed_block_bytes(std::span<const std::byte> bytes);

// The block that starts at bytes[0]; what lies behind it is ignored.
tl::expected<Block, Damage> read_block(std::span<const std::byte> bytes);

// Appends the block's entries; their bytes lie in the block's payload. kCorrupt: a record does not
// decode.
Status entries_of(const Block& block, std::vector<Entry>& to);

constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint64_t to) {
  return (bytes + to - 1) / to * to;
}

}  // namespace seckill
