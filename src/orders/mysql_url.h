// Where a MySQL or MariaDB is, as people type it. The password is never in here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace seckill::mysql {

enum class Tls : std::uint8_t {
  kPreferred,  // if the server offers it; nobody is asked who it is
  kDisabled,
  kRequired,        // encrypted, but with whom is not checked
  kVerifyIdentity,  // and a certificate of that CA for that host
};

struct Target {
  std::string user = "seckill";
  std::string host;
  std::uint16_t port = 3306;
  std::string database;
  Tls tls = Tls::kPreferred;
  std::string ca;  // a file; needed to verify
  bool operator==(const Target&) const = default;
};

// mysql://user@host:port/database?ssl-mode=REQUIRED; mariadb:// is the same. kInvalid, with what is
// wrong and an example; a password in it is refused, since process lists and logs would show it.
Result<Target> target_from(std::string_view url);

// As it would be typed.
std::string to_text(const Target& target);

// Nothing between us and it is a network.
bool is_this_machine(const Target& target);

}  // namespace seckill::mysql
