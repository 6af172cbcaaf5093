#include "base/entropy.h"

#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <sys/random.h>

#include "base/invariant.h"

namespace seckill {

void fill_random(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    invariant(got > 0, "the kernel gives random bytes");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

std::uint64_t random_u64() {
  std::uint64_t drawn = 0;
  fill_random(std::as_writable_bytes(std::span(&drawn, 1)));
  return drawn;
}

HashKey random_hash_key() {
  HashKey drawn;
  fill_random(std::as_writable_bytes(std::span(drawn.bytes)));
  return drawn;
}

std::string random_token() {
  std::array<std::uint64_t, 4> drawn{};
  fill_random(std::as_writable_bytes(std::span(drawn)));
  return fmt::format("{:016x}{:016x}{:016x}{:016x}", drawn[0], drawn[1], drawn[2], drawn[3]);
}

}  // namespace seckill
