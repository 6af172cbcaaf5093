// The journal as the loop uses it, with an eye on it: who follows the journal hears of news, who is
// on call hears when it takes no records and when it does again, and what broke it is kept.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "journal/journal.h"

namespace seckill::app {

class WatchedJournal final : public Journal {
 public:
  struct Seen {
    std::uint64_t flushes = 0;
    std::uint64_t flush_us = 0;         // sum
    std::optional<std::string> unsure;  // why an append is; none behind it has come back since
    std::optional<Error> broken;
  };

  // Needs: inner outlives it. `news` is called when records have become durable, `turned` when
  // `unsure` has come or gone.
  WatchedJournal(Journal& inner, std::function<std::int64_t()> last_flush_us,
                 std::function<void()> news, std::function<void()> turned)
      : inner_(inner),
        last_flush_us_(std::move(last_flush_us)),
        news_(std::move(news)),
        turned_(std::move(turned)) {}

  void append(std::span<const Record> records, RawTime stamp) override {
    if (seen_.unsure) trial_ = records.front();
    inner_.append(records, stamp);
  }
  std::optional<JournalEvent> poll() override {
    auto event = inner_.poll();
    if (!event) return event;
    if (const auto* came_back = std::get_if<CameBack>(&*event)) {
      ++seen_.flushes;
      seen_.flush_us += static_cast<std::uint64_t>(last_flush_us_());
      if (seen_.unsure && has_trial(*came_back)) seen_.unsure.reset(), turned_();
      news_();
    } else if (const auto* unsure = std::get_if<Unsure>(&*event)) {
      if (!std::exchange(seen_.unsure, unsure->why)) turned_();
    } else if (const auto* broken = std::get_if<Broken>(&*event)) {
      seen_.broken = broken->error;
    }
    return event;
  }
  int wake_fd() const override { return inner_.wake_fd(); }
  Room room() const override { return inner_.room(); }

  const Seen& seen() const { return seen_; }

 private:
  // What comes late says that it was taken, not that it is taken in time now.
  bool has_trial(const CameBack& back) const {
    return trial_ && std::ranges::any_of(back.entries, [this](const Entry& entry) {
             return entry.record == *trial_;
           });
  }

  Journal& inner_;
  std::function<std::int64_t()> last_flush_us_;
  std::function<void()> news_, turned_;
  Seen seen_;
  std::optional<Record> trial_;  // the first of the append in flight, where `unsure`
};

}  // namespace seckill::app
