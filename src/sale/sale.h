// The sale is a state machine without I/O: things happen to it, and it says what it wishes to be
// done. Production drives it from an event loop, the simulator from a queue of virtual time; it
// cannot tell which.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "counter/counter.h"
#include "journal/journal.h"
#include "ledger/ledger.h"
#include "model/claim_maker.h"
#include "model/verdict.h"
#include "sale/hint.h"
#include "sale/turn.h"

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

using Event = std::variant<Asked, Counted, CameBack, Unsure, Broken, Idle, Passed>;

struct Answer {
  Who who;
  Verdict verdict;
};

// What the shell should do, in this order. Spans live until the next step.
struct Wishes {
  std::span<const Record>
      append;  // not empty: hand it to the journal; its end comes back as an event
  std::span<const Answer> answers;  // tell them
  const Take* take = nullptr;       // ask the counter; its answer comes back as an event, or not
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
      5'000};            // … or as long since the last start …  (… or nothing left to read)
  bool shared = false;   // other nodes write to this journal, too: see promise 8
  bool counter = false;  // there is one: see promise 9
  microseconds barrier_every{20'000};  // at most one TICK that is only a barrier in so long
};

// Monotone counts, for metrics.
struct SaleStats {
  std::uint64_t turns = 0;
  std::uint64_t records = 0;        // of ours, appended
  std::uint64_t unsure = 0;         // appends of unknown outcome
  std::uint64_t stale_answers = 0;  // verdicts for records of ours that nobody waits for any more
  std::uint64_t put_off = 0;  // claims to which the counter said no: they were looked at again
};

// Promises:
//   (1) I8: a yes is answered only after its record came back;
//   (2) I11: every Asked is answered once, by the end of its turn, with a verdict or kUnsure/kBusy;
//   (3) keys before state (A1): whoever has an order gets it; a claim in flight is joined by its
//       twins (16 of them, then kBusy), another body under that key is kKeyReused (I5);
//   (4) a claim that is refused leaves no trace: nothing is recorded, kept or allocated for it;
//   (5) a TICK is wished when a hold is due, every 30 s while holds are open, and 1 s after the
//       last turn, or after the last append as long as its outcome is unknown: time goes on
//       although nobody asks, and a journal that heals is found healed;
//   (6) I12: everything that waits is bounded by SaleLimits, and PAY, CANCEL and SALE wait at most
//       a turn for claims, however many these are (A7);
//   (7) I9: after Broken, or when the ledger halts, nobody is told a yes any more;
//   (8) shared (A2): what this node knows may be old, so nobody is answered from it. Whoever leaves
//   no record waits for a turn that starts after he asked to come back whole, then it is looked
//   again: by then this node has seen all that anybody was told before. Such a turn without a
//   record of its own is one TICK, a barrier. And the time is the log's, not this node's. As many
//   may wait for it as waiting_max, and lane_max more for money, returns and operators (A7);
//   (9) with a counter: a turn of several claims asks it once, before the append. Those it grants
//   are appended. Its no is no word to anybody: those claims wait for a barrier and are looked at
//   again. PAY, CANCEL, SALE and a claim that goes alone never wait for it, and nobody waits longer
//   than Hint's patience.
// The flush rule has no knob: when no append is in flight, the next starts if nothing is left to
// read, or flush_at wait, or flush_after has passed since the last start (and since the first of
// this turn came). Idle is immediate, busy is amortised.
// Needs: Who is unique among those who wait. Threads: belongs to the loop.
class Sale {
 public:
  // The ledger is replayed to the journal's end already. `node` is drawn at random by the shell.
  Sale(Ledger ledger, Node node, SaleLimits limits = {});
  ~Sale();

  Wishes step(Now now, const Event& event);

  // The shell learns it from the journal before each step that could append.
  void room(Room room) { room_ = room; }
  // Draining: nothing new is taken in (kBusy), what is gathered or in flight is finished.
  void drain() { draining_ = true, hint_.hasten(); }
  // Nothing gathered, nothing in flight but a TICK that tries whether the journal takes records.
  bool quiet() const;
  const std::string& why() const { return why_; }  // of Wishes::stop

