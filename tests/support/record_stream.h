// An endless journal of one seed: plausible and implausible records of every kind, for whoever
// replays records (the ledger, the audit, the consumer) and wants to be compared or attacked.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "model/record.h"
#include "support/dice.h"

namespace seckill {

// How a stream behaves. One in `wild` records has a field that no honest writer writes (extremes,
// forged ids); one in `odd` time stamps jumps (an hour, both ways); 0: never.
struct StreamShape {
  std::uint64_t wild = 40;
  std::uint64_t odd = 100;
  std::uint64_t new_sale = 400;  // one in so many records creates a sale
};

// The stream reacts only to its seed: it knows what it wrote, never what was decided. A small crowd
// with few keys, few units, short holds: twins, limits, sold out, returns, late and double money
// all happen often. Every record decodes; no TICK halts a ledger.
class RecordStream {
 public:
  explicit RecordStream(std::uint64_t seed, StreamShape shape = {});

  // The next record; positions 0, 1, 2 …; record 0 is the journal's first tick. The entry's bytes
  // live until the next call.
  const Entry& next();

 private:
  void move_time();
  Record write();
  SaleRecord create();
  SaleRecord change();
  Reserve reserve();
  Pay pay();
  Cancel cancel();
  Tick tick();
  void go_wild(Record& record);
  OrderId some_order();
  std::int64_t extreme();

  Dice dice_;
  StreamShape shape_;
  Entry entry_;
  std::vector<std::byte> bytes_;
  std::uint64_t written_ = 0;
  RawTime raw_;                  // of honest writers
  RawTime last_;                 // stamp of the record before, wild ones too
  LogTime clock_;                // the ledger's, by decision 4
  std::deque<SaleTerms> sales_;  // as they probably are now; the newest few
  std::deque<OrderId> orders_;   // asked for, the newest few
  std::deque<Pay> payments_;     // the newest few
  std::uint64_t names_ = 0;      // sales and payments named so far
};

}  // namespace seckill
