#include "app/shop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "app/front.h"
#include "app/token_file.h"
#include "base/entropy.h"

namespace seckill::app {
namespace {

// Carries an answer from the lists' thread to the loop.
Lists::Done on_loop(boost::asio::io_context& loop, Listed done) {
  return [&loop, done = std::move(done)](Result<std::string> json) mutable {
    boost::asio::post(loop, [done = std::move(done), json = std::move(json)]() mutable {
      done(std::move(json));
    });
  };
}

OrdersQuery query_of(const OrdersListQuery& query) {
  return {.sale = query.sale,
          .buyer = query.buyer,
          .state = query.state,
          .after = query.starting_after,
          .limit = query.limit};
}
PaymentsQuery query_of(const PaymentsListQuery& query) {
  return {.refunds_only = query.refunds_only, .after = query.starting_after, .limit = query.limit};
}

template <class Value>
void metric(std::string& text, std::string_view name, std::string_view type, std::string_view says,
            Value value) {
  text += fmt::format("# HELP {} {}\n# TYPE {} {}\n{} {}\n", name, says, name, type, name, value);
}

// Won but not stored: what the ledger has granted, less what the rows know.
void append_pending(std::string& text, const Ledger& ledger, const StoredOrders& stored) {
  text +=
      "# HELP seckill_orders_pending Orders granted that the rows do not know yet.\n"
      "# TYPE seckill_orders_pending gauge\n";
  for (const SaleView* sale : ledger.sales()) {
    const auto known = std::find_if(stored.of_sales.begin(), stored.of_sales.end(),
                                    [&](auto& each) { return each.first == sale->terms.uid; });
    const std::uint32_t rows = known == stored.of_sales.end() ? 0 : known->second;
    text += fmt::format("seckill_orders_pending{{sale=\"{}\"}} {}\n", sale->terms.name.view(),
                        std::int64_t{sale->orders} - rows);
  }
}

double mean_ms(std::uint64_t sum_us, std::uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum_us) / 1e3 / static_cast<double>(count);
}

void append_up(std::string& text, std::string_view part, bool up) {
  text += fmt::format("seckill_dependency_up{{dependency=\"{}\"}} {}\n", part, up ? 1 : 0);
}

void append_counter(std::string& text, const Sale& sale, const RedisCounter& counter) {
  append_up(text, "redis", counter.figures().up);
  metric(text, "seckill_counter_asks_total", "counter", "Turns that asked the shared counter.",
         sale.hint().asks());
  metric(text, "seckill_counter_unknown_total", "counter",
         "Of these asks, without an answer in 50 ms: a second without the counter.",
         sale.hint().unknown());
  metric(text, "seckill_counter_doubts_total", "counter",
         "Times the counter refused for a second what the ledger had, and was not believed.",
         sale.hint().doubts());
  metric(text, "seckill_counter_put_off_total", "counter",
         "Claims that the counter refused: they were looked at again behind a barrier.",
         sale.stats().put_off);
}

}  // namespace

Shop::Shop(const Settings& settings, Log& log, Reload reload)
    : settings_(settings),
      log_(log),
      reload_(std::move(reload)),
      drain_delay_(settings.drain_delay) {}
Shop::~Shop() {
  if (counter_wakes_.is_open()) counter_wakes_.release();  // it is the counter's
}

Result<std::unique_ptr<Shop>> Shop::open(const Settings& settings, Log& log, Reload reload) {
  std::unique_ptr<Shop> shop(new Shop(settings, log, std::move(reload)));
  if (auto built = shop->build(); !built) return fail(std::move(built.error()));
  return shop;
}

