// Times as people and programs outside read them: RFC 3339, UTC, milliseconds; and HTTP's own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace seckill {

void append_time(std::string& to, RawTime at);  // 2026-11-22T16:10:00.312Z
std::string http_date(RawTime at);              // Sun, 22 Nov 2026 16:10:00 GMT

// With `Z` or an offset, with or without a fraction (what is below a millisecond is cut). Nothing
// when it is no such time, or not of the years 1970 to 9999.
std::optional<RawTime> time_from(std::string_view text);

}  // namespace seckill
