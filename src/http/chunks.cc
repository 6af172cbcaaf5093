#include "http/chunks.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "http/control_bytes.h"

namespace seckill {
namespace {

constexpr std::size_t kExtensionMax = 256;
constexpr std::size_t kSizeDigitsMax = 8;

int hex_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ChunkWalk::Found ChunkWalk::refuse(std::string_view detail) {
  refusal_ = {problems::kMalformedRequest, detail};
  return Found::kRefused;
}
ChunkWalk::Found ChunkWalk::too_large() {
  refusal_ = {problems::kBodyTooLarge, "The body is larger than allowed."};
  return Found::kRefused;
}

ChunkWalk::Found ChunkWalk::walk(std::span<char> raw, const HttpLimits& limits) {
  for (;;) {
    if (at_ > 4 * limits.body_max + 1024) return too_large();  // tiny chunks are mostly framing
    Found found = Found::kBody;  // here: this part is done, the next one follows
    switch (part_) {
      case Part::kSize: found = size_line(raw, limits); break;
      case Part::kData: {
        const std::size_t here = std::min(left_, raw.size() - at_);
        std::memmove(raw.data() + body_, raw.data() + at_, here);
        at_ += here, body_ += here, left_ -= here;
        if (left_ > 0) return Found::kMore;
        part_ = Part::kDataEnd;
        break;
      }
      case Part::kDataEnd:
        if (raw.size() > at_ && raw[at_] != '\r') return refuse("A chunk does not end in CRLF.");
        if (raw.size() < at_ + 2) return Found::kMore;
        if (raw[at_ + 1] != '\n') return refuse("A chunk does not end in CRLF.");
        at_ += 2;
        part_ = Part::kSize;
        break;
      case Part::kTrailer: {
        const std::size_t before = at_;
        found = trailer_line(raw, limits);
        if (found == Found::kBody && at_ - before == 2) return found;  // the empty line: all read
        break;
      }
    }
    if (found != Found::kBody) return found;
  }
}

// size [;extension] CRLF. Digits only: no sign, no blank, no 0x, no _, nothing that could overflow.
ChunkWalk::Found ChunkWalk::size_line(std::span<char> raw, const HttpLimits& limits) {
  const std::string_view rest(raw.data() + at_, raw.size() - at_);
  std::size_t size = 0;
  std::size_t digits = 0;
  while (digits < rest.size() && hex_of(rest[digits]) >= 0) {
    if (digits == kSizeDigitsMax) return refuse("A chunk size has too many digits.");
    size = size * 16 + static_cast<std::size_t>(hex_of(rest[digits++]));
  }
  if (digits == rest.size()) return Found::kMore;
  if (digits == 0 || (rest[digits] != '\r' && rest[digits] != ';'))
    return refuse("A chunk size is no hexadecimal number.");
  const auto end = rest.find('\n', digits);
  const std::string_view line = rest.substr(digits, end == rest.npos ? rest.npos : end - digits);
  if (line.size() > kExtensionMax + 1) return refuse("A chunk extension is too long.");
  if (end == rest.npos) return Found::kMore;
  if (line.empty() || line.back() != '\r' || has_control(line.substr(0, line.size() - 1)))
    return refuse("A chunk size line does not end in CRLF.");
  if (size > limits.body_max || body_ + size > limits.body_max) return too_large();
  at_ += end + 1;
  left_ = size;
  part_ = size == 0 ? Part::kTrailer : Part::kData;
  return Found::kBody;
}

ChunkWalk::Found ChunkWalk::trailer_line(std::span<char> raw, const HttpLimits& limits) {
  const std::string_view rest(raw.data() + at_, raw.size() - at_);
  const auto end = rest.find('\n');
  if (trailers_ + std::min(end, rest.size()) > limits.head_max) {
    refusal_ = {problems::kHeadTooLarge, "The trailers are larger than allowed."};
    return Found::kRefused;
  }
  if (end == rest.npos) return Found::kMore;
  if (end == 0 || rest[end - 1] != '\r') return refuse("A trailer does not end in CRLF.");
  const std::string_view line = rest.substr(0, end - 1);
  if (has_control(line) || (!line.empty() && (line.front() == ' ' || line.front() == '\t' ||
                                              line.find(':') == line.npos)))
    return refuse("A trailer is no `name: value`.");
  trailers_ += end + 1;
  at_ += end + 1;
  return Found::kBody;
}

}  // namespace seckill
