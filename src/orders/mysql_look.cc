#include "orders/mysql_look.h"

#include <array>

namespace seckill::mysql {
namespace {

// Not information_schema's applicable_roles: only MariaDB's has it all. A role's rights are not
// listed for its member, so that with one nothing is said to be missing.
constexpr std::string_view kRole = "SELECT CURRENT_ROLE() IS NOT NULL AND CURRENT_ROLE() <> 'NONE'";
constexpr std::string_view kMine =
    "SELECT COUNT(*) FROM (SELECT grantee, privilege_type FROM information_schema.user_privileges"
    " UNION ALL SELECT grantee, privilege_type FROM information_schema.schema_privileges"
    " WHERE DATABASE() LIKE table_schema) AS given WHERE privilege_type = ?"
    " AND grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')";
constexpr std::array<std::string_view, 7> kNeeded{"SELECT", "INSERT", "UPDATE",     "DELETE",
                                                  "CREATE", "DROP",   "CREATE VIEW"};

Result<bool> is_true(Connection& db, std::string_view sql) {
  auto query = db.prepare(sql);
  if (!query) return fail(std::move(query.error()));
  auto row = query->step();
  if (!row) return fail(std::move(row.error()));
  const bool truth = *row && query->number(0) != 0;
  query->reset();
  return truth;
}

Result<std::string> text_of(Connection& db, std::string_view sql) {
  auto query = db.prepare(sql);
  if (!query) return fail(std::move(query.error()));
  auto row = query->step();
  if (!row) return fail(std::move(row.error()));
  std::string text(*row ? query->text(0) : "");
  query->reset();
  return text;
}

// CREATE USER … IDENTIFIED WITH 'caching_sha2_password' AS … (MariaDB: VIA; or BY PASSWORD, which
// is the oldest method).
std::string login_in(std::string_view created) {
  for (const std::string_view before : {"IDENTIFIED WITH ", "IDENTIFIED VIA "}) {
    const std::size_t at = created.find(before);
    if (at == std::string_view::npos) continue;
    std::string_view word = created.substr(at + before.size());
    if (word.starts_with('\'')) word.remove_prefix(1);
    return std::string(word.substr(0, word.find_first_of("' ")));
  }
  return created.find("BY PASSWORD") == std::string_view::npos ? "no password"
                                                               : "mysql_native_password";
}

Result<std::vector<std::string>> missing_rights(Connection& db) {
  std::vector<std::string> missing;
  auto by_role = is_true(db, kRole);
  if (!by_role) return fail(std::move(by_role.error()));
  if (*by_role) return missing;
  auto query = db.prepare(kMine);
  if (!query) return fail(std::move(query.error()));
  for (const std::string_view right : kNeeded) {
    auto row = query->bind(right).step();
    if (!row) return fail(std::move(row.error()));
    if (query->number(0) == 0) missing.emplace_back(right);
    query->reset();
  }
  return missing;
}

}  // namespace

Result<Look> look(Connection& db) {
  Look found{.version = db.server_version(), .cipher = db.cipher()};
  auto user = text_of(db, "SELECT CURRENT_USER()");
  if (!user) return fail(std::move(user.error()));
  found.user = *std::move(user);
  if (const auto created = text_of(db, "SHOW CREATE USER CURRENT_USER()"))
    found.login = login_in(*created);
  auto read_only = is_true(db, "SELECT @@global.read_only");
  if (!read_only) return fail(std::move(read_only.error()));
  found.read_only = *read_only;
  auto missing = missing_rights(db);
  if (!missing) return fail(std::move(missing.error()));
  found.no_right = *std::move(missing);
  return found;
}

}  // namespace seckill::mysql
