// A request in progress: a fixed place that its verdict finds by (slot, generation).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/request.h"
#include "http/route.h"
#include "http/sale_wish.h"
#include "model/claim.h"
#include "model/verdict.h"

namespace seckill {

// Who is told when a call has its verdict.
class Caller {
 public:
  virtual void answered() = 0;

 protected:
  ~Caller() = default;
};

// What only the rarer calls carry.
struct CallLane {
  SaleWish wish;                              // what is wanted of the sale
  int tries = 0;                              // … how often it lost to another change …
  bool looked = false;                        // … and whether this node's view was renewed
  std::optional<Result<std::string>> listed;  // a list's reply
  std::string written;  // the whole reply, made while others before it still wait
  bool form = false;    // a page without scripts asks: the answer is where to look
};

struct Call {
  enum class State : std::uint8_t { kFree, kOpen, kWaiting, kAnswered };
  Who who;
  State state = State::kFree;
  Route route = Route::kUnknown;
  Method method = Method::kOther;
  bool close = false;     // the connection ends behind this reply
  bool http_1_0 = false;  // then keeping it open must be said
  bool waited = false;    // its verdict did not come at once
  Caller* caller = nullptr;
  SteadyTime began;
  std::uint64_t request_id = 0;
  Buy buy;  // of a claim; of what is about a sale, its name
  Verdict verdict;
  std::unique_ptr<CallLane> lane;
};

// All calls, in chunks that never move. A generation is never 0 and changes when a slot is given
// back, so an answer to one who has left finds nobody (A6).
class Calls {
 public:
  explicit Calls(std::uint32_t most) : most_(most) {}

  Call* open(Caller& caller);  // null: all are in use
  void close(Call& call);
  // It has waited too long: its verdict is that nobody knows, and the real one will find nobody.
  void overdue(Call& call);
  // The call that waits for this answer, or null.
  Call* waiting(Who who);
  std::uint32_t active() const { return active_; }

 private:
  static constexpr std::uint32_t kChunk = 256;
  static void renew(Call& call);
  Call& at(std::uint32_t slot) { return chunks_[slot / kChunk][slot % kChunk]; }

  std::uint32_t most_;
  std::uint32_t made_ = 0;
  std::uint32_t active_ = 0;
  std::vector<std::unique_ptr<Call[]>> chunks_;
  std::vector<std::uint32_t> free_;
};

}  // namespace seckill
