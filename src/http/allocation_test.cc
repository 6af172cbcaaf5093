// Promise 5 of the server: a ready-made refusal costs no allocation, on either wire.
#include <cstdint>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

#include "http/test_front.h"

namespace {
thread_local std::uint64_t allocations = 0;  // test only: calls of operator new on this thread

void* counted(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

// Inlined, g++ would warn that free() is given what new has made.
[[gnu::noinline]] void* operator new(std::size_t size) { return counted(size); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return counted(size); }
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace seckill {
namespace {

class Allocations : public testing::TestWithParam<std::pair<std::string, std::string>> {};

// Hundreds of people hear "sold out", and the loop's thread counts what it allocated meanwhile. Its
// own clockwork (a TICK a second after the sale's last turn) may ring once, so one round of five
// must be clean.
TEST_P(Allocations, ASoldOutReplyNeedsNone) {
  HttpOptions options;
  options.limits.sweep = milliseconds(60'000);
  Front front({terms_of(1, "car", 1)}, options);
  Client client(front.port());
  ASSERT_EQ(client.ask(kDemoRequest).body, "[0]");
  const auto& [request, said] = GetParam();
  const auto counted_on_loop = [&] {
    std::uint64_t count = 0;
    front.on_loop([&] { count = allocations; });
    return count;
  };
  const auto refused = [&] {
    for (int i = 0; i < 200; ++i) ASSERT_NE(client.ask(request).body.find(said), std::string::npos);
  };
  refused();  // buffers and texts are made
  std::uint64_t least = UINT64_MAX;
  for (int round = 0; round < 5 && least > 0; ++round) {
    const std::uint64_t before = counted_on_loop();
    refused();
    least = std::min(least, counted_on_loop() - before);
  }
  EXPECT_EQ(least, 0U) << "for 200 refusals";
}

INSTANTIATE_TEST_SUITE_P(BothWires, Allocations,
                         testing::Values(std::pair(kDemoRequest, std::string("sold out!")),
                                         std::pair(buy_request("car", "ann", "k1"),
                                                   std::string("\"sold-out\""))));

}  // namespace
}  // namespace seckill
