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

Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

void Statement::Close::operator()(st_mysql_stmt* statement) const { mysql_stmt_close(statement); }

Statement::Statement(Connection& owner, st_mysql_stmt* made)
    : owner_(&owner), statement_(made), parameters_(mysql_stmt_param_count(made)) {
  bound_.reserve(parameters_);
  numbers_.reserve(parameters_);
  hashes_.reserve(parameters_);
}

st_mysql_bind& Statement::next() {
  invariant(bound_.size() < parameters_, "a value has its parameter");
  return bound_.emplace_back();
}

Statement& Statement::bind(std::int64_t value) {
  st_mysql_bind& to = next();
  to.buffer_type = MYSQL_TYPE_LONGLONG;
  to.buffer = &numbers_.emplace_back(value);
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  st_mysql_bind& to = next();
  to.buffer_type = MYSQL_TYPE_STRING;
  to.buffer = const_cast<char*>(text.empty() ? "" : text.data());  // is only read
  to.buffer_length = text.size();
  return *this;
}

Statement& Statement::bind(std::span<const std::byte> b) {
  bind(std::string_view(reinterpret_cast<const char*>(b.data()), b.size()));
  bound_.back().buffer_type = MYSQL_TYPE_BLOB;
  return *this;
}

Statement& Statement::bind(Hash128 hash) {
  const auto& words = hashes_.emplace_back(std::array{big_endian(hash.hi), big_endian(hash.lo)});
  return bind(std::as_bytes(std::span(words)));
}

Statement& Statement::bind_copy(std::string text) {
  return bind(std::string_view(copies_.emplace_back(std::move(text))));
}

Statement& Statement::bind_null() {
  next().buffer_type = MYSQL_TYPE_NULL;
  return *this;
}

Status Statement::execute() {
  owner_->trouble_ = Trouble::kNone;
  invariant(bound_.size() == parameters_, "every parameter of a statement has its value");
  const bool failed = (parameters_ > 0 && mysql_stmt_bind_param(statement_.get(), bound_.data())) ||
                      mysql_stmt_execute(statement_.get()) != 0;
  bound_.clear(), numbers_.clear(), hashes_.clear(), copies_.clear();
  if (!failed) return {};
  return owner_->failed(mysql_stmt_errno(statement_.get()), mysql_stmt_error(statement_.get()));
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

tl::unexpected<Error> Connection::failed(unsigned code, const char* says) {
  trouble_ = trouble_of(code);
  return fail(error_of(target_, code, says));
}

tl::unexpected<Error> Connection::refuse(const std::string& says) {
  trouble_ = Trouble::kRow;
  return fail(Error::Code::kFailed, fmt::format("orders/mysql: {}: {}", name(), says));
}

Status Connection::connect(const std::string& password) {
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
  if (mysql_real_connect(handle_, target_.host.c_str(), target_.user.c_str(), password.c_str(),
                         target_.database.c_str(), target_.port, nullptr, 0) == nullptr) {
    return failed(mysql_errno(handle_), mysql_error(handle_));
  }
  // "Enforced" or not, the library goes on without TLS where a server offers none, unless it must
  // verify.
  if (target_.tls == Tls::kRequired && cipher().empty())
    return failed(CR_SSL_CONNECTION_ERROR, "the server offers no TLS, and ssl-mode=REQUIRED");
  return {};
}

Status Connection::set_up() {
  if (auto set = run(kSession); !set) return set;
  if (auto set = run(kIsolation); !set) return set;
  auto asked = prepare("SELECT @@max_allowed_packet");
  if (!asked) return fail(std::move(asked.error()));
  if (auto row = asked->step(); !row) return fail(std::move(row.error()));
  packet_max_ = static_cast<std::uint64_t>(asked->number(0));
  asked->reset();
  if (packet_max_ >= kPacketMin) return {};
  return fail(Error::Code::kInvalid,
              fmt::format("orders/mysql: {}: its max_allowed_packet is {} bytes, seckill needs {}: "
                          "SET GLOBAL max_allowed_packet = 16777216",
                          name(), packet_max_, kPacketMin));
}

Result<std::unique_ptr<Connection>> Connection::open(const Target& target,
                                                     const std::string& password) {
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
