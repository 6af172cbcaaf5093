// The crowd: plays a plan of clicks over HTTP, each at its intended time whatever the server does.
// I/O without decisions: what counts how is the tally's business.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "drill/plan.h"
#include "drill/told.h"
#include "drill/wire.h"

namespace seckill {

// Who is told what happens. Calls come from play()'s thread, in the order of time; texts live until
// the call returns.
class Audience {
 public:
  virtual ~Audience() = default;
  virtual void answered(const Attempt& attempt, std::string_view order,
                        std::string_view reason) = 0;
  // A click has its final answer; attempts is 0 when it was never sent (reason says why).
  virtual void settled(std::uint32_t click, Told told, std::int64_t at_us, std::uint32_t attempts,
                       std::string_view reason) = 0;
  // Ten times a second.
  virtual void tick(std::int64_t at_us) = 0;
};

struct CrowdTerms {
  std::uint32_t connections = 1'000;  // at most so many at once
  std::uint32_t retries = 0;          // per click, with the same key
  microseconds timeout{10'000'000};   // per attempt; and for a click to get a connection
  microseconds warmup{0};  // before the rush: connections are opened, a GET is sent on each
  bool allow_remote = false;
  // How often the user interrupted: 1 stops sending, 2 ends at once. Null: never.
  const std::atomic<int>* interrupts = nullptr;
};

struct CrowdEnd {
  bool interrupted = false;
  std::uint64_t connections_opened = 0;
  std::uint32_t connections_most = 0;  // open at once
  std::uint32_t in_flight_most = 0;
  std::int64_t lasted_us = 0;
  std::int64_t cpu_us = 0;         // of this thread, warm-up and all
  std::int64_t started_at_ms = 0;  // wall clock of µs 0
};

// Promises: (1) no click is sent before its intended time, and none waits for another one's answer
// while a connection can be had; (2) every click is settled exactly once, and every attempt
// answered before that; (3) a reply that is not HTTP, comes unasked or breaks off is an error,
// never a win; (4) a retry asks with the same buyer and key; (5) it ends: at most timeout after the
// last send of the last retry; (6) nothing but loopback is spoken to unless allow_remote. Errors:
// kInvalid (address, not loopback, open files), kUnavailable (nobody answers at all).
Result<CrowdEnd> play(const Plan& plan, const Wire& wire, const CrowdTerms& terms,
                      Audience& audience);

// One request of ours and its reply, waiting: what a sale has in stock, what /metrics says.
// request: whole bytes. kUnavailable when there is no connection or no reply in time.
struct Fetched {
  std::uint16_t status = 0;
  std::string body;
};
Result<Fetched> fetch(const Address& address, std::string_view request, microseconds timeout,
                      bool allow_remote);

// Enough open files for so many connections? Raises the soft limit where it may. kInvalid with
// advice.
Status enough_open_files(std::uint32_t connections);

}  // namespace seckill
