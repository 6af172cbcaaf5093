// Others' JSON, read without trust: a member of another type than expected is none, never an
// exception.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace seckill::app {

using Json = nlohmann::ordered_json;  // members stay in the order in which they were written

Json json_from(std::string_view text);  // null when it is none

// A text as it is, a number or a truth as JSON writes it; else `otherwise`.
std::string text_of(const Json& json, std::string_view key, std::string_view otherwise = "");
std::uint64_t count_of(const Json& json, std::string_view key);  // 0: not there, or no count
bool truth_of(const Json& json, std::string_view key);           // false: not there, or no truth
const Json& list_of(const Json& json, std::string_view key);     // empty: not there, or no array

// What is no UTF-8 is replaced: a path or a title may be anything.
std::string dumped(const Json& json, int indent = -1);

}  // namespace seckill::app
