// What people type for amounts and times, as numbers: pure functions, for flags, environment and
// seckill.toml alike. Each error says what was read and shows a right example.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/counted.h"
#include "base/result.h"
#include "model/text.h"

namespace seckill::app {

Result<std::uint64_t> count_from(std::string_view text);  // "2000", "20k", "1.5M", "1,000"
Result<std::uint64_t> size_from(std::string_view text);   // bytes: "64MiB", "4KiB", "10MB", "4096"
Result<milliseconds> duration_from(std::string_view text);  // "5s", "15m", "1h30m", "250ms", "0"
Result<bool> bool_from(std::string_view text);  // "true", "false", "yes", "no", "1", "0"

// Minor units by the currency's own digits: "9.90CNY" is 990, "500JPY" is 500.
struct Price {
  std::int64_t minor = 0;
  Currency currency;
};
Result<Price> price_from(std::string_view text);
std::string to_text(const Price& price);

// A moment: "now", "+1m" from now on, or RFC 3339 with its zone, "2026-11-22T16:10:00+08:00".
Result<RawTime> moment_from(std::string_view text, RawTime now);

std::string to_rfc3339(RawTime at);          // "2026-11-22T08:10:00.000Z"
std::string to_local_clock(RawTime at);      // "16:10:00", for people at this machine
std::string to_text(milliseconds length);    // "1h30m", "250ms", "0s": what duration_from reads
std::string size_text(std::uint64_t bytes);  // "64MiB": what size_from reads

// host:port, as --listen takes it. Port 0: any free one.
struct Address {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Address&) const = default;
};
Result<Address> address_from(std::string_view text);
std::string to_text(const Address& address);

}  // namespace seckill::app
