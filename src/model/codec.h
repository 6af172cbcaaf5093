// The bytes of a record, the same in a file's block and in a topic's message. Little-endian, no
// padding.
//
//   offset  size  field
//        0     1  format         kRecordFormat; another one is refused, never guessed (I9)
//        1     1  kind           1 SALE  2 RESERVE  3 PAY  4 CANCEL  5 TICK
//        2     8  node           origin: who wrote it …
//       10     4  slot           … and who waits there
//       14     4  generation
//       18        body, by kind:
//
//   text = u8 length, then that many bytes; id = 16 bytes, hi then lo; time = i64 ms
//
//   SALE     uid u32 · version u32 · name text · title text · secret 16 bytes · stock u32 ·
//            withdrawn u32 · per_buyer u32 · orders_max u32 · price_minor i64 · currency text ·
//            starts_at time · ends_at time · hold_ms i64 · standing u8
//   RESERVE  sale u32 · order id · buyer text · key text · body u64 · quantity u32 ·
//            asked_at time (the ledger's)
//   PAY      order id · payment text · amount_minor i64
//   CANCEL   order id
//   TICK     rules u16 · position u64 · digest u64 · nonce u64
//
// Promises: (1) decode(encode(r)) == r; (2) decode is total: any bytes give a record or an error,
// and never an allocation; (3) a record has exactly one encoding: trailing bytes and unused values
// are errors; (4) the golden file model/golden/records.hex pins every byte of format 1. What it
// does badly: texts are stored whole in every record, so a RESERVE takes 66 bytes and its texts;
// nothing is packed.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/record.h"

namespace seckill {

inline constexpr std::uint8_t kRecordFormat = 1;
inline constexpr std::size_t kRecordBytesMax = 512;

// Appends the record's bytes to `to`.
void encode(const Record& record, std::vector<std::byte>& to);

// kCorrupt when the bytes are no record of this format: the message says what is wrong with them.
Result<Record> decode(std::span<const std::byte> bytes);

RecordHash hash_of(RawTime stamp, std::span<const std::byte> bytes);

}  // namespace seckill
