// How a command ended, for scripts and supervisors: the one list of our exit codes.
#pragma once

#include "base/result.h"

namespace seckill::app {

enum class Exit : int {
  kDone = 0,
  kFailed = 1,       // audit: not proven
  kUsage = 2,        // usage or configuration
  kUnavailable = 3,  // a needed service is unreachable
  kViolation = 4,    // the audit found a violation
  kDamaged = 5,      // data damaged: do not restart, read the runbook
  kThreshold = 99,   // a drill's threshold failed, as in k6
  kInterrupted = 130,
};

constexpr Exit exit_of(Error::Code code) {
  switch (code) {
    case Error::Code::kUnavailable: return Exit::kUnavailable;
    case Error::Code::kCorrupt: return Exit::kDamaged;
    case Error::Code::kInvalid: return Exit::kUsage;
    case Error::Code::kFull:
    case Error::Code::kFailed: break;
  }
  return Exit::kFailed;
}

}  // namespace seckill::app
