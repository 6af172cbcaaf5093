// Which rows: SQLite's file, or a MySQL or MariaDB server.
#include <fmt/format.h>
#include <thread>

#include "app/parts.h"
#include "app/process.h"
#include "orders/mysql.h"
#include "orders/mysql_error.h"
#include "orders/mysql_look.h"
#include "orders/mysql_orders.h"
#include "orders/sqlite_orders.h"

namespace seckill::app {
namespace {

using Code = Error::Code;

PasswordFile orders_password(const Settings& settings) {
  return PasswordFile(settings.orders_password_file);
}

// `open` until it succeeds or fails for another reason than that the server does not answer.
template <class Open>
auto wait_for_server(Open open, const Settings& settings, Log& log) -> decltype(open()) {
  const SteadyTime since = machine_now().steady;
  for (bool said = false;; said = true) {
    auto opened = open();
    if (opened || opened.error().code != Code::kUnavailable) return opened;
    if (machine_now().steady - since >= kServerWait) return opened;
    if (!said) {
      log.warn("waiting-for-rows", {{"server", settings.orders_url()},
                                    {"why", opened.error().message},
                                    {"seconds", std::to_string(kServerWait.count() / 1000)}});
    }
    std::this_thread::sleep_for(milliseconds(200));
  }
}

template <class As, class Opened>
Result<std::unique_ptr<As>> as(Opened opened) {
  if (!opened) return fail(std::move(opened.error()));
  return std::move(*opened);
}

}  // namespace

Result<std::unique_ptr<Orders>> open_rows(const Settings& settings, Log& log) {
  if (!settings.orders_mysql) return as<Orders>(SqliteOrders::open(settings.orders_file.string()));
  return as<Orders>(wait_for_server(
      [&] { return MysqlOrders::open(*settings.orders_mysql, orders_password(settings)); },
      settings, log));
}

Result<std::unique_ptr<OrdersReader>> open_rows_reader(const Settings& settings) {
  if (!settings.orders_mysql)
    return as<OrdersReader>(SqliteOrdersReader::open(settings.orders_file.string()));
  return as<OrdersReader>(
      MysqlOrdersReader::open(*settings.orders_mysql, orders_password(settings)));
}

LookedAtRows look_at_mysql(const Settings& settings) {
  const mysql::Target& target = *settings.orders_mysql;
  const auto db = mysql::Connection::open(target, orders_password(settings));
  if (!db) return {.trouble = db.error()};
  const auto found = mysql::look(**db);
  if (!found) return {.trouble = found.error()};
  LookedAtRows looked{.says = fmt::format("{} answers as {}, {}, {}", found->version, found->user,
                                          found->login,
                                          found->cipher.empty() ? "not encrypted" : found->cipher)};
  if (!found->no_right.empty()) {
    looked.trouble =
        Error{Code::kInvalid, fmt::format("{}; {} may not {}", looked.says, found->user,
                                          fmt::join(found->no_right, ", "))};
    looked.advice = mysql::grant_of(target);
  } else if (found->read_only) {
    looked.trouble = Error{Code::kUnavailable, looked.says + "; it is read-only"};
    looked.advice = "name the primary with --orders, or SET GLOBAL read_only = 0";
  } else if (found->cipher.empty() && !mysql::is_this_machine(target)) {
    looked.advice = "orders travel unencrypted: add ?ssl-mode=REQUIRED";
  }
  return looked;
}

}  // namespace seckill::app
