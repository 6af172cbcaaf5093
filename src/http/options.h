// What the HTTP part is told by whoever starts it: where to listen, what to bear, whom to trust.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/text.h"

namespace seckill {

// A token's SHA-256: tokens themselves are never kept (T25).
using TokenHash = std::array<std::uint8_t, 32>;
TokenHash hash_of_token(std::string_view token);

// Bounds of one server (I12). What is beyond them gets a plain answer, and is not read.
struct HttpLimits {
  std::size_t uri_max = 8 * 1024;            // bytes of a request's target: else 414 …
  std::size_t head_max = 8 * 1024;           // … of its header fields: else 431 …
  std::size_t body_max = 4 * 1024;           // … of its body: else 413 before reading it
  std::uint32_t connections_max = 16'000;    // more are told 503 and closed
  std::uint32_t calls_max = 110'000;         // requests in progress; more are told `busy`
  std::uint32_t requests_per_round = 16;     // served of one connection before the others' turn
  std::chrono::milliseconds head{10'000};    // from the first byte of a head to its last
  std::chrono::milliseconds body{10'000};    // from the end of the head to the end of the body
  std::chrono::milliseconds idle{75'000};    // between requests
  std::chrono::milliseconds write{10'000};   // a peer that takes nothing for so long is left
  std::chrono::milliseconds request{5'000};  // then the answer is 503 `outcome-unknown` (I11)
  std::chrono::milliseconds linger{1'000};   // unread input is drained so long after the last reply
  std::chrono::milliseconds sweep{250};      // how coarse all of these are
  std::chrono::milliseconds comment{15'000};  // a sign of life on a live stream
};

struct HttpOptions {
  std::string address = "127.0.0.1";  // numeric
  std::uint16_t port = 3000;          // 0: any; Server::port() says which
  HttpLimits limits;
  std::optional<TokenHash> admin_token;
  std::optional<TokenHash> till_token;          // may mark orders paid, nothing else
  SaleName demo_sale = *SaleName::from("car");  // what POST /seckill/seckill sells
  std::uint64_t nonce = 0;  // of this process: names the demo's anonymous buyers
  std::function<void(std::span<std::byte>)> random;  // secrets and uids of new sales: getrandom
  std::string version = "0.1.0";
};

}  // namespace seckill
