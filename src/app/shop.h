// Everything that `serve` runs, and how it stops: parts, sale, HTTP, consumer, lists.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "app/delivery.h"
#include "app/lists.h"
#include "app/parts.h"
#include "app/process.h"
#include "app/settings.h"
#include "app/watched_journal.h"
#include "base/log.h"
#include "http/server.h"
#include "sale/sale.h"
#include "sale/shell.h"

namespace seckill::app {

// Promises: (1) SIGTERM, SIGINT or SIGQUIT (at a terminal SIGHUP, too) drains: /readyz says 503 at
// once, after drain_delay nobody new is accepted, what is in progress is answered, the rows catch
// up, run() returns kDone, all within drain_delay + kDrainMax; (2) a second one ends the process at
// once, with 130; (3) a broken journal ends it by the same way, non-zero: kDamaged if damaged, else
// kFailed; (4) without a terminal SIGHUP reads settings and token files again, takes over what it
// can, says what needs a restart, and changes nothing if anything in them is wrong. Threads: the
// loop is whoever calls run().
class Shop {
 public:
  static constexpr milliseconds kDrainMax{15'000};   // for requests in progress
  static constexpr milliseconds kCatchUpMax{5'000};  // for the rows

  using Reload = std::function<Result<Settings>()>;
  static Result<std::unique_ptr<Shop>> open(const Settings& settings, Log& log, Reload reload);
  ~Shop();

  Exit run();

  std::uint16_t port() const { return server_->port(); }
  const Parts::Found& found() const { return parts_->found(); }

 private:
  Shop(const Settings& settings, Log& log, Reload reload);
  Status build();
  Backstage backstage();
  Readiness readiness() const;
  Delivery::State rows() const;
  LiveFigures live(SaleUid sale) const;
  void append_metrics(std::string& text) const;

  void await_counter();
  void tell_each_second();
  void wait_for_signal();
  void signalled(int number);
  void reload();
  Status take_over(const Settings& fresh);
  void drain(std::string_view why, milliseconds delay);
  void say_whether_unsure();
  void stopped_by_sale(const std::string& why);
  void stop_for(Error error);  // drains, and run() returns its exit code

  const Settings settings_;  // as it was built
  Log& log_;
  Reload reload_;
  milliseconds drain_delay_;
  const bool hangup_reloads_ = hangup_reloads();  // asked while the terminal is there
  Exit exit_ = Exit::kDone;
  bool draining_ = false;

  // In the order of the path, from its end: what is declared first outlives the rest.
  boost::asio::io_context loop_{1};
  boost::asio::signal_set signals_{loop_};
  boost::asio::steady_timer drain_timer_{loop_};
  boost::asio::steady_timer second_{loop_};
  SaleStats told_;  // when it was last told
  std::unique_ptr<Parts> parts_;
  std::optional<Consumer> consumer_;
  std::optional<Delivery> delivery_;
  std::optional<Lists> lists_;
  std::optional<WatchedJournal> journal_;
  std::unique_ptr<RedisCounter> counter_;  // null: none
  boost::asio::posix::stream_descriptor counter_wakes_{loop_};
  std::optional<Sale> sale_;
  std::optional<Shell> shell_;
  std::unique_ptr<Server> server_;
};

}  // namespace seckill::app
