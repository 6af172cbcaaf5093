#include "journal/block.h"

#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <random>

#include "base/crc32c.h"
#include "journal/bytes.h"
#include "journal/journal_testing.h"
#include "journal/segment.h"

namespace seckill {
namespace {

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

std::string golden(const char* name) {
  std::ifstream file(std::string(SECKILL_SOURCE_DIR "/src/journal/golden/") + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::byte> block_of(std::size_t records) {
  std::vector<std::byte> bytes;
  encode_block(Position{1000}, RawTime{1'732'450'000'123}, 0xcafef00d, records_from(0, records),
               bytes);
  return bytes;
}

// Format 1 for ever: whoever changes a byte of it must give it another number.
TEST(Block, WritesTheGoldenBytes) { EXPECT_EQ(hex(block_of(5)) + "\n", golden("block.hex")); }

TEST(Segment, WritesTheGoldenHead) {
  std::vector<std::byte> bytes(kSegmentHeadBytes);
  encode_segment_head({7, 4096, 64 << 20, RecordHash{{0x0102030405060708, 0x1112131415161718}}},
                      bytes);
  EXPECT_EQ(hex(bytes) + "\n", golden("segment.hex"));
}

TEST(Block, ReadsWhatItWrote) {
  for (const std::size_t records : {std::size_t{1}, std::size_t{64}, kTurnMax}) {
    const auto bytes = block_of(records);
    EXPECT_EQ(claimed_block_bytes(bytes), bytes.size());
    const auto block = read_block(bytes);
    ASSERT_TRUE(block) << block.error().why;
    EXPECT_EQ(block->first, Position{1000});
    EXPECT_EQ(block->end(), Position{1000 + records});
    EXPECT_EQ(block->stamp, RawTime{1'732'450'000'123});
    EXPECT_EQ(block->predecessor, 0xcafef00d);
    std::vector<Entry> entries;
    ASSERT_TRUE(entries_of(*block, entries));
    ASSERT_EQ(entries.size(), records);
    for (std::size_t i = 0; i < records; ++i) EXPECT_EQ(entries[i].record, record_no(i));
  }
}

// Invariant 3, first half: every flipped bit and every cut is seen, and nothing is read beyond the
// bytes given (the sanitizer watches).
TEST(Block, SeesEveryFlippedBitAndEveryCut) {
  const auto whole = block_of(3);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto bytes = whole;
    bytes[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    EXPECT_FALSE(read_block(bytes)) << "bit " << bit;
  }
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    const std::vector<std::byte> bytes(whole.begin(), whole.begin() + static_cast<long>(cut));
    EXPECT_FALSE(read_block(bytes)) << "cut at " << cut;
  }
}

// Second half: a hostile writer computes the CRC, too. Whatever lengths and counts he writes, there
// is a block whose records are all within it, or the word "sealed".
TEST(Block, StaysWithinItsBytesUnderARightCrc) {
  std::mt19937_64 random(4711);
  const auto whole = block_of(3);
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::byte> bytes = whole;
    for (int changes = 0; changes < 3; ++changes) {
      const std::size_t at = 8 + random() % (bytes.size() - 12);
      store_at(std::span(bytes), at, static_cast<std::uint32_t>(random() >> (random() % 32)));
    }
    store_at(std::span(bytes), 20, static_cast<std::uint32_t>(bytes.size() - kBlockHeadBytes));
    const auto payload = std::span(bytes).subspan(kBlockHeadBytes);
    store_at(std::span(bytes), 36, crc32c(payload, crc32c(std::span(bytes).first(36))));
    const auto block = read_block(bytes);
    if (!block) {
      EXPECT_TRUE(block.error().sealed) << block.error().why;
      continue;
    }
    std::vector<Entry> entries;
    if (!entries_of(*block, entries)) continue;
    EXPECT_EQ(entries.size(), block->records);
  }
}

// A newer program's block is told from a damaged one, wherever its head ends.
TEST(Block, NamesANewerFormat) {
  for (const std::size_t longer : {0u, 8u}) {
    auto bytes = block_of(1);
    bytes.insert(bytes.begin() + kBlockHeadBytes, longer, std::byte{1});
    store_at(std::span(bytes), 4, std::uint16_t{2});
    store_at(std::span(bytes), 6, static_cast<std::uint16_t>(kBlockHeadBytes + longer));
    const std::size_t crc_at = kBlockHeadBytes + longer - 4;
    const std::uint32_t crc =
        crc32c(std::span(bytes).subspan(crc_at + 4), crc32c(std::span(bytes).first(crc_at)));
    store_at(std::span(bytes), crc_at, crc);
    const auto block = read_block(bytes);
    ASSERT_FALSE(block);
    EXPECT_TRUE(block.error().sealed);
    EXPECT_NE(std::string_view(block.error().why).find("newer"), std::string_view::npos);
  }
}

TEST(Segment, KnowsItsOwnNamesOnly) {
  EXPECT_EQ(segment_name(1), "00000001.seg");
  EXPECT_EQ(segment_number("00000042.seg"), 42u);
  for (const char* name : {"", "1.seg", "00000000.seg", "0000001a.seg", "00000001.seg.tmp", "x",
                           "-0000001.seg", "99999999999.seg"}) {
    EXPECT_FALSE(segment_number(name)) << name;
  }
}

}  // namespace
}  // namespace seckill
