// The rows' shapes in MySQL and MariaDB, numbered as in SQLite; of many processes that start at
// once, one makes them.
#pragma once

#include <span>

#include "base/embedded_file.h"
#include "base/result.h"
#include "orders/mysql.h"

namespace seckill::mysql {

// As migrate() in migrations.h. DDL commits by itself here, so that a crash may leave a version
// half made: each of its statements can be run again, and its line in schema_migrations comes last.
// An advisory lock (GET_LOCK) of the server keeps others out meanwhile. kUnavailable: with migrate
// = false, nothing was ever made here. kCorrupt: tables of another program.
Status migrate(Connection& db, std::span<const EmbeddedFile> files, bool migrate);

}  // namespace seckill::mysql
