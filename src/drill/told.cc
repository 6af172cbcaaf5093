#include "drill/told.h"

namespace seckill {

const char* to_text(Told told) {
  switch (told) {
    case Told::kWon: return "won";
    case Told::kEnded: return "ended";
    case Told::kSoldOut: return "sold-out";
    case Told::kLimit: return "limit";
    case Told::kNotStarted: return "not-started";
    case Told::kPaused: return "paused";
    case Told::kClosed: return "closed";
    case Told::kFull: return "full";
    case Told::kBusy: return "busy";
    case Told::kUnknown: return "unknown";
    case Told::kRefused: return "refused";
    case Told::kError: return "error";
    case Told::kNotSent: return "not-sent";
  }
  return "?";
}

}  // namespace seckill
