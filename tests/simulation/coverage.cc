#include "coverage.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace seckill::simulation {
namespace {

constexpr auto kAll = std::to_array<std::string_view>({
    // processes
    "kill -9",
    "power cut",
    "a crash in the midst of a write",
    "died in its recovery",
    "and is to die in the next recovery, too",
    "power cut while it was down",
    "power cut while names were not synced",
    "SIGTERM",
    "SIGSTOP",
    "SIGSTOP for more than 10 s",
    // the disk
    "a write fails: EIO",
    "a write fails: ENOSPC",
    "a write fails: short",
    "a make fails: EIO",
    "a call fails in its recovery",
    "a call fails under the consumer",
    "a full disk",
    "no space at a start",
    "a slow disk",
    "a disk with other sectors",
    "rot in a block's head",
    "rot in records",
    "rot in a segment's head",
    "rot in the last block",
    "rot in two places",
    "rot beside a live process",
    // clocks
    "the wall clock steps back",
    "the wall clock steps forward",
    "the wall clock stands still",
    // the journal
    "a journal is born",
    "a torn end is dropped",
    "a recovery over several segments",
    "the journal breaks",
    "room for money only",
    "no room at all",
    "the season's cap",
    // the rows
    "a lost race for the rows",
    "a record in quarantine",
    "too many records in quarantine",
    "rows of another journal",
    "rows ahead of the journal",
    "rows of another record",
    "rows of another digest",
    "an answer to COMMIT is lost",
    "rows go back",
    // people
    "somebody gives up",
    "somebody looks at his order",
    "an answer to somebody who has left",
    "a buyer has all his orders",
    "a batch of payments",
    "two operators at once",
    "an operator took the last units",
    "a sale was paused",
    "a sale was closed",
    "a sale was retired",
    "a hold ended with the record that retired its sale",
    // the ledger and the sale
    "a hopeful claim was hopeless after all",
    "a recorded claim was late",
    "told won",
    "told replayed",
    "told sold-out",
    "told limit-reached",
    "told not-started",
    "told sale-paused",
    "told sale-closed",
    "told sale-full",
    "told unknown-sale",
    "told not-anonymous",
    "told idempotency-key-reused",
    "told late",
    "told paid",
    "told refund",
    "told payment-id-reused",
    "told cancelled",
    "told order-state",
    "told unknown-order",
    "told accepted",
    "told sale-exists",
    "told version-conflict",
    "told not-allowed",
    "told busy",
    "told outcome-unknown",
});

// Counted where it happens, and not asked for: a turn of the lane that does not fit into the eighth
// of a segment that is kept for it. Segments of this world are so small that it can be; a real
// one's eighth holds the largest turn. file_journal_test.cc plays it.
constexpr std::string_view kMayBeReached = "an append is refused";

}  // namespace

std::vector<std::string> never_reached(const Reached& reached) {
  std::vector<std::string> missing;
  for (const std::string_view name : kAll) {
    if (!reached.contains(std::string(name))) missing.emplace_back(name);
  }
  return missing;
}

std::vector<std::string> not_in_the_list(const Reached& reached) {
  std::vector<std::string> unknown;
  for (const auto& [name, times] : reached) {
    const bool known =
        name == kMayBeReached || std::find(kAll.begin(), kAll.end(), name) != kAll.end();
    if (!known) unknown.push_back(name);
  }
  return unknown;
}

}  // namespace seckill::simulation
