// A token of the admin's or the till's: drawn once, kept in a file that only its owner may read.
// Its path is told, never itself (T27).
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace seckill::app {

// The file's token; made, with its file (0600), when there is none. kInvalid: the file is empty, or
// cannot be made.
Result<std::string> read_or_make_token(const std::filesystem::path& file);

}  // namespace seckill::app
