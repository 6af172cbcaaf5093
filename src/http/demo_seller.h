// Whoever sells on the demo's wire instead of one of our sales: `--compat demo` has its own judge
// and its own record. Lent by the program.
#pragma once

#include "base/clock.h"
#include "model/verdict.h"
#include "sale/sale.h"

namespace seckill {

// Threads: belongs to the loop; no call waits.
class DemoSeller {
 public:
  virtual ~DemoSeller() = default;

  // Answered once, through the server's tell(): kWon with `left`, kSoldOut, kNotStarted, kBusy or
  // kUnsure. May tell inside.
  virtual void ask(Who who) = 0;
  virtual void idle() = 0;  // nothing left to read
  virtual void pump() = 0;  // wake_fd() is readable
  virtual int wake_fd() const = 0;
  virtual bool quiet() const = 0;  // nobody waits, nothing is under way
};

}  // namespace seckill
