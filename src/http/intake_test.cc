// The buffer behind a connection: whatever comes, in whatever pieces, there is room for the next
// byte until the request is whole or refused.
#include "http/intake.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <string>

#include "support/dice.h"

namespace seckill {
namespace {

// Feeds the bytes in pieces of up to `piece`; the last thing that was found.
Intake::Found fed(Intake& intake, std::string_view bytes, std::size_t piece) {
  auto found = Intake::Found::kMore;
  while (!bytes.empty() && found != Intake::Found::kRefused) {
    const auto room = intake.room();
    const std::size_t size = std::min({room.size(), bytes.size(), piece});
    std::memcpy(room.data(), bytes.data(), size);
    intake.received(size);
    bytes.remove_prefix(size);
    while ((found = intake.next()) == Intake::Found::kRequest) intake.consume();
  }
  return found;
}

std::string repeated(std::string_view what, std::size_t times) {
  std::string all;
  for (; times > 0; --times) all += what;
  return all;
}

// Both of these once filled the buffer without being refused, and ended the process.
TEST(Intake, RefusesWhatIsWithinEveryBoundAndStillTooLarge) {
  const HttpLimits limits;
  {
    Intake intake(limits);
    EXPECT_EQ(fed(intake, std::string(4096, 'A'), 4096), Intake::Found::kMore);
    const std::string rest =
        std::string(29'000, 'A') + " / HTTP/1.1\r\nX: " + std::string(7'900, 'a');
    EXPECT_EQ(fed(intake, rest, rest.size()), Intake::Found::kRefused);
  }
  {
    Intake intake(limits);
    std::string head = "POST /" + std::string(8'185, 'a') +
                       " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nX: ";
    head += std::string(8'100, 'b') + "\r\n\r\n";
    const std::string body = repeated("1\r\na\r\n", 2'895) + "0\r\nx: " + std::string(8'180, 'c');
    const auto found = fed(intake, head + body + std::string(8'192, 'd'), 1'000);
    EXPECT_EQ(found, Intake::Found::kRefused);
  }
}

// Parts of requests, each small, large or just within its bound, in any order and any pieces.
TEST(Intake, AlwaysHasRoomOrHasRefused) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  Dice dice(seed);
  const HttpLimits limits;
  int refused = 0;
  for (int round = 0; round < 2'000; ++round) {
    Intake intake(limits);
    std::string bytes;
    for (auto parts = dice.between(1, 6); parts > 0; --parts) {
      const auto size = static_cast<std::size_t>(dice.between(0, 9'000));
      switch (dice.between(0, 6)) {
        case 0: bytes += "GET / HTTP/1.1\r\nHost: localhost\r\n"; break;
        case 1:
          bytes += "POST /" + std::string(size, 'u') + " HTTP/1.1\r\nHost: localhost\r\n";
          break;
        case 2: bytes += "X: " + std::string(size, 'h') + "\r\n"; break;
        case 3: bytes += "Transfer-Encoding: chunked\r\n\r\n"; break;
        case 4: bytes += repeated("1\r\na\r\n", size / 3); break;
        case 5: bytes += "0\r\nt: " + std::string(size, 't'); break;
        default: bytes += std::string(size, 'm') + "\r\n"; break;
      }
    }
    const auto piece = static_cast<std::size_t>(dice.between(1, 20'000));
    refused += fed(intake, bytes, piece) == Intake::Found::kRefused ? 1 : 0;
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace seckill
