// A chunked body: what is accepted decodes to the same bytes in a second, independent decoder, and
// the same however its bytes come.
#include "http/chunks.h"

#include <charconv>
#include <optional>
#include <string>

#include "fuzz/fuzz.h"

namespace seckill::fuzz {
namespace {

struct Decoded {
  std::string body;
  std::size_t raw = 0;
};

// Nothing: it is no chunked body, or not a whole one.
std::optional<Decoded> plain_decoding(std::string_view raw) {
  Decoded decoded;
  const auto line = [&]() -> std::optional<std::string_view> {
    const auto end = raw.find("\r\n", decoded.raw);
    if (end == raw.npos) return std::nullopt;
    const auto text = raw.substr(decoded.raw, end - decoded.raw);
    decoded.raw = end + 2;
    return text;
  };
  for (;;) {
    const auto size_line = line();
    if (!size_line) return std::nullopt;
    const auto digits = size_line->substr(0, size_line->find(';'));
    std::size_t size = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    if (size == 0) break;
    if (raw.size() - decoded.raw < size + 2) return std::nullopt;
    decoded.body += raw.substr(decoded.raw, size);
    decoded.raw += size;
    if (raw.substr(decoded.raw, 2) != "\r\n") return std::nullopt;
    decoded.raw += 2;
  }
  for (;;) {
    const auto trailer = line();
    if (!trailer) return std::nullopt;
    if (trailer->empty()) return decoded;
  }
}

ChunkWalk::Found walk(ChunkWalk& chunks, std::string& raw, std::size_t step,
                      const HttpLimits& limits) {
  auto found = ChunkWalk::Found::kMore;
  for (std::size_t n = step; found == ChunkWalk::Found::kMore; n += step) {
    found = chunks.walk(std::span(raw).first(std::min(n, raw.size())), limits);
    if (n >= raw.size()) break;
  }
  return found;
}

}  // namespace
}  // namespace seckill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seckill;
  fuzz::Input input(data, size);
  const std::size_t step = 1 + input.byte() % 64;
  const std::string_view raw = input.text();
  const HttpLimits limits;

  ChunkWalk at_once;
  std::string one(raw);
  const auto found = fuzz::walk(at_once, one, raw.size() + 1, limits);
  ChunkWalk in_pieces;
  std::string two(raw);
  invariant(fuzz::walk(in_pieces, two, step, limits) == found, "pieces: the same verdict");
  if (found != ChunkWalk::Found::kBody) return 0;

  invariant(at_once.body() <= limits.body_max, "I12 a body is bounded");
  invariant(at_once.body() == in_pieces.body() && at_once.raw() == in_pieces.raw(), "one size");
  const auto plain = fuzz::plain_decoding(raw);
  invariant(plain.has_value(), "what we accept is a chunked body");
  invariant(plain->raw == at_once.raw(), "it ends at one place");
  invariant(plain->body == std::string_view(one).substr(0, at_once.body()), "one body");
  invariant(plain->body == std::string_view(two).substr(0, in_pieces.body()), "one body, again");
  return 0;
}
