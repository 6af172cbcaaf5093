// A list for people: columns as wide as they need, or CSV for programs.
#pragma once

#include <string>
#include <vector>

namespace seckill::app {

using TableRow = std::vector<std::string>;

// The first row is the head.
std::string table_text(const std::vector<TableRow>& rows);
std::string csv_text(const std::vector<TableRow>& rows);  // RFC 4180's quotes, lines end in \n

}  // namespace seckill::app
