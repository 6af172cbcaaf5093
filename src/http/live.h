// What the live page draws: one sale's figures at one moment, as server-sent events.
#pragma once

#include <cstdint>
#include <string>

#include "http/office.h"

namespace seckill {

// One snapshot is five events (state, stock, funnel, latency, health), each with the same `as_of`
// and the ledger's position; the last of them carries the id, "<process>-<number>": who has seen
// it has seen the snapshot whole. Promises: (1) every figure is the ledger's at that position, or
// a counter of this process that /metrics shows, too (I6); rates and quantiles are left to the
// reader, who sees their sums grow; (2) counters begin at 0 with the process, and `process` says
// which one it is: no reader needs to guess whether they have jumped.
void append_snapshot(std::string& to, const Office& office, const SaleView& sale, RawTime now,
                     RawTime started, std::uint64_t number);

// The name of this process in ids; differs from that before a restart.
std::string process_text(const Office& office);

}  // namespace seckill
