// A server's reply, read strictly: the crowd trusts nobody. Pure: bytes in, a reply or a complaint
// out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"

namespace seckill {

inline constexpr std::size_t kReplyHeadMax = 16 * 1024;
inline constexpr std::size_t kReplyBodyMax = 1024 * 1024;

struct Reply {
  std::uint16_t status = 0;
  bool keep_alive = true;
  bool replayed = false;        // Idempotent-Replayed: true
  microseconds retry_after{0};  // Retry-After in seconds; 0: none (or a date, which we do not read)
  std::string_view body;        // within bytes, or within unchunked
  std::string unchunked;        // the body of a chunked reply; body then looks into it
  std::size_t size = 0;         // how many bytes the reply took

  Reply() = default;
  Reply(Reply&& other) noexcept { *this = std::move(other); }
  Reply& operator=(Reply&& other) noexcept;
};

struct NeedMore {};
struct Malformed {
  const char* why;
};
using ReadReply = std::variant<NeedMore, Reply, Malformed>;

// Reads the reply at the start of bytes; ended: nothing more will come. Interim replies (1xx) are
// skipped. Refuses what could be read in two ways: two lengths, a length beside chunks, bare line
// feeds, blanks before a colon. Total: any bytes give one of the three.
ReadReply read_reply(std::string_view bytes, bool ended);

// The text value of a name in a flat JSON object of ours, "" when there is none. Needs no parser:
// inside a JSON text quotes are escaped, so "name": can only be a name. Values with escapes are
// handed out as they are written.
std::string_view json_text(std::string_view json, std::string_view name);

}  // namespace seckill
