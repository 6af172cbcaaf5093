#include "orders/mysql_error.h"

#include <algorithm>
#include <array>
#include <errmsg.h>
#include <fmt/format.h>
#include <mysqld_error.h>

namespace seckill::mysql {
namespace {

using Code = Error::Code;

// Codes that only one of the two families has, or has under another name.
constexpr unsigned kAccessDeniedNoPassword = 1698;
constexpr unsigned kReadOnlyMode = 1836;
constexpr unsigned kQueryInterrupted = 1317;
constexpr unsigned kCheckViolated = 3819;          // MySQL
constexpr unsigned kConstraintFailed = 4025;       // MariaDB
constexpr unsigned kUserLocked = 3118;             // MySQL
constexpr unsigned kAccountLocked = 4151;          // MariaDB
constexpr unsigned kInteractionTimeout = 4031;     // MySQL: idle for too long
constexpr unsigned kConnectionKilled = 1927;       // MariaDB
constexpr unsigned kStatementTimeout = 1969;       // MariaDB: max_statement_time
constexpr unsigned kStatementTimeoutMysql = 3024;  // MySQL: max_execution_time

enum class Kind : std::uint8_t {
  kRow,
  kDeadlock,
  kLost,
  kNoTable,
  kForeign,
  kLogin,
  kGrant,
  kDatabase,
  kPlugin,
  kTls,
  kReadOnly,
  kLocked,
  kFull,
  kHost,
  kOther,
};

Kind kind_of(unsigned code) {
  switch (code) {
    case ER_BAD_NULL_ERROR:
    case ER_DUP_ENTRY:
    case ER_WARN_DATA_OUT_OF_RANGE:
    case WARN_DATA_TRUNCATED:
    case ER_TRUNCATED_WRONG_VALUE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_DATA_TOO_LONG:
    case ER_NET_PACKET_TOO_LARGE:
    case CR_NET_PACKET_TOO_LARGE:
    case kCheckViolated:
    case kConstraintFailed: return Kind::kRow;
    case ER_LOCK_DEADLOCK: return Kind::kDeadlock;
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case ER_SERVER_SHUTDOWN:
    case kQueryInterrupted:
    case kConnectionKilled:
    case kInteractionTimeout:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_READ_ERROR: return Kind::kLost;
    case ER_NO_SUCH_TABLE: return Kind::kNoTable;
    case ER_BAD_FIELD_ERROR:
    case ER_PARSE_ERROR: return Kind::kForeign;
    case ER_ACCESS_DENIED_ERROR:
    case kAccessDeniedNoPassword:
    case kUserLocked:
    case kAccountLocked:
    case ER_HOST_NOT_PRIVILEGED: return Kind::kLogin;
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR: return Kind::kGrant;
    case ER_BAD_DB_ERROR: return Kind::kDatabase;
    case CR_AUTH_PLUGIN_CANNOT_LOAD: return Kind::kPlugin;
    case CR_SSL_CONNECTION_ERROR: return Kind::kTls;
    case ER_OPTION_PREVENTS_STATEMENT:
    case kReadOnlyMode: return Kind::kReadOnly;
    case ER_LOCK_WAIT_TIMEOUT:
    case kStatementTimeout:
    case kStatementTimeoutMysql: return Kind::kLocked;
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL: return Kind::kFull;
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_UNKNOWN_HOST:
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS: return Kind::kHost;
    default: return Kind::kOther;
  }
}

Code code_of(Kind kind) {
  switch (kind) {
    case Kind::kNoTable:
    case Kind::kForeign: return Code::kCorrupt;
    case Kind::kLogin:
    case Kind::kGrant:
    case Kind::kDatabase:
    case Kind::kPlugin:
    case Kind::kTls: return Code::kInvalid;
    case Kind::kFull: return Code::kFull;
    case Kind::kRow: return Code::kFailed;
    default: return Code::kUnavailable;
  }
}

std::string hint_of(Kind kind, const Target& target) {
  const bool maybe_plain = target.tls == Tls::kDisabled || target.tls == Tls::kPreferred;
  switch (kind) {
    case Kind::kDeadlock: return "it is tried again";
    case Kind::kLost: return "is the server up?";
    case Kind::kNoTable:
    case Kind::kForeign: return "its tables are not those of seckill";
    case Kind::kLogin:
      return fmt::format(
          "is the password file the right one? If there is no such user: CREATE USER '{}'@'%' "
          "IDENTIFIED BY '…'; {}{}",
          target.user, grant_of(target),
          maybe_plain ? ". A user with REQUIRE SSL is answered the same where the connection is "
                        "not encrypted: ?ssl-mode=REQUIRED"
                      : "");
    case Kind::kGrant: return "run as an administrator: " + grant_of(target);
    case Kind::kDatabase:
      return fmt::format("run as an administrator: CREATE DATABASE `{}`; {}", target.database,
                         grant_of(target));
    case Kind::kPlugin:
      return "this client has no such login method: it looks for plugins where `mariadb_config "
             "--plugindir` says";
    case Kind::kTls:
      return "does the server offer TLS, and is its certificate of that CA, for that host? "
             "ssl-mode=PREFERRED takes what there is";
    case Kind::kReadOnly:
      return "it may be a replica: name the primary, or SET GLOBAL read_only = 0";
    case Kind::kLocked: return "another process holds a lock for long: SHOW PROCESSLIST says which";
    case Kind::kFull: return "make room on the server's disk";
    case Kind::kHost: return "is the server up, and is --orders right?";
    case Kind::kRow:
    case Kind::kOther: break;
  }
  return "";
}

}  // namespace

std::string grant_of(const Target& target) {
  return fmt::format("GRANT ALL ON `{}`.* TO '{}'@'%'", target.database, target.user);
}

Trouble trouble_of(unsigned code) {
  switch (kind_of(code)) {
    case Kind::kRow: return Trouble::kRow;
    case Kind::kDeadlock: return Trouble::kDeadlock;
    case Kind::kLost: return Trouble::kLost;
    case Kind::kNoTable: return Trouble::kNoTable;
    default: return Trouble::kOther;
  }
}

Error error_of(const Target& target, unsigned code, const char* says) {
  const Kind kind = kind_of(code);
  const std::string hint = hint_of(kind, target);
  return {code_of(kind), fmt::format("orders/mysql: {}: {} ({}){}{}", to_text(target), says, code,
                                     hint.empty() ? "" : "; ", hint)};
}

}  // namespace seckill::mysql
