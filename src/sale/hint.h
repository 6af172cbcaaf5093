// What a sale makes of the shared counter: when it is asked, how long it is waited for, and when it
// is not believed. Without a counter every claim may go, and nothing here is ever called.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "counter/counter.h"
#include "ledger/ledger.h"

namespace seckill {

// Promises:
//   (1) whoever is asked for waits for the counter no longer than kPatience;
//   (2) without an answer this node goes on alone for kWithout, then asks again;
//   (3) a counter that refuses what the ledger has, again and again for kDoubt, is not asked for
//   kWithout either: a hint that is too low for ever stops no sale (I10);
//   (4) what has changed is told within kTellAfter of the last record, all the rest within
//   kTellAllAfter (the counter may have been set back silently), again and again while the counter
//   refuses to hear, and everything on a new connection: once all is quiet, it says what the ledger
//   says (I3).
// Pure; owned by the Sale. Memory: one entry for each sale of the journal (I12).
class Hint {
 public:
  static constexpr microseconds kPatience{50'000};
  static constexpr microseconds kWithout{1'000'000};
  static constexpr microseconds kDoubt{1'000'000};
  static constexpr microseconds kDoubtEnds{10'000'000};  // without a refusal
  static constexpr microseconds kTellAfter{200'000};
  static constexpr microseconds kTellAllAfter{1'500'000};

  explicit Hint(bool on) : on_(on), allowed_(on ? 0 : kAll) {}

  bool on() const { return on_; }
  // Of the gathered claims, eldest first: as many may go into the next turn.
  std::size_t allowed() const { return allowed_; }
  bool overdue() const { return overdue_; }  // what is allowed goes now
  bool waits() const { return asked_ != 0; }
  bool may_ask() const { return allowed_ == 0 && asked_ == 0; }

  void pass(SteadyTime now);  // patience ends, or the time without
  SteadyTime wake() const;    // for whoever waits, else for what is to be told

  // What a turn of `claims` claims wants: anew(), want() for each, then ask(). Needs: may_ask().
  void anew() { wants_.clear(), last_ = 0; }
  void want(SaleUid sale, std::uint32_t units);
  const Take& ask(SteadyTime now, const Ledger& ledger, std::size_t claims);
  // For how many claims this is the answer; 0: nobody waits for it. Then grants() for each of them,
  // eldest first, and allow() as many as were granted. A claim that goes alone is allowed unasked.
  std::size_t heard(SteadyTime now, const Counted& counted);
  bool grants(SaleUid sale, std::uint32_t units);
  void allow(std::size_t claims) { allowed_ = claims, overdue_ = claims > 0; }
  // A turn has started: what was allowed is used up.
  void started() { allowed_ = allowed_ == kAll ? kAll : 0, overdue_ = false; }
  // What was gathered is gone, and with it who waited.
  void dropped() { asked_ = 0, started(); }

  // The ledger has moved; `last`: nothing will follow.
  void moved(SteadyTime now, bool last);
  void hasten();
  // It is time to say what is new; null: nothing is. Needs: no claim is asked for or in flight.
  bool tells_at(SteadyTime now) const;
  const Take* tell(SteadyTime now, const Ledger& ledger);

  std::uint64_t asks() const { return asks_; }        // calls that turns waited for
  std::uint64_t unknown() const { return unknown_; }  // of these, without an answer
  std::uint64_t doubts() const { return doubts_; }    // times it was not believed

 private:
  static constexpr std::size_t kAll = SIZE_MAX;
  static constexpr SteadyTime kLongAgo{INT64_MIN / 2};

  struct Known {
    std::int64_t told = -1;             // available, as it was told last; -1: not told since
    Position asked{};                   // where units were last taken
    SteadyTime refused_since = kNever;  // what the ledger had
    SteadyTime refused_last = kLongAgo;
  };

  SteadyTime tell_next() const { return is_told_ ? std::min(tell_at_, tell_all_at_) : tell_at_; }
  void go_without(SteadyTime now);
  void judge(SteadyTime now, const Want& want, std::uint32_t granted);
  void forgotten(SteadyTime now);
  std::size_t place_of(SaleUid sale);

  bool on_;
  std::size_t allowed_;
  bool overdue_ = false;
  std::size_t asked_ = 0;  // claims that wait for the answer to take_
  SteadyTime asked_at_ = kLongAgo;
  SteadyTime without_until_ = kLongAgo;
  SteadyTime tell_at_ = kNever;      // what has changed …
  SteadyTime tell_all_at_ = kNever;  // … and all …
  bool is_told_ = true;              // … once nothing is left of the last time
  std::uint64_t number_ = 0;         // of the last call
  Take take_, tell_;
  std::vector<Want> wants_, tells_;
  std::vector<std::uint32_t> granted_;  // what is left of the grants, by wants_
  std::size_t last_ = 0;                // in wants_: claims of one sale come in a row
  std::map<SaleUid, Known> known_;
  std::uint64_t asks_ = 0, unknown_ = 0, doubts_ = 0;
};

}  // namespace seckill
