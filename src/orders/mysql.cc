#include "orders/mysql.h"

#include <bit>
#include <cstring>
#include <errmsg.h>
#include <fmt/format.h>
#include <mysql.h>
#include <utility>

#include "base/invariant.h"
#include "orders/mysql_error.h"

namespace seckill::mysql {
namespace {

constexpr unsigned kConnectSeconds = 5;
constexpr unsigned kCallSeconds = 15;  // one wait for the network; a lock is waited for 5 s
constexpr std::uint64_t kPacketMin = 64 << 10;

constexpr std::string_view kSession =
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00',"
    " innodb_lock_wait_timeout = 5, autocommit = 1";
constexpr std::string_view kIsolation = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";

std::uint64_t big_endian(std::uint64_t value) {
  static_assert(std::endian::native == std::endian::little);
  return __builtin_bswap64(value);
}

// Of MariaDB alone, which therefore leaves out MySQL's own sign.
bool knows_bulk(MYSQL* handle) {
  unsigned long common = 0, extended = 0;
  return mariadb_get_infov(handle, MARIADB_CONNECTION_SERVER_CAPABILITIES, &common) == 0 &&
         mariadb_get_infov(handle, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended) ==
             0 &&
         (common & CLIENT_MYSQL) == 0 &&
         (extended & (MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32)) != 0;
}

}  // namespace

// A column of a result: numbers as numbers, all else as bytes. Bytes that do not fit into the room
// are fetched again.
struct Statement::Column {
  bool is_number = false;
  std::int64_t number = 0;
  std::array<char, 512> room{};  // for all but a quarantined record
  std::string whole;
  unsigned long length = 0;
  my_bool null = 0;
  my_bool cut = 0;
};

// As it was bound; what it points at is alive until the statement has run.
struct Statement::Value {
  enum_field_types type = MYSQL_TYPE_NULL;
  std::int64_t number = 0;
  std::array<std::uint64_t, 2> hash{};
  const void* bytes = nullptr;  // none: the hash's
  unsigned long length = 0;

  const void* at() const { return bytes == nullptr ? hash.data() : bytes; }
};

// What the library is shown of the values. In bulk: of each parameter, a row of cells, lengths and
// marks.
struct Statement::Sent {
  union Cell {
    std::int64_t number;
    const void* bytes;
  };
  std::vector<MYSQL_BIND> parameters;
  std::vector<Cell> cells;
  std::vector<unsigned long> lengths;
  std::vector<char> marks;

  void one(const std::vector<Value>& values);
  void bulk(const std::vector<Value>& values, std::size_t count);
};

void Statement::Sent::one(const std::vector<Value>& values) {
  parameters.assign(values.size(), MYSQL_BIND{});
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Value& value = values[i];
    MYSQL_BIND& to = parameters[i];
    to.buffer_type = value.type;
    to.buffer = const_cast<void*>(value.type == MYSQL_TYPE_LONGLONG ? &value.number : value.at());
    to.buffer_length = value.length;
  }
}

// `count` parameters, and their values row by row.
void Statement::Sent::bulk(const std::vector<Value>& values, std::size_t count) {
  const std::size_t rows = values.size() / count;
  cells.resize(values.size()), lengths.resize(values.size()), marks.resize(values.size());
  parameters.assign(count, MYSQL_BIND{});
  for (std::size_t i = 0; i < count; ++i) {
    MYSQL_BIND& to = parameters[i];
    to.buffer_type = MYSQL_TYPE_LONGLONG;  // unless a row says more than NULL
    to.buffer = &cells[i * rows];
    to.length = &lengths[i * rows];
    to.u.indicator = &marks[i * rows];
    for (std::size_t row = 0; row < rows; ++row) {
      const Value& value = values[row * count + i];
      const std::size_t at = i * rows + row;
      const bool null = value.type == MYSQL_TYPE_NULL;
      marks[at] = null ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
      lengths[at] = value.length;
      if (null) continue;
      to.buffer_type = value.type;
      if (value.type == MYSQL_TYPE_LONGLONG) {
        cells[at].number = value.number;
      } else {
        cells[at].bytes = value.at();
      }
    }
  }
}

Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

void Statement::Close::operator()(st_mysql_stmt* statement) const { mysql_stmt_close(statement); }

Statement::Statement(Connection& owner, st_mysql_stmt* made)
    : owner_(&owner),
      statement_(made),
      parameters_(mysql_stmt_param_count(made)),
      sent_(std::make_unique<Sent>()) {
  values_.reserve(parameters_);
}

Statement::Value& Statement::next() { return values_.emplace_back(); }

Statement& Statement::bind(std::int64_t value) {
  Value& to = next();
  to.type = MYSQL_TYPE_LONGLONG;
  to.number = value;
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  Value& to = next();
  to.type = MYSQL_TYPE_STRING;
  to.bytes = text.empty() ? "" : text.data();
  to.length = text.size();
  return *this;
}

Statement& Statement::bind(std::span<const std::byte> b) {
  bind(std::string_view(reinterpret_cast<const char*>(b.data()), b.size()));
  values_.back().type = MYSQL_TYPE_BLOB;
  return *this;
}

