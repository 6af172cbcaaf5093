#include "coverage.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace seckill::simulation {
namespace {

// By whatever world.
constexpr auto kAll = std::to_array<std::string_view>({
    "SIGTERM",
    "SIGSTOP",
    "SIGSTOP for more than 10 s",
    "the journal breaks",
    "a lost race for the rows",
    "a record in quarantine",
    "too many records in quarantine",
    "rows of another journal",
    "rows ahead of the journal",
    "rows of another record",
    "rows of another digest",
    "an answer to COMMIT is lost",
    "rows go back",
    "somebody gives up",
    "an answer to somebody who has left",
    "a buyer has all his orders",
    "a batch of payments",
    "two operators at once",
    "an operator took the last units",
    "a sale was paused",
    "a sale was closed",
    "a sale was retired",
    "a hold ended with the record that retired its sale",
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
    "told found",
    "told busy",
    "told outcome-unknown",
});

// By one node on a disk of its own.
constexpr auto kAlone = std::to_array<std::string_view>({
    "kill -9",
    "power cut",
    "a crash in the midst of a write",
    "died in its recovery",
    "and is to die in the next recovery, too",
    "power cut while it was down",
    "power cut while names were not synced",
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
    "the wall clock steps back",
    "the wall clock steps forward",
    "the wall clock stands still",
    "a journal is born",
    "a torn end is dropped",
    "a recovery over several segments",
    "room for money only",
    "no room at all",
    "the season's cap",
});

// By several nodes over one log.
constexpr auto kShared = std::to_array<std::string_view>({
    "a batch is read while another is stored",
    "a consumer is killed",
    "a consumer is stopped",
    "a consumer stops on a foreign topic",
    "a consumer stops on a record of a newer format",
    "a consumer stops on a record of newer rules",
    "a consumer stops on a record that its writer stamped",
    "a consumer stops on a topic that was cut short",
    "a consumer stops on a topic that was made anew",
    "a foreign topic",
    "a message that is no record",
    "a message timed out",
    "a node is cut off",
    "a node is killed",
    "a node reads its last record again",
    "a node's clock is wrong",
    "a record of a newer format",
    "a record of newer rules",
    "a record of ours comes late, or twice",
    "a record that its writer stamped",
    "a recorded claim was a replay",
    "a request comes late, and again",
    "a request is lost",
    "a second partition",
    "a slow line",
    "a start is refused on a foreign topic",
    "a start is refused on a record of a newer format",
    "a start is refused on a record of newer rules",
    "a start is refused on a record that its writer stamped",
    "a start is refused on a second partition",
    "a start is refused on a topic that does not start at 0",
    "a start is refused on a topic that forgets",
    "a topic is born",
    "a topic that does not start at 0",
    "a topic that forgets",
    "a topic that was cut short",
    "a topic that was made anew",
    "a turn in two requests",
    "an older program does not start",
    "an unreplicated tail is lost",
    "a turn goes without the counter",
    "nonsense in the counter",
    "the counter does not hear",
    "the counter goes back",
    "the counter goes back in silence",
    "the counter is emptied",
    "the counter is not believed",
    "the counter is not heard",
    "the counter is slow",
    "the counter refuses calls",
    "the counter says no, and a claim is put off",
    "the counter's clock steps",
    "there are two counters",
    "records that did not come back in time",
    "stored, though replicas were too few",
    "the answer to a request is lost",
    "the broker is away",
    "the log's clock steps back",
    "the log's clock steps forward",
    "too few replicas",
    "two nodes begin the topic",
});

// Counted where it happens, and not asked for: a turn of the lane that does not fit into the eighth
// of a segment that is kept for it. Segments of this world are so small that it can be; a real
// one's eighth holds the largest turn. file_journal_test.cc plays it.
constexpr std::string_view kMayBeReached = "an append is refused";

template <class Do>
void each_of(Kinds kinds, Do&& look) {
  for (const std::string_view name : kAll) look(name);
  if (kinds.alone) std::for_each(kAlone.begin(), kAlone.end(), look);
  if (kinds.shared) std::for_each(kShared.begin(), kShared.end(), look);
}

}  // namespace

std::vector<std::string> never_reached(const Reached& reached, Kinds kinds) {
  std::vector<std::string> missing;
  each_of(kinds, [&](std::string_view name) {
    if (!reached.contains(std::string(name))) missing.emplace_back(name);
  });
  return missing;
}

std::vector<std::string> not_in_the_list(const Reached& reached) {
  std::set<std::string_view> known{kMayBeReached};
  each_of({.alone = true, .shared = true}, [&](std::string_view name) { known.insert(name); });
  std::vector<std::string> unknown;
  for (const auto& [name, times] : reached) {
    if (!known.contains(name)) unknown.push_back(name);
  }
  return unknown;
}

}  // namespace seckill::simulation
