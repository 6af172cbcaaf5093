// SQLite's C functions, owned and checked: what sqlite_orders and sqlite_reader stand on. SQL is
// constant text with bound values, never built (T12).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/siphash.h"

struct sqlite3;
struct sqlite3_stmt;

namespace seckill::sqlite {

// One prepared statement. Bind in order, then step or run; reset() makes it ready again.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* made);

  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);         // alive until reset()
  Statement& bind(std::span<const std::byte> b);  // copied
  Statement& bind(Hash128 hash);                  // 16 bytes, hi then lo
  Statement& bind_copy(std::string text);
  Statement& bind_null();
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }

  // True: there is a row. After an error or the last row the statement is ready again by itself.
  Result<bool> step();
  // For statements without rows.
  Status run();
  void reset();

  bool is_null(int column) const;
  std::int64_t number(int column) const;
  std::string_view text(int column) const;  // until the next step
  std::span<const std::byte> bytes(int column) const;
  std::optional<Hash128> hash(int column) const;  // nothing unless it is 16 bytes

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  // What SQLite has of a parameter, from run to run: it is not told the same number or NULL again.
  struct Parameter {
    bool plain = true;                   // it is …
    std::optional<std::int64_t> number;  // … this, or NULL
    std::array<std::uint64_t, 2> hash{};
    std::string copy;
  };
  Parameter& next();
  Statement& bind_plain(std::optional<std::int64_t> number);
  Statement& bind_text(Parameter& to, std::string_view text);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::vector<Parameter> parameters_;
  int bound_ = 0;
};

enum class Access : std::uint8_t { kReadWrite, kReadOnly };

// One connection. Errors name the file; their code says what to do, and refused() what SQLite's own
// code meant.
class Db {
 public:
  static Result<Db> open(const std::string& path, Access access);

  Result<Statement> prepare(std::string_view sql);
  // Any number of statements, one after another, without values.
  Status run_all(std::string_view sql);
  int changes() const;  // of the last statement
  bool in_transaction() const;
  const std::string& path() const { return path_; }

  // The last error was that of a row: a constraint or a value that these tables do not take.
  bool refused() const;

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  std::unique_ptr<sqlite3, Close> db_;
  std::string path_;
};

}  // namespace seckill::sqlite
