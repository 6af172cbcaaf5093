// What the numbers of MySQL and MariaDB mean for us: what to do, and what a person should type.
#pragma once

#include <string>

#include "base/result.h"
#include "orders/mysql.h"

namespace seckill::mysql {

Trouble trouble_of(unsigned code);

// "orders/mysql: URL: what the server says (code); what to try", with the GRANT where one is
// missing.
Error error_of(const Target& target, unsigned code, const char* says);

// What an administrator has to run so that this user may do all that we need.
std::string grant_of(const Target& target);

}  // namespace seckill::mysql
