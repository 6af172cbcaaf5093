// libmariadb's C functions, owned and checked: what mysql_orders and mysql_reader stand on. SQL is
// constant text with bound values, never built (T12).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/password_file.h"
#include "base/result.h"
#include "base/siphash.h"
#include "orders/mysql_url.h"

struct st_mysql;
struct st_mysql_stmt;
struct st_mysql_bind;

namespace seckill::mysql {

// What a connection's last statement met, beyond what an error's code says.
enum class Trouble : std::uint8_t {
  kNone,
  kRow,       // a value that these tables do not take
  kDeadlock,  // the server rolled this transaction back: begin it again
  kLost,      // the connection is gone, and with it the transaction, or the answer to its COMMIT
  kNoTable,   // a table that is not there
  kOther,
};

class Connection;

// One prepared statement. Bind in order, then step or run; each run begins anew. Where the server
// takes rows in bulk, a statement without rows may be bound again and again, and runs once for all.
class Statement {
 public:
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);         // alive until it has run
  Statement& bind(std::span<const std::byte> b);  // alive until it has run
  Statement& bind(Hash128 hash);                  // 16 bytes, hi then lo
  Statement& bind_copy(std::string text);
  Statement& bind_null();
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }

  // For statements without rows.
  Status run();
  // True: there is a row. Rows come as they are read; no other statement may run meanwhile.
  Result<bool> step();
  void reset();  // no more rows are wanted

  bool is_null(int column) const;
  std::int64_t number(int column) const;
  std::string_view text(int column) const;  // until the next step
  std::span<const std::byte> bytes(int column) const;
  std::optional<Hash128> hash(int column) const;  // nothing unless it is 16 bytes

 private:
  friend class Connection;
  struct Close {
    void operator()(st_mysql_stmt* statement) const;
  };
  struct Value;
  struct Column;
  struct Sent;
  Statement(Connection& owner, st_mysql_stmt* made);
  Value& next();
  Status execute();
  Status bind_columns();
  Status fetch_long();

  Connection* owner_;
  std::unique_ptr<st_mysql_stmt, Close> statement_;
  std::size_t parameters_;
  std::vector<Value> values_;
  std::deque<std::string> copies_;
  std::unique_ptr<Sent> sent_;
  std::vector<Column> columns_;
  bool running_ = false;  // its rows have begun

 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();
};

// One connection, with time limits on every call. Errors name the server; their code says what to
// do, trouble() what the server meant. Statements must not outlive it.
class Connection {
 public:
  // Strict: what a column cannot hold is an error, never cut. Repeatable read.
  static Result<std::unique_ptr<Connection>> open(const Target& target,
                                                  const PasswordFile& password);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<Statement> prepare(std::string_view sql);
  Status run(std::string_view sql);  // without values and rows

  Trouble trouble() const { return trouble_; }
  // A row that we know it would not take: as if it had said so.
  tl::unexpected<Error> refuse(const std::string& says);
  std::uint64_t packet_max() const {
    return packet_max_;
  }  // bytes of one statement with its values
  // MariaDB does, as long as its binary log is not one of statements; MySQL does not.
  bool takes_bulk() const { return takes_bulk_; }
  const Target& target() const { return target_; }
  std::string name() const { return to_text(target_); }

  // For the doctor.
  std::string server_version() const;
  std::string cipher() const;  // empty: not encrypted

 private:
  friend class Statement;
  explicit Connection(Target target);
  Status connect(const PasswordFile& from);
  Status set_up();
  Result<std::int64_t> ask(std::string_view sql);
  tl::unexpected<Error> failed(unsigned code, const char* says);

  Target target_;
  st_mysql* handle_ = nullptr;
  Trouble trouble_ = Trouble::kNone;
  std::uint64_t packet_max_ = 0;
  bool takes_bulk_ = false;
  bool is_up_ = false;  // it was
};

}  // namespace seckill::mysql