// Bottom-up. The port is looked at first: a start that cannot serve leaves nothing behind.
Status Shop::build() {
  if (auto free = port_is_free(settings_.listen, PortWait{}); !free) return free;
  const Node node{random_u64()};
  auto parts = open_parts(settings_, node, log_);
  if (!parts) return fail(std::move(parts.error()));
  parts_ = std::move(*parts);
  auto admin = read_or_make_token(settings_.admin_token_path());
  if (!admin) return fail(std::move(admin.error()));
  auto till = read_or_make_token(settings_.till_token_path());
  if (!till) return fail(std::move(till.error()));

  const SaleLimits limits{.waiting_max = static_cast<std::uint32_t>(settings_.waiting_max),
                          .shared = parts_->shared(),
                          .counter = settings_.counter.has_value()};
  Ledger ledger = parts_->take_ledger();
  auto counter = open_counter(settings_, ledger.identity(), log_);
  if (!counter) return fail(std::move(counter.error()));
  counter_ = *std::move(counter);
  sale_.emplace(std::move(ledger), node, limits);
  journal_.emplace(
      parts_->journal(), [this] { return parts_->last_flush_us(); },
      [this] {
        if (delivery_) delivery_->news();
      },
      [this] { say_whether_unsure(); });
  shell_.emplace(
      *sale_, *journal_, machine_now,
      [this](std::span<const Answer> answers) { server_->tell(answers); },
      [this](const std::string& why) { stopped_by_sale(why); }, counter_.get());
  if (counter_) counter_wakes_.assign(counter_->wake_fd()), await_counter();
  // Whoever sees that we serve may ask us to end.
  for (const int number : ending_signals()) signals_.add(number);
  if (hangup_reloads_) signals_.add(SIGHUP);
  wait_for_signal();
  auto server = Server::open(loop_, *shell_, journal_->wake_fd(),
                             http_options(settings_, *admin, *till), backstage());
  if (!server) return fail(std::move(server.error()));
  server_ = std::move(*server);

  if (parts_->orders() != nullptr) {
    consumer_.emplace(*parts_->durable_journal(), *parts_->orders());
    delivery_.emplace(*consumer_, log_, [this](Error error) {
      boost::asio::post(loop_, [this, error = std::move(error)] { stop_for(error); });
    });
  }
  lists_.emplace([this] { return open_rows_reader(settings_); });
  return {};
}

Backstage Shop::backstage() {
  Backstage lent;
  lent.list_orders = [this](OrdersListQuery query, Listed done) {
    OrdersQuery asked = query_of(query);
    const Order* after = asked.after ? sale_->ledger().find(*asked.after) : nullptr;
    if (after != nullptr) asked.after_made = after->made;
    lists_->ask(asked, on_loop(loop_, std::move(done)));
  };
  lent.list_payments = [this](PaymentsListQuery query, Listed done) {
    lists_->ask(query_of(query), on_loop(loop_, std::move(done)));
  };
  lent.metrics = [this](std::string& text) { append_metrics(text); };
  lent.readiness = [this] { return readiness(); };
  lent.live = [this](SaleUid sale) { return live(sale); };
  lent.acted = [this](std::string_view act, std::string_view on, int status) {
    log_.info(
        "admin",
        {{"act", std::string(act)}, {"on", std::string(on)}, {"status", std::to_string(status)}});
  };
  return lent;
}

Readiness Shop::readiness() const {
  Readiness readiness;
  const auto& seen = journal_->seen();
  const Room room = journal_->room();
  const bool unsure = seen.unsure && room == Room::kPlenty;
  readiness.checks.push_back(
      {"journal", !seen.broken && !unsure && room == Room::kPlenty,
       seen.broken             ? seen.broken->message
       : unsure                ? "takes no records: " + *seen.unsure
       : room != Room::kPlenty ? "no space for new claims; payments still land"
                               : fmt::format("flushes in {:.1f} ms",
                                             static_cast<double>(parts_->last_flush_us()) / 1e3),
       seen.broken ? "restart: a restart reads the truth back, unless it exits with 5 "
                     "(docs/runbook.md)"
       : unsure    ? "it is tried again by itself: seckill doctor"
                   : "make room on the journal's disk, or begin a new season in a new directory"});
  if (delivery_) {
    const Delivery::State rows = delivery_->state();
    const std::uint64_t behind = number(parts_->durable()) - number(rows.stats.next);
    readiness.checks.push_back(
        {"orders", !rows.trouble,
         rows.trouble ? rows.trouble->message : fmt::format("{} records behind", behind),
         "selling goes on; look at the rows' disk and locks: seckill doctor"});
  }
  if (counter_) {
    const RedisCounter::Figures redis = counter_->figures();
    readiness.checks.push_back(
        {"redis", redis.up,
         redis.up ? fmt::format("answers in {:.2f} ms", mean_ms(redis.call_us, redis.calls))
                  : redis.trouble,
         "selling goes on without the hint: seckill doctor --only redis"});
  }
  if (draining_)
    readiness.checks.push_back({"process", false, "draining", "start it again when it has ended"});
  readiness.ready = !draining_ && readiness.checks[0].pass;  // rows behind stop no sale
  return readiness;
}

