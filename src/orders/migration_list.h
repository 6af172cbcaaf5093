// What a database says was done to it, against what this program would do: the same in SQLite and
// in MySQL.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded_file.h"
#include "base/result.h"

namespace seckill {

// A line of table schema_migrations.
struct Applied {
  std::int64_t version = 0;
  std::string checksum;
};

std::int64_t version_of(const EmbeddedFile& file);  // 1 of "001_rows.sql"
std::string checksum_of(const EmbeddedFile& file);

// What is there must be the beginning of what we have; else kCorrupt, beginning with `where`.
Status check_applied(std::string_view where, const std::vector<Applied>& applied,
                     std::span<const EmbeddedFile> files);

}  // namespace seckill
