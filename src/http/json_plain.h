// The JSON that nearly every claim sends, read in one short walk. It judges nothing: what is not
// plain goes to the reader of all JSON (decision 0020).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "http/json_in.h"

namespace seckill {

// How many fields it read; nothing: `body` is not plain, which does not say that it is no JSON.
// Plain is one object of at most fields.size() fields, no name twice; texts are of blank to '~'
// without '"' and '\', numbers are whole, from 0, of at most 15 digits; true, false and null.
//   (1) What is read here, JsonReader::read_any reads, as the same fields in the same order.
// Texts are views into `body`.
std::optional<std::size_t> read_plain_json(std::string_view body, std::span<JsonField> fields);

}  // namespace seckill
