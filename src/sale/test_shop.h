// For the sale's tests: a shop whose journal is paper. What is appended lies there until the test
// says what becomes of it; time stands still until the test moves it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "model/codec.h"
#include "sale/shell.h"

namespace seckill {

class PaperJournal : public Journal {
 public:
  void append(std::span<const Record> records, RawTime stamp) override {
    invariant(flying_.empty(), "one append in flight");
    invariant(!records.empty() && records.size() <= kTurnMax, "1..kTurnMax records");
    flying_.assign(records.begin(), records.end());
    stamp_ = stamp;
    turns.push_back(flying_);
  }
  std::optional<JournalEvent> poll() override {
    if (events_.empty()) return std::nullopt;
    given_ = std::move(events_.front());
    events_.pop_front();
    return given_;
  }
  int wake_fd() const override { return -1; }
  Room room() const override { return room_now; }

  // What becomes of the append in flight.
  void come_back() {
    write(flying_, stamp_);
    flying_.clear();
  }
  void lose() {  // unsure, and it is not there
    flying_.clear();
    events_.push_back(Unsure{"lost"});
  }
  std::vector<Record> delay() {  // unsure, and it may turn up: the test has it
    events_.push_back(Unsure{"late"});
    return std::exchange(flying_, {});
  }
  void break_down() { events_.push_back(Broken{{Error::Code::kFailed, "disk: no"}}); }
  // Anybody's records.
  void write(const std::vector<Record>& records, RawTime stamp) {
    auto& entries = batches_.emplace_back();
    for (const Record& record : records) entries.push_back(entry_of(record, stamp));
    events_.emplace_back(CameBack{entries});
  }
  bool flying() const { return !flying_.empty(); }
  // All that is written, in order.
  std::vector<Entry> entries() const {
    std::vector<Entry> all;
    for (const auto& batch : batches_) all.insert(all.end(), batch.begin(), batch.end());
    return all;
  }

  std::vector<std::vector<Record>> turns;  // as they were appended
  Room room_now = Room::kPlenty;

 private:
  Entry entry_of(const Record& record, RawTime stamp) {
    auto& bytes = bytes_.emplace_back();
    encode(record, bytes);
    return {std::exchange(end_, next(end_)), stamp, bytes, record};
  }

  std::vector<Record> flying_;
  RawTime stamp_;
  std::deque<JournalEvent> events_;
  JournalEvent given_;
  std::deque<std::vector<Entry>> batches_;
  std::deque<std::vector<std::byte>> bytes_;
  Position end_{};
};

inline constexpr Node kOurNode{7};

inline SaleTerms terms_of(std::uint32_t uid, const char* name, std::uint32_t stock,
                          std::uint32_t per_buyer = 0, milliseconds hold = milliseconds(0)) {
  return {.uid = SaleUid{uid},
          .version = 1,
          .name = *SaleName::from(name),
          .secret = {{static_cast<std::uint8_t>(uid), 1, 2, 3}},
          .stock = stock,
          .per_buyer = per_buyer,
          .orders_max = default_orders_max(stock),
          .starts_at = RawTime{0},
          .hold_ms = hold.count()};
}

inline Buy buy_of(const char* sale, const std::string& buyer, const std::string& key,
                  std::uint32_t quantity = 1) {
  return {*SaleName::from(sale), *Buyer::from(buyer), *Key::from(key), quantity};
}

class Shop {
 public:
  explicit Shop(const std::vector<SaleTerms>& sales, SaleLimits limits = {}) {
    std::vector<Record> records{{{}, Tick{kNewestRules, Position{}, Digest{}, 42}}};
    for (const SaleTerms& terms : sales) records.push_back({{}, SaleRecord{terms}});
    journal.write(records, now.raw);
    Ledger ledger;
    Changes changes;
    const auto event = journal.poll();
    for (const Entry& entry : std::get<CameBack>(*event).entries) ledger.apply(entry, changes);
    sale = std::make_unique<Sale>(std::move(ledger), kOurNode, limits);
    shell = std::make_unique<Shell>(
        *sale, journal, [this] { return now; },
        [this](std::span<const Answer> answers) { hear(answers); },
        [this](const std::string& why) { stops.push_back(why); });
  }

  Who ask(const Ask& what) {
    const Who who{asked_, asked_ * 3 + 1};
    ++asked_;
    shell->ask(who, what);
    return who;
  }
  Who buy(const char* from, const std::string& buyer, const std::string& key,
          std::uint32_t quantity = 1) {
    return ask(buy_of(from, buyer, key, quantity));
  }
  // Nothing is left to read, and what flies comes back.
  void turn() {
    shell->idle();
    if (journal.flying()) journal.come_back();
    shell->pump();
  }
  void pass(milliseconds time) {
    now.raw = now.raw + time;
    now.steady = now.steady + time;
  }

  bool told(Who who) const { return heard_.contains(who); }
  Verdict verdict(Who who) const { return heard_.at(who); }
  Outcome outcome(Who who) const { return heard_.at(who).outcome; }
  std::size_t told() const { return heard_.size(); }
  std::uint32_t asked() const { return asked_; }

  PaperJournal journal;
  Now now{RawTime{1'000'000}, SteadyTime{0}};
  std::unique_ptr<Sale> sale;
  std::unique_ptr<Shell> shell;
  std::vector<std::string> stops;

 private:
  void hear(std::span<const Answer> answers) {
    for (const Answer& answer : answers) {
      const bool first = heard_.emplace(answer.who, answer.verdict).second;
      if (!first) throw std::logic_error("somebody was answered twice");
    }
  }

  std::uint32_t asked_ = 0;
  std::map<Who, Verdict> heard_;
};

}  // namespace seckill
