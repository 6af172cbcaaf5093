// The sale is a state machine without I/O: things happen to it, and it says what it wishes to be
// done. Production drives it from an event loop, the simulator from a queue of virtual time; it
// cannot tell which.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "journal/journal.h"
#include "ledger/ledger.h"
#include "model/claim.h"
#include "model/verdict.h"

namespace seckill {

// Somebody asks. He is answered once, in this step or a later one.
struct Asked {
  Who who;
  Ask ask;
};
// There is nothing left to read: a good moment to flush.
struct Idle {};
// Time has passed: Wishes::wake is reached.
struct Passed {};

using Event = std::variant<Asked, CameBack, Unsure, Broken, Idle, Passed>;

struct Answer {
  Who who;
  Verdict verdict;
};

// What the shell should do, in this order. Spans live until the next step.
struct Wishes {
  std::span<const Record>
      append;  // not empty: hand it to the journal; its end comes back as an event
  std::span<const Answer> answers;  // tell them
  SteadyTime wake = kNever;         // step(Passed) no later than this
  bool stop = false;                // end the process, non-zero: why() says why
};

// The bounds of one node (I12). Full means: busy, nothing recorded, come back.
struct SaleLimits {
  std::uint32_t waiting_max = 100'000;  // claims gathered or in flight
  std::uint32_t lane_max =
      4'096;  // PAY, CANCEL and SALE, gathered or in flight: a lane of their own (A7)
  std::uint32_t turn_claims = 1'024;  // claims in one turn …
  std::uint32_t turn_lane = 256;      // … and of the lane
  std::uint32_t flush_at = 256;       // the flush rule: as many waiting start a flush …
  microseconds flush_after{
      5'000};  // … or as long since the last start …  (… or nothing left to read)
};

// Monotone counts, for metrics.
struct SaleStats {
  std::uint64_t turns = 0;
  std::uint64_t records = 0;        // of ours, appended
  std::uint64_t unsure = 0;         // appends of unknown outcome
  std::uint64_t stale_answers = 0;  // verdicts for records of ours that nobody waits for any more
};

// Promises: (1) I8: a yes is answered only after its record came back; (2) I11: every Asked is
// answered once, by the end of its turn, with a verdict or kUnsure/kBusy; (3) keys before state
// (A1); a claim in flight is joined by its twin, another body under that key is kKeyReused (I5);
// (4) nothing is allocated for a claim that is refused; (5) a TICK is wished when a hold is due,
// every 30 s while holds are open, and 1 s after the last turn. Threads: belongs to the loop.
class Sale {
 public:
  // The ledger is replayed to the journal's end already. `node` is drawn at random by the shell.
  Sale(Ledger ledger, Node node, SaleLimits limits = {});
  ~Sale();

  Wishes step(Now now, const Event& event);

  // The shell learns it from the journal before each step that could append.
  void room(Room room) { room_ = room; }
  // Draining: nothing new is taken in (kBusy), what is in flight is finished.
  void drain() { draining_ = true; }
  bool quiet() const;              // nothing gathered, nothing in flight
  const std::string& why() const;  // of Wishes::stop

  // Reads, for pages and replies; the ledger's truth at position().
  const Ledger& ledger() const { return ledger_; }
  const SaleStats& stats() const { return stats_; }
  std::uint32_t waiting() const;

 private:
  // … (the implementer's)
  Ledger ledger_;
  SaleStats stats_;
  Room room_ = Room::kPlenty;
  bool draining_ = false;
};

}  // namespace seckill
