// Numbers that mean different things are different types: swapping two of them does not compile.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/siphash.h"

namespace seckill {

// Place of a record in the journal: 0, 1, 2, … without gaps.
enum class Position : std::uint64_t {};
constexpr std::uint64_t number(Position at) { return static_cast<std::uint64_t>(at); }
constexpr Position next(Position at) { return Position{number(at) + 1}; }

// Ledger clock, milliseconds since the journal's first record: the sum of clamped steps of the
// journal's time stamps (A13). It never runs back and never jumps by more than 60 s, so a stepped
// wall clock ends no hold early.
struct LogTime {
  std::int64_t ms = 0;
  auto operator<=>(const LogTime&) const = default;
};
constexpr LogTime operator+(LogTime at, milliseconds by) { return {sum_of(at.ms, by.count())}; }
constexpr milliseconds operator-(LogTime a, LogTime b) {
  return milliseconds(difference_of(a.ms, b.ms));
}

// One creation of a sale, drawn at random by who creates it; unique within a journal, never 0.
enum class SaleUid : std::uint32_t {};

// Whose order this is, in 128 bits: 32 of the sale's uid (so an id finds its sale without a search)
// and 96 of SipHash-128 over (uid, buyer, key) with the sale's secret: the same on every node,
// known before the decision, not guessable (A3). As text: 32 lowercase hex digits.
struct OrderId {
  Hash128 bits;
  auto operator<=>(const OrderId&) const = default;
  SaleUid sale() const { return SaleUid(bits.hi >> 32); }
};
std::string to_text(OrderId id);
Result<OrderId> order_id_from(std::string_view text);

// A buyer within one sale, and a payment id within one journal: keyed hashes, so tables need no
// texts (decision 10).
struct BuyerHash {
  Hash128 bits;
  auto operator<=>(const BuyerHash&) const = default;
};
struct PaymentHash {
  Hash128 bits;
  auto operator<=>(const PaymentHash&) const = default;
};

// What a record is recognised by: hash of its bytes and time stamp. That of record 0 is the
// journal's identity.
struct RecordHash {
  Hash128 bits;
  auto operator<=>(const RecordHash&) const = default;
};
std::string to_text(RecordHash hash);

// Ledgers at the same position have the same digest, on every node; else one of them has other
// rules (A14).
enum class Digest : std::uint64_t {};

// The behaviour of the ledger as a whole, numbered; a new rule gets a new number, never a new
// meaning of an old one.
enum class Rules : std::uint16_t {};
inline constexpr Rules kNewestRules{1};

// A process of ours, drawn at random at its start: how it recognises its own records.
enum class Node : std::uint64_t {};

// Who waits for an answer: a slot of this process and its generation, so that an answer to one who
// has left is dropped (A6).
struct Who {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  auto operator<=>(const Who&) const = default;
};

struct OrderIdHash {
  using is_avalanching = void;
  std::size_t operator()(const OrderId& id) const noexcept { return id.bits.lo; }
};
struct BuyerHashHash {
  using is_avalanching = void;
  std::size_t operator()(const BuyerHash& buyer) const noexcept { return buyer.bits.lo; }
};
struct PaymentHashHash {
  using is_avalanching = void;
  std::size_t operator()(const PaymentHash& payment) const noexcept { return payment.bits.lo; }
};

}  // namespace seckill