Statement& Statement::bind(Hash128 hash) {
  Value& to = next();
  to.type = MYSQL_TYPE_BLOB;
  to.hash = {big_endian(hash.hi), big_endian(hash.lo)};
  to.length = sizeof to.hash;
  return *this;
}

Statement& Statement::bind_copy(std::string text) {
  return bind(std::string_view(copies_.emplace_back(std::move(text))));
}

Statement& Statement::bind_null() {
  next();
  return *this;
}

Status Statement::execute() {
  owner_->trouble_ = Trouble::kNone;
  const std::size_t rows = parameters_ == 0 ? 1 : values_.size() / parameters_;
  invariant(rows > 0 && values_.size() == rows * parameters_,
            "every parameter of a statement has its value");
  invariant(rows == 1 || owner_->takes_bulk_, "many rows go to servers that take them");
  const unsigned in_bulk = rows > 1 ? static_cast<unsigned>(rows) : 0;
  if (in_bulk > 0) {
    sent_->bulk(values_, parameters_);
  } else {
    sent_->one(values_);
  }
  MYSQL_STMT* const raw = statement_.get();
  const bool failed = mysql_stmt_attr_set(raw, STMT_ATTR_ARRAY_SIZE, &in_bulk) ||
                      (parameters_ > 0 && mysql_stmt_bind_param(raw, sent_->parameters.data())) ||
                      mysql_stmt_execute(raw) != 0;
  values_.clear(), copies_.clear();
  if (!failed) return {};
  return owner_->failed(mysql_stmt_errno(raw), mysql_stmt_error(raw));
}

Status Statement::run() { return execute(); }

Status Statement::bind_columns() {
  const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> about(
      mysql_stmt_result_metadata(statement_.get()), mysql_free_result);
  invariant(about != nullptr, "a statement that is stepped has rows");
  columns_.resize(mysql_num_fields(about.get()));
  std::vector<MYSQL_BIND> into(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    const auto type = mysql_fetch_field_direct(about.get(), static_cast<unsigned>(i))->type;
    column.is_number = type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_LONG;
    into[i].buffer_type = column.is_number ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_BLOB;
    into[i].buffer = column.is_number ? static_cast<void*>(&column.number) : column.room.data();
    into[i].buffer_length = column.is_number ? sizeof column.number : column.room.size();
    into[i].length = &column.length;
    into[i].is_null = &column.null;
    into[i].error = &column.cut;
  }
  if (mysql_stmt_bind_result(statement_.get(), into.data()) == 0) return {};
  return owner_->failed(mysql_stmt_errno(statement_.get()), mysql_stmt_error(statement_.get()));
}

// Some value did not fit into its room.
Status Statement::fetch_long() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    if (column.is_number || column.null || column.length <= column.room.size()) continue;
    column.whole.resize(column.length);
    MYSQL_BIND into{};
    into.buffer_type = MYSQL_TYPE_BLOB;
    into.buffer = column.whole.data();
    into.buffer_length = column.whole.size();
    into.length = &column.length;
    if (mysql_stmt_fetch_column(statement_.get(), &into, static_cast<unsigned>(i), 0) != 0) {
      return owner_->failed(mysql_stmt_errno(statement_.get()), mysql_stmt_error(statement_.get()));
    }
  }
  return {};
}

Result<bool> Statement::step() {
  if (!running_) {
    invariant(values_.size() == parameters_, "a statement with rows is asked once");
    if (auto begun = execute(); !begun) return fail(std::move(begun.error()));
    running_ = true;
    if (auto bound = bind_columns(); !bound) return fail(std::move(bound.error()));
  }
  switch (mysql_stmt_fetch(statement_.get())) {
    case 0: return true;
    case MYSQL_DATA_TRUNCATED:
      if (auto whole = fetch_long(); !whole) return fail(std::move(whole.error()));
      return true;
    case MYSQL_NO_DATA: reset(); return false;
    default: break;
  }
  auto error =
      owner_->failed(mysql_stmt_errno(statement_.get()), mysql_stmt_error(statement_.get()));
  reset();
  return error;
}

void Statement::reset() {
  if (running_) mysql_stmt_free_result(statement_.get());
  running_ = false;
}

bool Statement::is_null(int column) const {
  return columns_[static_cast<std::size_t>(column)].null != 0;
}

std::int64_t Statement::number(int column) const {
  const Column& from = columns_[static_cast<std::size_t>(column)];
  return from.null ? 0 : from.number;
}

std::string_view Statement::text(int column) const {
  const Column& from = columns_[static_cast<std::size_t>(column)];
  if (from.null || from.is_number) return {};
  return {from.length > from.room.size() ? from.whole.data() : from.room.data(), from.length};
}

std::span<const std::byte> Statement::bytes(int column) const {
  return std::as_bytes(std::span(text(column)));
}

std::optional<Hash128> Statement::hash(int column) const {
  const auto from = bytes(column);
  if (from.size() != 16) return std::nullopt;
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), from.data(), 16);
  return Hash128{big_endian(words[0]), big_endian(words[1])};
}

