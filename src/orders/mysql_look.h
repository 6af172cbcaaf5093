// What a doctor sees of a server and of our login there. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "orders/mysql.h"

namespace seckill::mysql {

struct Look {
  std::string version;                // "10.11.19-MariaDB"
  std::string user;                   // as the server knows us: "seckill@127.0.0.1"
  std::string login;                  // its method: "caching_sha2_password"
  std::string cipher;                 // empty: not encrypted
  bool read_only = false;             // a replica, or set so
  std::vector<std::string> no_right;  // what our tables need and this user has not been granted
};

Result<Look> look(Connection& db);

}  // namespace seckill::mysql
