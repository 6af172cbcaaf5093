// Looks at what passes between a shell and its journal, and changes nothing: what came back, what
// was refused, how much room there was.
#pragma once

#include <algorithm>
#include <memory>

#include "journal/journal.h"
#include "stage.h"

namespace seckill::simulation {

class JournalWatch final : public Journal {
 public:
  JournalWatch(Journal& real, Stage& stage, seckill::Node name, bool shared)
      : real_(real), stage_(stage), name_(name), shared_(shared) {}

  void append(std::span<const Record> records, RawTime stamp) override {
    with_claims_ = std::any_of(records.begin(), records.end(), [](const Record& record) {
      return std::holds_alternative<Reserve>(record.body);
    });
    most_ = std::max(most_, records.size());
    real_.append(records, stamp);
  }
  std::optional<JournalEvent> poll() override {
    auto event = real_.poll();
    if (!event) return event;
    if (const auto* back = std::get_if<CameBack>(&*event)) {
      for (const Entry& entry : back->entries) {
        const bool terms = std::holds_alternative<SaleRecord>(entry.record.body);
        news_ += terms || (shared_ && entry.record.origin.node != name_) ? 1 : 0;
      }
      last_stamp_ = back->entries.back().stamp;
      last_came_ = stage_.now().steady;
    } else if (const auto* unsure = std::get_if<Unsure>(&*event)) {
      if (unsure->why.find("full") == unsure->why.npos) return event;
      stage_.reached(with_claims_ ? "an append of claims is refused" : "an append is refused");
      // Room is asked before claims are let in: whoever was let in finds his place (J6).
      stage_.check(!with_claims_, "I12", "a claim was let in, and there was no place for it");
    } else {
      stage_.reached("the journal breaks");
    }
    return event;
  }
  int wake_fd() const override { return real_.wake_fd(); }
  Room room() const override {
    const Room room = real_.room();
    if (room != last_) {
      last_ = room;
      if (room == Room::kNoClaims) stage_.reached("room for money only");
      if (room == Room::kFull) stage_.reached("no room at all");
    }
    return room;
  }

  // Changes of terms that came back, and whatever another node wrote.
  std::uint64_t news() const { return news_; }
  // What time it is: the journal's own, as far as it is known here.
  RawTime log_time(Now now) const {
    if (!shared_ || last_came_ == kNever) return now.raw;
    return last_stamp_ + std::chrono::duration_cast<milliseconds>(now.steady - last_came_);
  }
  std::size_t most() const { return most_; }  // records in one append

 private:
  Journal& real_;
  Stage& stage_;
  bool with_claims_ = false;
  const seckill::Node name_;
  const bool shared_;
  std::uint64_t news_ = 0;
  RawTime last_stamp_;
  SteadyTime last_came_ = kNever;
  std::size_t most_ = 0;
  mutable Room last_ = Room::kPlenty;
};

}  // namespace seckill::simulation
