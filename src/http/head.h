// The bytes of a request's head: first that they can be read in one way only, then what they say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/options.h"
#include "http/problem.h"
#include "http/request.h"

namespace seckill {

// Walks the lines of a head as they come, and refuses what parsers disagree about: bare CR or LF,
// control bytes, folded lines, a blank before the colon, `_` in a name (it becomes `-` behind many
// proxies), versions other than 1.0 and 1.1 (T2, T4), and what is too long (T8). Offsets are from
// the request's first byte. Each byte is looked at about once, however slowly they come.
class HeadScan {
 public:
  enum class Found : std::uint8_t { kMore, kHead, kRefused };
  Found scan(std::string_view bytes, const HttpLimits& limits);
  std::size_t size() const { return line_; }  // of the head, its empty line included (kHead)
  const Refusal& refusal() const { return refusal_; }

 private:
  Found refuse(Problem problem, std::string_view detail);
  std::optional<Refusal> request_line(std::string_view line, const HttpLimits& limits) const;
  std::optional<Refusal> unfinished(std::string_view rest, const HttpLimits& limits) const;

  std::size_t line_ = 0;    // where the current line begins
  std::size_t fields_ = 0;  // where the fields begin; 0: in the request line
  Refusal refusal_;
};

// How the body comes.
struct BodyPlan {
  std::size_t length = 0;
  bool chunked = false;
  bool expects_continue = false;
};

// Reads a whole, scanned head with Beast's parser, keeps the fields we use, and refuses what would
// be ambiguous in their meaning (T1, T4, T5).
std::optional<Refusal> read_head(std::string_view head, const HttpLimits& limits, Request& request,
                                 BodyPlan& body);

}  // namespace seckill
