// What the server did meanwhile: two looks at its /metrics, told as an operator asks for it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "drill/findings.h"

namespace seckill {

// Samples of a /metrics page that tell of the server: name{labels} → value, without the buckets.
using Metrics = std::map<std::string, double>;
Metrics metrics_of(std::string_view page);

// How much a name's samples grew, all labels together; nothing: the page does not have it.
Json growth(const Metrics& before, const Metrics& after, std::string_view name);

// CPU, queue, rows and durations as one object; null where the server has no metrics. A mean is of
// what happened between the two looks. requests: what the crowd sent; lasted_us: how long it took.
Json server_side(const Metrics& before, const Metrics& after, std::uint64_t requests,
                 std::int64_t lasted_us);

}  // namespace seckill
