// Decided: which money was taken for what. A payment id is taken once in a journal, and kept for
// the whole season, also past its sale: that is "exactly one refund" (I7).
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "ledger/changes.h"
#include "model/ids.h"

namespace seckill {

struct Payment {
  OrderId order;
  std::int64_t amount_minor = 0;
  PaymentOutcome outcome = PaymentOutcome::kApplied;
};

// No sale's terms say how many will come, so the table is 256 small ones: each doubles by itself,
// and no payment waits for a copy of them all.
class Payments {
 public:
  const Payment* find(const PaymentHash& id) const {
    const Shard& shard = shards_[id.bits.hi % kShards];
    const auto found = shard.find(id);
    return found == shard.end() ? nullptr : &found->second;
  }
  void add(const PaymentHash& id, const Payment& payment) {
    shards_[id.bits.hi % kShards].emplace(id, payment);
  }

 private:
  static constexpr std::size_t kShards = 256;
  using Shard = boost::unordered_flat_map<PaymentHash, Payment, PaymentHashHash>;
  std::array<Shard, kShards> shards_;
};

}  // namespace seckill
