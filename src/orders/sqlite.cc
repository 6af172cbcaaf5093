#include "orders/sqlite.h"

#include <array>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <sqlite3.h>
#include <utility>

#include "base/invariant.h"

namespace seckill::sqlite {
namespace {

// What SQLite's codes mean for the caller.
Error::Code code_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_NOMEM: return Error::Code::kUnavailable;
    case SQLITE_FULL: return Error::Code::kFull;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR: return Error::Code::kCorrupt;  // our SQL is fixed: the tables are not ours
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return Error::Code::kInvalid;
    default: return Error::Code::kFailed;
  }
}

const char* hint_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "; another process holds it for long: which one writes to it?";
    case SQLITE_FULL: return "; make room on its disk";
    case SQLITE_CORRUPT: return "; restore it, or remove it: it is rebuilt from the journal";
    case SQLITE_NOTADB: return "; is this the right file?";
    case SQLITE_ERROR: return "; its tables are not those of seckill";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM: return "; may this user write the file and its directory?";
    default: return "";
  }
}

std::string name_of(sqlite3* db) {
  const char* name = sqlite3_db_filename(db, "main");
  return name != nullptr && *name != 0 ? name : "(memory)";
}

tl::unexpected<Error> failed(sqlite3* db, const std::string& path) {
  const int code = sqlite3_extended_errcode(db);
  return fail(code_of(code),
              fmt::format("orders/sqlite: {}: {}{}", path, sqlite3_errmsg(db), hint_of(code)));
}

std::uint64_t big_endian(std::uint64_t value) {
  static_assert(std::endian::native == std::endian::little);
  return __builtin_bswap64(value);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Db::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Statement::Statement(sqlite3_stmt* made)
    : statement_(made), parameters_(static_cast<std::size_t>(sqlite3_bind_parameter_count(made))) {}

Statement::Parameter& Statement::next() {
  const auto at = static_cast<std::size_t>(bound_++);
  invariant(at < parameters_.size(), "a value has its parameter");
  return parameters_[at];
}

// A value that is too big is refused when it is stepped.
Statement& Statement::bind_plain(std::optional<std::int64_t> number) {
  Parameter& to = next();
  if (to.plain && to.number == number) return *this;
  to.plain = true;
  to.number = number;
  if (number) {
    sqlite3_bind_int64(statement_.get(), bound_, *number);
  } else {
    sqlite3_bind_null(statement_.get(), bound_);
  }
  return *this;
}

Statement& Statement::bind_text(Parameter& to, std::string_view text) {
  to.plain = false;
  const char* data = text.empty() ? "" : text.data();  // a null pointer would be NULL
  sqlite3_bind_text64(statement_.get(), bound_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(std::int64_t value) { return bind_plain(value); }
Statement& Statement::bind_null() { return bind_plain(std::nullopt); }
Statement& Statement::bind(std::string_view text) { return bind_text(next(), text); }

Statement& Statement::bind_copy(std::string text) {
  Parameter& to = next();
  to.copy = std::move(text);
  return bind_text(to, to.copy);
}

Statement& Statement::bind(std::span<const std::byte> b) {
  next().plain = false;
  const void* data = b.empty() ? static_cast<const void*>("") : b.data();
  sqlite3_bind_blob64(statement_.get(), bound_, data, b.size(), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind(Hash128 hash) {
  Parameter& to = next();
  to.plain = false;
  to.hash = {big_endian(hash.hi), big_endian(hash.lo)};
  sqlite3_bind_blob64(statement_.get(), bound_, to.hash.data(), sizeof to.hash, SQLITE_STATIC);
  return *this;
}

Result<bool> Statement::step() {
  invariant(static_cast<std::size_t>(bound_) == parameters_.size(),
            "every parameter of a statement has its value");
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW: return true;
    case SQLITE_DONE: reset(); return false;
    default: break;
  }
  sqlite3* db = sqlite3_db_handle(statement_.get());
  auto error = failed(db, name_of(db));
  reset();
  return error;
}

Status Statement::run() {
  if (auto row = step(); !row) return fail(std::move(row.error()));
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  bound_ = 0;
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto bytes_of = bytes(column);
  return {reinterpret_cast<const char*>(bytes_of.data()), bytes_of.size()};
}

std::span<const std::byte> Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const std::byte*>(data),
          data == nullptr ? 0 : static_cast<std::size_t>(size)};
}

std::optional<Hash128> Statement::hash(int column) const {
  const auto from = bytes(column);
  if (from.size() != 16) return std::nullopt;
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), from.data(), 16);
  return Hash128{big_endian(words[0]), big_endian(words[1])};
}

Result<Db> Db::open(const std::string& path, Access access) {
  Db made;
  made.path_ = path;
  sqlite3* raw = nullptr;
  // NOMUTEX: one owner per connection. No URI: a path is a path.
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (access == Access::kReadOnly ? SQLITE_OPEN_READONLY
                                                 : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  made.db_.reset(raw);
  if (raw == nullptr) return fail(Error::Code::kUnavailable, "orders/sqlite: out of memory");
  if (code != SQLITE_OK) return failed(raw, path);
  sqlite3_busy_timeout(raw, 5'000);
  return made;
}

Result<Statement> Db::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return failed(db_.get(), path_);
  }
  return Statement(statement);
}

Status Db::run_all(std::string_view sql) {
  while (!sql.empty()) {
    sqlite3_stmt* raw = nullptr;
    const char* rest = nullptr;
    if (sqlite3_prepare_v2(db_.get(), sql.data(), static_cast<int>(sql.size()), &raw, &rest) !=
        SQLITE_OK) {
      return failed(db_.get(), path_);
    }
    Statement statement(raw);
    sql.remove_prefix(static_cast<std::size_t>(rest - sql.data()));
    if (raw == nullptr) continue;  // only white space or a comment
    for (;;) {
      auto row = statement.step();
      if (!row) return fail(std::move(row.error()));
      if (!*row) break;
    }
  }
  return {};
}

int Db::changes() const { return sqlite3_changes(db_.get()); }

bool Db::in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

bool Db::refused() const {
  switch (sqlite3_errcode(db_.get()) & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE: return true;
    default: return false;
  }
}

}  // namespace seckill::sqlite