Connection::Connection(Target target) : target_(std::move(target)), handle_(mysql_init(nullptr)) {}

Connection::~Connection() {
  if (handle_ != nullptr) mysql_close(handle_);
}

// Once it was up, what ends its encryption is an outage: no setting is wrong.
tl::unexpected<Error> Connection::failed(unsigned code, const char* says) {
  if (is_up_ && code == CR_SSL_CONNECTION_ERROR) code = CR_SERVER_LOST;
  trouble_ = trouble_of(code);
  return fail(error_of(target_, code, says));
}

tl::unexpected<Error> Connection::refuse(const std::string& says) {
  trouble_ = Trouble::kRow;
  return fail(Error::Code::kFailed, fmt::format("orders/mysql: {}: {}", name(), says));
}

Status Connection::connect(const PasswordFile& from) {
  const auto password = from.read();
  if (!password) return fail(password.error());
  if (handle_ == nullptr) return fail(Error::Code::kUnavailable, "orders/mysql: out of memory");
  const my_bool yes = 1;
  const unsigned tcp = MYSQL_PROTOCOL_TCP;  // also for "localhost"
  mysql_optionsv(handle_, MYSQL_OPT_PROTOCOL, &tcp);
  mysql_optionsv(handle_, MYSQL_OPT_CONNECT_TIMEOUT, &kConnectSeconds);
  mysql_optionsv(handle_, MYSQL_OPT_READ_TIMEOUT, &kCallSeconds);
  mysql_optionsv(handle_, MYSQL_OPT_WRITE_TIMEOUT, &kCallSeconds);
  mysql_optionsv(handle_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (!target_.ca.empty()) mysql_optionsv(handle_, MYSQL_OPT_SSL_CA, target_.ca.c_str());
  if (target_.tls != Tls::kDisabled) mysql_optionsv(handle_, MYSQL_OPT_SSL_ENFORCE, &yes);
  if (target_.tls == Tls::kVerifyIdentity) {
    mysql_optionsv(handle_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
  }
  if (mysql_real_connect(handle_, target_.host.c_str(), target_.user.c_str(), password->c_str(),
                         target_.database.c_str(), target_.port, nullptr, 0) == nullptr) {
    return failed(mysql_errno(handle_), mysql_error(handle_));
  }
  // "Enforced" or not, the library goes on without TLS where a server offers none, unless it must
  // verify.
  if (target_.tls == Tls::kRequired && cipher().empty())
    return failed(CR_SSL_CONNECTION_ERROR, "the server offers no TLS, and ssl-mode=REQUIRED");
  is_up_ = true;
  return {};
}

Status Connection::set_up() {
  if (auto set = run(kSession); !set) return set;
  if (auto set = run(kIsolation); !set) return set;
  const auto packet = ask("SELECT @@max_allowed_packet");
  if (!packet) return fail(packet.error());
  packet_max_ = static_cast<std::uint64_t>(*packet);
  if (knows_bulk(handle_)) {
    const auto refuses = ask("SELECT @@binlog_format = 'STATEMENT'");
    if (!refuses) return fail(refuses.error());
    takes_bulk_ = *refuses == 0;
  }
  if (packet_max_ >= kPacketMin) return {};
  return fail(Error::Code::kInvalid,
              fmt::format("orders/mysql: {}: its max_allowed_packet is {} bytes, seckill needs {}: "
                          "SET GLOBAL max_allowed_packet = 16777216",
                          name(), packet_max_, kPacketMin));
}

Result<std::int64_t> Connection::ask(std::string_view sql) {
  auto query = prepare(sql);
  if (!query) return fail(std::move(query.error()));
  if (auto row = query->step(); !row) return fail(std::move(row.error()));
  const std::int64_t answer = query->number(0);
  query->reset();
  return answer;
}

Result<std::unique_ptr<Connection>> Connection::open(const Target& target,
                                                     const PasswordFile& password) {
  std::unique_ptr<Connection> made(new Connection(target));
  if (auto up = made->connect(password); !up) return fail(std::move(up.error()));
  if (auto set = made->set_up(); !set) return fail(std::move(set.error()));
  return made;
}

Result<Statement> Connection::prepare(std::string_view sql) {
  MYSQL_STMT* raw = mysql_stmt_init(handle_);
  if (raw == nullptr) return fail(Error::Code::kUnavailable, "orders/mysql: out of memory");
  if (mysql_stmt_prepare(raw, sql.data(), sql.size()) != 0) {
    auto error = failed(mysql_stmt_errno(raw), mysql_stmt_error(raw));
    mysql_stmt_close(raw);
    return error;
  }
  return Statement(*this, raw);
}

Status Connection::run(std::string_view sql) {
  trouble_ = Trouble::kNone;
  if (mysql_real_query(handle_, sql.data(), sql.size()) == 0) return {};
  return failed(mysql_errno(handle_), mysql_error(handle_));
}

std::string Connection::server_version() const { return mysql_get_server_info(handle_); }

std::string Connection::cipher() const {
  const char* name = mysql_get_ssl_cipher(handle_);
  return name == nullptr ? "" : name;
}

}  // namespace seckill::mysql
