// What the journal holds: five kinds of record, in one order. Their bytes are in codec.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "model/claim.h"
#include "model/ids.h"
#include "model/sale_terms.h"

namespace seckill {

// Who wrote a record, and who waits for it there.
struct Origin {
  Node node{};
  Who who;
  bool operator==(const Origin&) const = default;
};

// The terms of a sale, whole: the one way to create, change, pause, resume, restock, withdraw,
// close and retire it.
struct SaleRecord {
  SaleTerms terms;
  bool operator==(const SaleRecord&) const = default;
};

struct Reserve {
  SaleUid sale{};
  OrderId order;
  Buyer buyer;
  Key key;
  std::uint64_t body = 0;
  std::uint32_t quantity = 1;
  LogTime asked_at;  // late after kLateAfter: nothing is sold to who has left (A5)
  bool operator==(const Reserve&) const = default;
};

struct Pay {
  OrderId order;
  PaymentId payment;
  std::int64_t amount_minor = 0;
  bool operator==(const Pay&) const = default;
};

struct Cancel {
  OrderId order;
  bool operator==(const Cancel&) const = default;
};

// Time goes on, or a node proves what it has seen. The journal's record 0 is a Tick of position 0
// with a random nonce: that makes the journal's identity unique.
struct Tick {
  Rules rules{};        // of the writer: the ledger moves up to it, or does not know it and stops
  Position position{};  // where its writer's ledger stood …
  Digest digest{};      // … and in what state
  std::uint64_t nonce = 0;
  bool operator==(const Tick&) const = default;
};

struct Record {
  Origin origin;
  std::variant<SaleRecord, Reserve, Pay, Cancel, Tick> body;
  bool operator==(const Record&) const = default;
};

// What a stranger's message in a topic says: nothing. It has a place and a stamp like any record,
// moves the clock, and changes nothing else. (In a file it cannot be: a block holds what we wrote.)
inline Record nothing_said() { return {{}, Tick{}}; }
// The first record of every journal.
inline bool is_genesis(const Record& record) {
  const Tick* tick = std::get_if<Tick>(&record.body);
  return tick != nullptr && tick->rules != Rules{} && tick->position == Position{};
}

// A record that is in the journal. bytes is its encoding (or a stranger's, then record is
// nothing_said()), alive as long as whoever handed it out says.
struct Entry {
  Position position{};
  RawTime stamp;  // the journal's own time: the writer's clock in files, log-append time in Kafka
  std::span<const std::byte> bytes;
  Record record;
};

inline constexpr std::uint32_t kReturnsMax = 1'000;  // holds that one record returns (I12)
inline constexpr milliseconds kLateAfter{10'000};
inline constexpr milliseconds kClockStepMax{60'000};

}  // namespace seckill