  // Reads, for pages and replies; the ledger's truth at position().
  const Ledger& ledger() const { return ledger_; }
  const SaleStats& stats() const { return stats_; }
  const Hint& hint() const { return hint_; }
  std::uint32_t waiting() const;  // gathered or in flight, both lanes; their twins not counted

 private:
  void on(Now now, const Asked& asked);
  void on(Now now, const Counted& counted);
  void on(Now now, const CameBack& came_back);
  void on(Now now, const Unsure& unsure);
  void on(Now now, const Broken& broken);
  void on(Now, const Idle&) {}
  void on(Now, const Passed&) {}

  // Shared: who waits for a barrier.
  void answer_from_view(Who who, const Verdict& verdict);
  void look_later(const Asked& asked);
  void look_again();
  Now by_the_log(Now now) const;
  bool barrier_due(Now now, bool idle) const;
  std::size_t looking() const { return lookers_.size() - lookers_.gathered(); }

  // What is asked.
  void take(Now now, Who who, const Buy& buy);
  void take(Now now, Who who, const PayAsk& ask);
  void take(Now now, Who who, const CancelAsk& ask);
  void take(Now now, Who who, const SaleAsk& ask);
  void take(Now now, Who who, const LookAsk& ask);
  void take(Now now, Who who, const SaleLookAsk& ask);
  void join(Who who, const Claim& claim, Hopeful& first);
  void gather(Now now, Who who, const Claim& claim);
  void gather_lane(Now now, const Record& record);

  // The next turn.
  void settle(Now now, bool idle);
  std::size_t gathered() const { return lane_.gathered() + claims_.gathered(); }
  bool flush_due(Now now, bool idle) const;
  SteadyTime tick_at(Now now) const;
  void start(Now now);
  void shed_claims();
  void shed_lane();

  // The counter, if there is one. In heed.cc.
  bool heed_counter(Now now, bool due);
  const Take* ask_counter(Now now);
  bool put_off(Hopeful& hopeful);

  // The turn in flight.
  bool in_flight() const { return back_ < turn_.size(); }
  void came_back(const Record& mine, const Verdict& verdict);
  void finish(const Verdict& verdict);
  void release(Hopeful& hopeful, const Verdict& verdict);
  void abandon();
  void stop(std::string why);

  void answer(Who who, const Verdict& verdict) { answers_.push_back({who, verdict}); }
  void answer(Who who, Outcome outcome, OrderId order = {}) { answer(who, said(outcome, order)); }
  Verdict said(Outcome outcome, OrderId order = {}) const;
  OrderId order_of(const Ask& ask) const;

  Ledger ledger_;
  Node node_;
  SaleLimits limits_;
  Hint hint_;
  SaleStats stats_;
  Room room_ = Room::kPlenty;
  bool draining_ = false;
  std::string why_;  // not empty: stopped

  ClaimMaker maker_;

  // Gathered or in flight, eldest first.
  Line<Hopeful> claims_;
  Line<Record> lane_;
  Line<Asked> lookers_;  // shared: gathered for the next barrier, or behind the one in flight
  Twins twins_;
  InFlight counted_;  // claims_, as the ledger wants to know them
  boost::unordered_flat_map<OrderId, Line<Hopeful>::Ticket, OrderIdHash> by_order_;  // claims_

  // The last append: of the lane, then claims, or one TICK; back_ of them have come back.
  std::vector<Record> turn_;
  std::size_t back_ = 0;
  SteadyTime started_{INT64_MIN / 2};
  RawTime stamp_{INT64_MIN};
  bool tick_owed_ = false;             // it was not a TICK, or nobody knows
  bool unsure_ = false;                // the one before it was; nothing of it has come back
  SteadyTime since_{INT64_MIN / 2};    // since when the flush rule counts
  SteadyTime barrier_{INT64_MIN / 2};  // the last turn that was only a TICK
  std::optional<LogTime> due_;         // ledger_.next_due()
  RawTime heard_;                      // shared: the log's last stamp …
  SteadyTime heard_at_ = kNever;       // … and when it came

  // Of this step.
  Now now_;
  const Asked* asked_ = nullptr;  // shared: who asks for the first time
  std::vector<Answer> answers_;
  bool append_ = false;
  const Take* take_ = nullptr;
  SteadyTime wake_ = kNever;
  Changes changes_;  // the sale has no rows: cleared unread
};

}  // namespace seckill