// Over Kafka `seckill consume` stores the rows: this process has stored none.
Delivery::State Shop::rows() const { return delivery_ ? delivery_->state() : Delivery::State{}; }

LiveFigures Shop::live(SaleUid sale) const {
  const Delivery::State rows = this->rows();
  LiveFigures live{.flushes = journal_->seen().flushes,
                   .flush_us = journal_->seen().flush_us,
                   .durable = parts_->durable(),
                   .has_rows = delivery_.has_value(),
                   .rows_at = rows.stats.next,
                   .orders_stored = rows.stats.orders_stored,
                   .store_delay_ms = rows.store_delay_ms,
                   .sale_orders_at = rows.stored.at};
  for (const auto& [uid, orders] : rows.stored.of_sales) {
    if (uid == sale) live.sale_orders_stored = orders;
  }
  return live;
}

void Shop::append_metrics(std::string& text) const {
  const Delivery::State rows = this->rows();
  const auto& seen = journal_->seen();
  metric(text, "seckill_orders_stored_total", "counter",
         "Orders whose rows this process has stored.", rows.stats.orders_stored);
  if (delivery_) {
    metric(text, "seckill_consumer_lag_records", "gauge",
           "Durable records that are not in the rows yet.",
           number(parts_->durable()) - number(rows.stats.next));
  }
  metric(text, "seckill_consumer_batches_total", "counter", "Transactions of the consumer.",
         rows.stats.batches);
  metric(text, "seckill_quarantined_total", "counter",
         "Records whose rows were refused and put aside.", rows.stats.quarantined);
  text += fmt::format(
      "# HELP seckill_order_store_delay_seconds From an order's stamp in the journal until its row "
      "is stored.\n"
      "# TYPE seckill_order_store_delay_seconds summary\nseckill_order_store_delay_seconds_sum "
      "{}\nseckill_order_store_delay_seconds_count {}\n",
      static_cast<double>(rows.store_delay_ms) / 1e3, rows.stats.orders_stored);
  text += fmt::format(
      "# HELP seckill_flush_duration_seconds From the start of a block's write until it is "
      "durable.\n"
      "# TYPE seckill_flush_duration_seconds summary\nseckill_flush_duration_seconds_sum "
      "{}\nseckill_flush_duration_seconds_count {}\n",
      static_cast<double>(seen.flush_us) / 1e6, seen.flushes);
  text += fmt::format(
      "# HELP seckill_dependency_duration_seconds What the parts take: a block's write, a "
      "transaction of rows.\n# TYPE seckill_dependency_duration_seconds summary\n");
  for (const auto& [labels, sum_us, count] :
       {std::tuple{R"(dependency="journal",operation="flush")", seen.flush_us, seen.flushes},
        std::tuple{R"(dependency="orders",operation="store")", rows.storing_us,
                   rows.stats.batches}}) {
    text += fmt::format(
        "seckill_dependency_duration_seconds_sum{{{0}}} {1}\n"
        "seckill_dependency_duration_seconds_count{{{0}}} {2}\n",
        labels, static_cast<double>(sum_us) / 1e6, count);
  }
  if (counter_) {
    const RedisCounter::Figures redis = counter_->figures();
    text += fmt::format(
        "seckill_dependency_duration_seconds_sum{{{0}}} {1}\n"
        "seckill_dependency_duration_seconds_count{{{0}}} {2}\n",
        R"(dependency="redis",operation="take")", static_cast<double>(redis.call_us) / 1e6,
        redis.calls);
  }
  if (delivery_) append_pending(text, sale_->ledger(), rows.stored);
  text +=
      "# HELP seckill_dependency_up 1 while the part answers.\n"
      "# TYPE seckill_dependency_up gauge\n";
  append_up(text, "journal", !seen.broken && !seen.unsure);
  if (delivery_) append_up(text, "orders", !rows.trouble);
  if (counter_) append_counter(text, *sale_, *counter_);
  append_process_metrics(text);
}

void Shop::await_counter() {
  counter_wakes_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                            [this](const boost::system::error_code& error) {
                              if (error) return;
                              shell_->pump_counter();
                              await_counter();
                            });
}

