// What a connection borrows while a request of it is in progress, and gives back before it idles.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/call.h"
#include "http/intake.h"

namespace seckill {

struct Round {
  explicit Round(const HttpLimits& limits) : intake(limits) {}
  Intake intake;
  std::vector<Call*> calls;  // in the order of their requests; those before are replied to in `out`
  std::string out;           // replies
  std::size_t sent = 0;      // … of which so much is sent
};

class Rounds {
 public:
  explicit Rounds(const HttpLimits& limits) : limits_(limits) {}

  std::unique_ptr<Round> lend() {
    if (free_.empty()) return std::make_unique<Round>(limits_);
    auto round = std::move(free_.back());
    free_.pop_back();
    return round;
  }
  void give_back(std::unique_ptr<Round> round) {
    if (free_.size() >= kKept) return;
    round->intake.clear();
    round->calls.clear();
    round->out.clear();
    round->sent = 0;
    if (round->out.capacity() > kOutKept) round->out.shrink_to_fit();
    free_.push_back(std::move(round));
  }

 private:
  static constexpr std::size_t kKept = 256;
  static constexpr std::size_t kOutKept = 16 * 1024;
  const HttpLimits& limits_;
  std::vector<std::unique_ptr<Round>> free_;
};

}  // namespace seckill
