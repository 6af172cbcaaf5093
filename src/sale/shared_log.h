// For the sale's tests: several nodes over one log of paper. What a node appends lies in its hand
// until the test puts it into the log, or does not; what the log holds reaches each node when the
// test says so.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/codec.h"
#include "sale/shell.h"

namespace seckill {

class SharedLog {
 public:
  void write(const Record& record, RawTime stamp) {
    auto& bytes = bytes_.emplace_back();
    encode(record, bytes);
    entries_.push_back({Position{entries_.size()}, stamp, bytes, record});
  }
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  std::deque<std::vector<std::byte>> bytes_;
  std::deque<Entry> entries_;
};

class NodesJournal final : public Journal {
 public:
  explicit NodesJournal(SharedLog& log) : log_(log), seen_(log.entries().size()) {}

  void append(std::span<const Record> records, RawTime) override {
    invariant(flying.empty(), "one append in flight");
    flying.assign(records.begin(), records.end());
    ++appends;
  }
  std::optional<JournalEvent> poll() override {
    if (unsure_) return JournalEvent(Unsure{*std::exchange(unsure_, std::nullopt)});
    if (seen_ >= shown_) return std::nullopt;
    batch_.assign(log_.entries().begin() + static_cast<std::ptrdiff_t>(seen_),
                  log_.entries().begin() + static_cast<std::ptrdiff_t>(shown_));
    seen_ = shown_;
    return JournalEvent(CameBack{batch_});
  }
  int wake_fd() const override { return -1; }
  Room room() const override { return Room::kPlenty; }

  // The broker takes what is in flight; nobody has seen it yet.
  void land(RawTime stamp) {
    for (const Record& record : std::exchange(flying, {})) log_.write(record, stamp);
  }
  std::vector<Record> give_up() {
    unsure_ = "unknown outcome";
    return std::exchange(flying, {});
  }
  void show(std::size_t up_to) {
    shown_ = std::max(shown_, std::min(up_to, log_.entries().size()));
  }
  std::size_t shown() const { return shown_; }

  std::vector<Record> flying;
  std::uint64_t appends = 0;

 private:
  SharedLog& log_;
  std::size_t seen_, shown_ = 0;
  std::optional<std::string> unsure_;
  std::vector<Entry> batch_;
};

// One `serve` of several. Its clock may be wrong by `skew`.
class SharedNode {
 public:
  SharedNode(SharedLog& log, Node id, Now& now, milliseconds skew = milliseconds(0),
             Counter* counter = nullptr, SaleLimits limits = {})
      : journal(log), log_(log), counter_(counter) {
    Ledger ledger;
    Changes changes;
    for (const Entry& entry : log.entries()) ledger.apply(entry, changes);
    limits.shared = true;
    limits.counter = counter != nullptr;
    sale = std::make_unique<Sale>(std::move(ledger), id, limits);
    shell = std::make_unique<Shell>(
        *sale, journal, [&now, skew] { return Now{now.raw + skew, now.steady}; },
        [this](std::span<const Answer> answers) {
          for (const Answer& answer : answers) {
            invariant(told.emplace(answer.who.slot, answer.verdict).second, "told once");
          }
        },
        [this](const std::string& why) { stops.push_back(why); }, counter);
  }

  std::uint32_t ask(const Ask& what) {
    shell->ask({asked_, 1}, what);
    return asked_++;
  }
  // Sees all that the log holds.
  void see() { see(log_.entries().size()); }
  void see(std::size_t up_to) {
    journal.show(up_to);
    shell->pump();
  }
  // The counter answers, if it does; what is in flight lands and comes back.
  void turn(Now now) {
    shell->idle();
    if (counter_ != nullptr) shell->pump_counter();
    journal.land(now.raw);
    see();
  }
  bool heard(std::uint32_t who) const { return told.count(who) > 0; }

  NodesJournal journal;
  std::unique_ptr<Sale> sale;
  std::unique_ptr<Shell> shell;
  std::map<std::uint32_t, Verdict> told;
  std::vector<std::string> stops;

 private:
  SharedLog& log_;
  Counter* counter_;
  std::uint32_t asked_ = 0;
};

}  // namespace seckill
