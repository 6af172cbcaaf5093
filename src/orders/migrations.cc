#include "orders/migrations.h"

#include <fmt/format.h>
#include <vector>

#include "base/clock.h"
#include "base/invariant.h"
#include "orders/migration_list.h"

namespace seckill::sqlite {
namespace {

constexpr std::string_view kTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version INTEGER PRIMARY KEY NOT NULL, checksum TEXT NOT NULL, at INTEGER NOT NULL) STRICT";

Result<bool> has_table(Db& db) {
  auto query = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'");
  if (!query) return fail(std::move(query.error()));
  return query->step();
}

Result<std::vector<Applied>> applied_to(Db& db) {
  std::vector<Applied> applied;
  auto there = has_table(db);
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

Status run_one(Db& db, const EmbeddedFile& file) {
  if (auto ran = db.run_all(file.text); !ran) return ran;
  auto insert =
      db.prepare("INSERT INTO schema_migrations (version, checksum, at) VALUES (?, ?, ?)");
  if (!insert) return fail(std::move(insert.error()));
  const std::string checksum = checksum_of(file);
  return insert->bind(version_of(file)).bind(checksum).bind(machine_now().raw.ms).run();
}

// All that is missing, under one lock: of two processes that start at once, one does it.
Status run_missing(Db& db, std::span<const EmbeddedFile> files) {
  if (auto made = db.run_all(kTable); !made) return made;
  auto applied = applied_to(db);
  if (!applied) return fail(std::move(applied.error()));
  if (auto same = check_applied("orders/sqlite: " + db.path(), *applied, files); !same) return same;
  for (std::size_t i = applied->size(); i < files.size(); ++i) {
    if (auto ran = run_one(db, files[i]); !ran) return ran;
  }
  return {};
}

}  // namespace

Status migrate(Db& db, std::span<const EmbeddedFile> files, bool migrate) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    invariant(version_of(files[i]) == static_cast<std::int64_t>(i) + 1,
              "migrations are numbered without gaps");
  }
  auto applied = applied_to(db);
  if (!applied) return fail(std::move(applied.error()));
  if (auto same = check_applied("orders/sqlite: " + db.path(), *applied, files); !same) return same;
  if (applied->size() == files.size()) return {};
  if (!migrate) {
    return fail(
        Error::Code::kInvalid,
        fmt::format("orders/sqlite: {}: has schema version {}, this program needs {}: start "
                    "once without --no-migrate",
                    db.path(), applied->size(), files.size()));
  }
  if (auto begun = db.run_all("BEGIN IMMEDIATE"); !begun) return begun;
  if (auto ran = run_missing(db, files); !ran) {
    (void)db.run_all("ROLLBACK");
    return ran;
  }
  return db.run_all("COMMIT");
}

}  // namespace seckill::sqlite
