#include "orders/mysql_migrations.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "orders/migration_list.h"

namespace seckill::mysql {
namespace {

constexpr std::string_view kTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, checksum VARCHAR(32)"
    " NOT NULL, at BIGINT NOT NULL) ENGINE = InnoDB, CHARACTER SET utf8mb4, COLLATE utf8mb4_bin";

// The one number of one row.
Result<std::int64_t> number_of(Connection& db, std::string_view sql, std::string_view value) {
  auto query = db.prepare(sql);
  if (!query) return fail(std::move(query.error()));
  auto row = query->bind(value).step();
  if (!row) return fail(std::move(row.error()));
  const std::int64_t number = *row ? query->number(0) : 0;
  query->reset();
  return number;
}

Result<bool> has_table(Connection& db, std::string_view name) {
  auto found = number_of(db,
                         "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema ="
                         " DATABASE() AND table_name = ?",
                         name);
  if (!found) return fail(std::move(found.error()));
  return *found > 0;
}

Result<std::vector<Applied>> applied_to(Connection& db) {
  std::vector<Applied> applied;
  auto there = has_table(db, "schema_migrations");
  if (!there) return fail(std::move(there.error()));
  if (!*there) return applied;
  auto query = db.prepare("SELECT version, checksum FROM schema_migrations ORDER BY version");
  if (!query) return fail(std::move(query.error()));
  for (;;) {
    auto row = query->step();
    if (!row) return fail(std::move(row.error()));
    if (!*row) return applied;
    applied.push_back({query->number(0), std::string(query->text(1))});
  }
}

// CREATE … IF NOT EXISTS would pass by a table of somebody else's with one of our names.
Status check_nobody_elses(Connection& db) {
  auto ours = has_table(db, "schema_migrations");
  if (!ours) return fail(std::move(ours.error()));
  if (*ours) return {};
  for (const char* name : {"orders", "sales", "payments", "units", "bookmark", "quarantine"}) {
    auto there = has_table(db, name);
    if (!there) return fail(std::move(there.error()));
    if (!*there) continue;
    return fail(
        Error::Code::kCorrupt,
        fmt::format("orders/mysql: {}: table {} is somebody else's; give seckill a database "
                    "of its own: CREATE DATABASE …",
                    db.name(), name));
  }
  return {};
}

// The statements of a file: a comment ends with its line, a statement with a ; at the end of one.
Status run_file(Connection& db, std::string_view text) {
  std::string statement;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::string_view code = line.substr(0, line.find("--"));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t last = code.find_last_not_of(' ');
    if (last == std::string_view::npos) continue;
    const bool ends = code[last] == ';';
    statement.append(code.substr(0, ends ? last : last + 1)).push_back('\n');
    if (!ends) continue;
    if (auto ran = db.run(statement); !ran) return ran;
    statement.clear();
  }
  return {};
}

Status run_missing(Connection& db, std::span<const EmbeddedFile> files) {
  if (auto free = check_nobody_elses(db); !free) return free;
  if (auto made = db.run(kTable); !made) return made;
  auto applied = applied_to(db);
  if (!applied) return fail(std::move(applied.error()));
  if (auto same = check_applied("orders/mysql: " + db.name(), *applied, files); !same) return same;
  for (std::size_t i = applied->size(); i < files.size(); ++i) {
    if (auto ran = run_file(db, files[i].text); !ran) return ran;
    auto insert = db.prepare("INSERT INTO schema_migrations VALUES (?, ?, ?)");
    if (!insert) return fail(std::move(insert.error()));
    const std::string checksum = checksum_of(files[i]);
    const std::int64_t at = machine_now().raw.ms;
    if (auto ran = insert->bind(version_of(files[i])).bind(checksum).bind(at).run(); !ran)
      return ran;
  }
  return {};
}

}  // namespace

Status migrate(Connection& db, std::span<const EmbeddedFile> files, bool migrate) {
  auto applied = applied_to(db);
  if (!applied) return fail(std::move(applied.error()));
  if (auto same = check_applied("orders/mysql: " + db.name(), *applied, files); !same) return same;
  if (applied->size() == files.size()) return {};
  if (!migrate) {
    return fail(Error::Code::kUnavailable,
                fmt::format("orders/mysql: {}: there are no rows of this version yet; `seckill "
                            "serve`, or `consume` over Kafka, makes them",
                            db.name()));
  }
  const std::string lock = "seckill migrates " + db.target().database;
  auto locked = number_of(db, "SELECT GET_LOCK(LEFT(?, 64), 10)", lock);
  if (!locked) return fail(std::move(locked.error()));
  if (*locked != 1) {
    return fail(Error::Code::kUnavailable,
                fmt::format("orders/mysql: {}: another process has been making its tables for 10 s",
                            db.name()));
  }
  auto ran = run_missing(db, files);
  (void)number_of(db, "SELECT RELEASE_LOCK(LEFT(?, 64))", lock);  // ends with the connection, too
  return ran;
}

}  // namespace seckill::mysql
