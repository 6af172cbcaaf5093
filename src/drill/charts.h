// The report's pictures. Each is one <svg> made of a summary.json, or nothing where it has no
// figures for it; the tables beside them say the same in numbers.
#pragma once

#include <string>

#include "drill/findings.h"

namespace seckill {

std::string stock_chart(const Json& run);     // units left over time
std::string funnel_chart(const Json& run);    // arrived → admitted → won → stored → paid
std::string quantile_chart(const Json& run);  // latency by share of the clicks, felt and served
std::string spectrum_chart(const Json& run);  // how many clicks felt which latency, by outcome
std::string heat_chart(const Json& run);      // latency over time: the darker, the more clicks
std::string pace_chart(const Json& run);      // scheduled and sent requests a second
std::string outcome_chart(const Json& run);   // how the clicks ended
std::string chance_chart(const Json& run);    // chance to win by order of arrival
std::string spread_chart(const Json& earlier, const Json& run);  // latency of two runs

}  // namespace seckill
