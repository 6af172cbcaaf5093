// The simulator's log, held to the contract of all journals.
#include "sim_log.h"

#include <gtest/gtest.h>

#include "journal/journal_contract.h"

namespace seckill {
namespace {

using namespace simulation;

class OverTheBroker {
 public:
  static constexpr bool kOurStamp = false;
  Journal& open() {  // each time by a process of its own
    log_.reset();
    ++process_;
    found_.clear();
    SimLog::Place place{
        .stage = stage_,
        .broker = broker_,
        .link = link_,
        .chance = chance_,
        .later =
            [this, mine = process_](microseconds delay, std::function<void()> event) {
              stage_.later(delay, [this, mine, event = std::move(event)] {
                if (mine == process_) event();
              });
            },
        .wake = [] {}};
    log_ = SimLog::open(std::move(place), {Node{1}, 4711}, keeping(found_)).value();
    return *log_;
  }
  const std::vector<Kept>& found() const { return found_; }
  std::optional<JournalEvent> event() {
    for (int i = 0; i < 100'000; ++i) {
      if (auto event = log_->poll()) return event;
      stage_.play(microseconds(1'000));
    }
    return std::nullopt;
  }
  std::unique_ptr<JournalReader> reader() { return std::make_unique<SimLogReader>(broker_, link_); }

 private:
  Stage stage_{{.seed = 1}};
  Chance chance_{2};
  Broker broker_{stage_, Chance(3)};
  Link link_;
  int process_ = 0;
  std::unique_ptr<SimLog> log_;
  std::vector<Kept> found_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, JournalContract, OverTheBroker);

}  // namespace
}  // namespace seckill
