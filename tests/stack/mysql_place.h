// A database of one test, in a server that others use, too.
#pragma once

#include <atomic>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <unistd.h>

#include "orders/mysql.h"
#include "support/real_servers.h"

namespace seckill::testing {

inline mysql::Target target_in(const RealServers& servers, const std::string& database) {
  auto target = mysql::target_from(servers["MYSQL_URL"]).value();
  target.database = database;
  return target;
}

inline PasswordFile password_of(const RealServers& servers) {
  return PasswordFile(servers["MYSQL_PASSWORD_FILE"]);
}

// Whoever may do anything.
inline std::unique_ptr<mysql::Connection> administrator(const RealServers& servers,
                                                        const std::string& database = "mysql") {
  auto target = target_in(servers, database);
  target.user = "root";
  return mysql::Connection::open(target, password_of(servers)).value();
}

inline void must(const std::unique_ptr<mysql::Connection>& db, std::string_view sql) {
  const auto done = db->run(sql);
  EXPECT_TRUE(done) << sql << ": " << done.error().message;
}

class MysqlPlace {
 public:
  explicit MysqlPlace(const RealServers& servers)
      : servers_(servers), name_(fmt::format("seckill_test_{}_{}", ::getpid(), ++count())) {
    const auto root = administrator(servers_);
    must(root, fmt::format("CREATE DATABASE {}", name_));
    must(root, fmt::format("GRANT ALL ON {}.* TO seckill@'127.0.0.1'", name_));
  }
  ~MysqlPlace() {
    if (auto root = administrator(servers_)) must(root, fmt::format("DROP DATABASE {}", name_));
  }
  MysqlPlace(const MysqlPlace&) = delete;
  MysqlPlace& operator=(const MysqlPlace&) = delete;

  const std::string& name() const { return name_; }
  mysql::Target target() const { return target_in(servers_, name_); }
  PasswordFile password() const { return password_of(servers_); }
  std::unique_ptr<mysql::Connection> root() const { return administrator(servers_, name_); }

 private:
  static std::atomic<int>& count() {
    static std::atomic<int> made{0};
    return made;
  }
  const RealServers& servers_;
  std::string name_;
};

}  // namespace seckill::testing