// With -v: a line a second, while something happens.
void Shop::tell_each_second() {
  second_.expires_after(milliseconds(1'000));
  second_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const SaleStats now = sale_->stats();
    if (now.turns != told_.turns) {
      log_.debug("second", {{"turns", std::to_string(now.turns - told_.turns)},
                            {"records", std::to_string(now.records - told_.records)},
                            {"waiting", std::to_string(sale_->waiting())},
                            {"flush_us", std::to_string(parts_->last_flush_us())},
                            {"position", std::to_string(number(parts_->durable()))}});
    }
    told_ = now;
    tell_each_second();
  });
}

void Shop::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (!error) signalled(number);
  });
}

void Shop::signalled(int number) {
  if (number == SIGHUP && hangup_reloads_) {
    reload();
    return wait_for_signal();
  }
  if (draining_) {
    log_.warn("stopped", {{"why", "a second signal: at once"}});
    _exit(static_cast<int>(Exit::kInterrupted));
  }
  drain(fmt::format("SIG{}", sigabbrev_np(number)), drain_delay_);
  wait_for_signal();
}

void Shop::reload() {
  const auto fresh = reload_();
  const Status taken = fresh ? take_over(*fresh) : fail(fresh.error());
  if (!taken) {
    log_.error("reload-refused", {{"why", taken.error().message},
                                  {"next", "nothing was changed; mend it, SIGHUP again"}});
    return;
  }
  std::string restart;
  const auto was = shown(settings_), is = shown(*fresh);
  for (std::size_t i = 0; i < was.size(); ++i) {
    const std::string& key = was[i].first;
    if (was[i] == is[i] || key == "limits.request_deadline" || key == "server.drain_delay")
      continue;
    restart += (restart.empty() ? "" : ", ") + key;
  }
  log_.info("reloaded", {{"request_deadline", to_text(fresh->request_deadline)},
                         {"drain_delay", to_text(drain_delay_)},
                         {"tokens", "read again"},
                         {"needs_restart", restart.empty() ? "nothing" : restart}});
}

// Tokens come from where they were: another path is another setting.
Status Shop::take_over(const Settings& fresh) {
  const auto admin = read_or_make_token(settings_.admin_token_path());
  if (!admin) return fail(admin.error());
  const auto till = read_or_make_token(settings_.till_token_path());
  if (!till) return fail(till.error());
  server_->renew(fresh.request_deadline, hash_of_token(*admin), hash_of_token(*till));
  drain_delay_ = fresh.drain_delay;
  return {};
}

void Shop::drain(std::string_view why, milliseconds delay) {
  if (std::exchange(draining_, true)) return;
  log_.info("draining", {{"why", std::string(why)},
                         {"delay", to_text(delay)},
                         {"next", "a second signal ends it at once"}});
  drain_timer_.expires_after(delay);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    server_->drain();
    drain_timer_.expires_after(kDrainMax);
    drain_timer_.async_wait([this](const boost::system::error_code& late) {
      if (late) return;
      log_.warn("drain-cut",
                {{"why", "requests still in progress"}, {"after", to_text(kDrainMax)}});
      server_->stop();
    });
  });
}

void Shop::say_whether_unsure() {
  if (const auto& why = journal_->seen().unsure) {
    log_.error(
        "journal-unsure",
        {{"why", *why}, {"next", "buyers are told to ask again with the same key; trying again"}});
  } else {
    log_.info("journal-again");
  }
}

void Shop::stopped_by_sale(const std::string& why) {
  const auto& broken = journal_->seen().broken;
  stop_for(broken ? *broken : Error{Error::Code::kCorrupt, why});
}

void Shop::stop_for(Error error) {
  if (exit_ != Exit::kDone) return;
  exit_ = exit_of(error.code) == Exit::kDamaged ? Exit::kDamaged : Exit::kFailed;
  log_.error("stopping", {{"why", error.message},
                          {"exit", std::to_string(static_cast<int>(exit_))},
                          {"next", exit_ == Exit::kDamaged ? "do not restart: docs/runbook.md"
                                                           : "a restart reads the truth back"}});
  drain("stopping", milliseconds(0));
}

Exit Shop::run() {
  tell_each_second();
  server_->run();
  if (delivery_) delivery_->finish(kCatchUpMax);
  const std::uint64_t behind =
      delivery_ ? number(parts_->durable()) - number(delivery_->state().stats.next) : 0;
  log_.info("stopped", {{"exit", std::to_string(static_cast<int>(exit_))},
                        {"rows_behind", std::to_string(behind)}});
  return exit_;
}

}  // namespace seckill::app
