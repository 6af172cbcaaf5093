#include "orders/migrations.h"

#include <charconv>
#include <fmt/format.h>
#include <vector>

#include "base/clock.h"
#include "base/invariant.h"
#include "base/siphash.h"

namespace seckill::sqlite {
namespace {

constexpr std::string_view kTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version INTEGER PRIMARY KEY NOT NULL, checksum TEXT NOT NULL, at INTEGER NOT NULL) STRICT";

struct Applied {
  std::int64_t version = 0;
  std::string checksum;
};

std::int64_t version_of(const EmbeddedFile& file) {
  std::int64_t version = 0;
  const auto* end = file.name.data() + file.name.size();
  const auto parsed = std::from_chars(file.name.data(), end, version);
  invariant(parsed.ec == std::errc{} && parsed.ptr != end && *parsed.ptr == '_',
            "a migration is named NNN_what.sql");
  return version;
}

std::string checksum_of(const EmbeddedFile& file) {
  const Hash128 hash = siphash128(HashKey{}, file.text);
  return fmt::format("{:016x}{:016x}", hash.hi, hash.lo);
}

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

// What the file says it has must be the beginning of what we have.
Status check(const Db& db, const std::vector<Applied>& applied,
             std::span<const EmbeddedFile> files) {
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const auto& [version, checksum] = applied[i];
    if (i >= files.size()) {
      return fail(Error::Code::kCorrupt,
                  fmt::format("orders/sqlite: {}: has schema version {}, this program knows {}: it "
                              "was written by a newer seckill; run that one",
                              db.path(), version, files.size()));
    }
    if (version != version_of(files[i]) || checksum != checksum_of(files[i])) {
      return fail(Error::Code::kCorrupt,
                  fmt::format("orders/sqlite: {}: schema version {} is not what this program calls "
                              "{}: it was changed after it ran; the rows can be rebuilt from the "
                              "journal in a new file",
                              db.path(), version, files[i].name));
    }
  }
  return {};
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
  if (auto same = check(db, *applied, files); !same) return same;
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
  if (auto same = check(db, *applied, files); !same) return same;
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
