// What all the routes work with: the sale, the calls, the replies, and a desk to write them on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/backstage.h"
#include "http/call.h"
#include "http/http_metrics.h"
#include "http/json_in.h"
#include "http/options.h"
#include "http/replies.h"
#include "sale/shell.h"

namespace seckill {

// Where a call stands after it was asked, or looked at again.
enum class Step : std::uint8_t {
  kReplied,   // its reply is written
  kAnswered,  // its verdict is there: reply() writes it
  kWaits,     // its verdict will come
};

// Someone wants to follow a sale, and has seen this already.
struct StreamAsk {
  SaleUid sale{};
  std::string last_id;
};

struct Office {
  Office(Shell& the_shell, HttpOptions the_options, Backstage the_backstage);

  const Ledger& ledger() const { return shell.sale().ledger(); }
  const std::string& time_text(RawTime now);  // of a reply; made once a millisecond

  // Hands the ask to the sale, which may answer at once.
  Step put(Call& call, const Ask& ask) {
    return waits(call, [&] { shell.ask(call.who, ask, now); });
  }
  Step put(Call& call, DemoSeller& seller) {
    return waits(call, [&] { seller.ask(call.who); });
  }
  static Step waits(Call& call, auto ask) {
    call.state = Call::State::kWaiting;
    ask();
    call.waited = call.state != Call::State::kAnswered;
    return call.waited ? Step::kWaits : Step::kAnswered;
  }

  Now now;  // when the connection that is being served was resumed
  Shell& shell;
  HttpOptions options;
  Backstage backstage;
  bool loopback = false;  // we listen on a loopback address only
  bool draining = false;
  Calls calls;
  HttpMetrics metrics;
  Replies replies;
  JsonReader json;
  std::string desk;                  // a reply's body while it is written
  std::string fields;                // … and header lines
  std::vector<std::uint32_t> units;  // an order's, while it is written
  std::uint64_t anonymous = 0;       // shoppers of the demo's wire so far
  std::uint32_t readers = 0;         // of live streams
  std::optional<StreamAsk> stream;   // the reply just written is the head of one

 private:
  RawTime time_text_of_{-1};
  std::string time_text_;
};

// More to say about a problem than its code.
struct ProblemMore {
  std::string_view detail;
  std::string_view sale;
  std::string_view members;  // further JSON members: `"starts_at":"…"`
  std::string_view fields;   // further header lines
};
void reply_problem(Office& office, Call& call, std::string& out, const Problem& problem,
                   const ProblemMore& more = {});
inline Step problem(Office& office, Call& call, std::string& out, const Problem& what,
                    const ProblemMore& more = {}) {
  reply_problem(office, call, out, what, more);
  return Step::kReplied;
}

// A problem's body in two parts: what can be made ready, and the rest, which differs each time but
// not in its length.
void append_problem(std::string& to, const Problem& problem, const ProblemMore& more);
void append_problem_rest(std::string& to, Office& office, const Call& call);
inline constexpr std::size_t kProblemRest = 74;

}  // namespace seckill
