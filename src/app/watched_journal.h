// The journal as the loop uses it, with an eye on it: who follows the journal hears of news, and
// what broke it is kept.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "journal/journal.h"

namespace seckill::app {

class WatchedJournal final : public Journal {
 public:
  struct Seen {
    std::uint64_t flushes = 0;
    std::uint64_t flush_us = 0;  // sum
    std::optional<Error> broken;
  };

  // Needs: inner outlives it. `news` is called when records have become durable.
  WatchedJournal(Journal& inner, std::function<std::int64_t()> last_flush_us,
                 std::function<void()> news)
      : inner_(inner), last_flush_us_(std::move(last_flush_us)), news_(std::move(news)) {}

  void append(std::span<const Record> records, RawTime stamp) override {
    inner_.append(records, stamp);
  }
  std::optional<JournalEvent> poll() override {
    auto event = inner_.poll();
    if (!event) return event;
    if (std::holds_alternative<CameBack>(*event)) {
      ++seen_.flushes;
      seen_.flush_us += static_cast<std::uint64_t>(last_flush_us_());
      news_();
    } else if (const auto* broken = std::get_if<Broken>(&*event)) {
      seen_.broken = broken->error;
    }
    return event;
  }
  int wake_fd() const override { return inner_.wake_fd(); }
  Room room() const override { return inner_.room(); }

  const Seen& seen() const { return seen_; }

 private:
  Journal& inner_;
  std::function<std::int64_t()> last_flush_us_;
  std::function<void()> news_;
  Seen seen_;
};

}  // namespace seckill::app
