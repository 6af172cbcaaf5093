// The rows' shapes, numbered: what is in the binary is brought into the file, once, in order.
#pragma once

#include <span>

#include "base/embedded_file.h"
#include "base/result.h"
#include "orders/sqlite.h"

namespace seckill::sqlite {

// Files are named NNN_what.sql with NNN = 1, 2, 3 … Each runs in a transaction of its own together
// with its line in schema_migrations(version, checksum, at). kCorrupt: the file has a version that
// we do not know (a newer program's), one whose text has changed since, or tables that are not
// ours. With migrate = false missing versions are kInvalid.
Status migrate(Db& db, std::span<const EmbeddedFile> files, bool migrate);

}  // namespace seckill::sqlite
