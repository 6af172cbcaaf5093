// A run's summary.json as texts, pictures and comparisons read it: whatever is in there, nothing is
// trusted, and what is missing is null.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace seckill {

using Json = nlohmann::ordered_json;
using Path = std::initializer_list<std::string_view>;  // names, and numbers where a list is

const Json& at(const Json& json, Path path);
std::string pointer_of(Path path);  // "/latency/felt/all/p99_us" (RFC 6901)

// As people read it: unit is "", "us", "share" or "per_second". "-": no figure.
std::string text(const Json& json, std::string_view unit = "");
double number(const Json& json);  // 0: no figure

// kInvalid when the text is no summary.json of ours.
Result<Json> read_summary(std::string_view summary);

// Did the sale hold? kBroken: two were told the same, more was sold than there was, or the audit
// found a violation. kProven needs the audit; kSeen is what a crowd alone can say.
enum class Held : std::uint8_t { kProven, kSeen, kUnproven, kNoVerdict, kBroken };
struct Holding {
  Held held = Held::kSeen;
  std::string sentence;  // "The sale held: 100 of 100 sold, each once; …"
};
Holding holding_of(const Json& run);
// "AMD EPYC, 2 cores, Linux 6.1 x86_64; crowd and server on the same machine"
std::string machine_of(const Json& run);

// One figure of two runs. Spread: of its tenths by arrival, how much it varies within one run.
struct Compared {
  std::string name, unit;
  std::string a, b;                // "22.5 ms"
  std::string a_spread, b_spread;  // "0.4 ms – 30.8 ms", or nothing
  std::string change;              // "+12 %", "=", "-"
  bool beyond = false;             // both spreads are known and do not meet
  bool within = false;             // … and meet
};
std::vector<Compared> compare(const Json& a, const Json& b);
// "shoppers was 300, is 200": where the conditions differ, no figure compares.
std::vector<std::string> other_conditions(const Json& a, const Json& b);

}  // namespace seckill
