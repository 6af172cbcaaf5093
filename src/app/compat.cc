#include "app/compat.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <utility>

#include "app/audited.h"
#include "app/front.h"
#include "app/json_read.h"
#include "app/parts.h"
#include "app/process.h"
#include "app/token_file.h"
#include "base/entropy.h"
#include "base/invariant.h"
#include "compat/stand.h"
#include "http/server.h"

namespace seckill::app {
namespace {

using Code = Error::Code;
using boost::system::error_code;

constexpr milliseconds kDrainMax{15'000};   // for requests in progress
constexpr milliseconds kCatchUpMax{5'000};  // for the rows

compat::StandOptions stand_options(const Settings& settings) {
  compat::StandOptions options;
  options.counter = redis_options(settings);
  options.topic = kafka_options(settings);
  options.topic.allow_unsafe =
      true;  // the demo's topic is taken as it is, and what is not safe said
  if (!settings.compat.no_legacy_rows) options.rows = settings.orders_mysql;
  options.rows_password = PasswordFile(settings.orders_password_file);
  options.stock = settings.compat.stock;
  options.waiting_max = static_cast<std::uint32_t>(settings.waiting_max);
  return options;
}

// There is no sale here, so nobody writes.
class NoJournal final : public Journal {
 public:
  void append(std::span<const Record>, RawTime) override {
    invariant(false, "nothing is journaled with --compat demo");
  }
  std::optional<JournalEvent> poll() override { return std::nullopt; }
  int wake_fd() const override { return -1; }
  Room room() const override { return Room::kPlenty; }
};

class DemoShop {
 public:
  DemoShop(const Settings& settings, Log& log)
      : settings_(settings),
        log_(log),
        sale_(Ledger{}, Node{random_u64()}, SaleLimits{}),
        shell_(
            sale_, journal_, machine_now, [](std::span<const Answer>) {},
            [](const std::string&) {}) {}

  Status open();
  Exit run();
  std::uint16_t port() const { return server_->port(); }
  const compat::Stand::Found& found() const { return stand_->found(); }

 private:
  Backstage backstage();
  Readiness readiness() const;
  void wait_for_signal();
  void signalled(int number);
  void drain(int number);

  const Settings& settings_;
  Log& log_;
  bool draining_ = false;
  boost::asio::io_context loop_{1};
  boost::asio::signal_set signals_{loop_};
  boost::asio::steady_timer drain_timer_{loop_};
  NoJournal journal_;
  Sale sale_;
  Shell shell_;
  std::unique_ptr<compat::Stand> stand_;
  std::unique_ptr<Server> server_;
};

// The port is looked at first: a start that cannot serve leaves nothing behind.
Status DemoShop::open() {
  if (auto free = port_is_free(settings_.listen, PortWait{}); !free) return free;
  std::error_code error;
  std::filesystem::create_directories(settings_.journal_dir, error);
  auto admin = read_or_make_token(settings_.admin_token_path());
  if (!admin) return fail(std::move(admin.error()));
  auto options = stand_options(settings_);
  options.node = random_u64();
  options.say = [this](std::string_view line) {
    log_.warn("compat", {{"says", std::string(line)}});
  };
  auto stand = compat::Stand::open(
      std::move(options), [this](std::span<const Answer> answers) { server_->tell(answers); });
  if (!stand) return fail(std::move(stand.error()));
  stand_ = *std::move(stand);
  // Whoever sees that we serve may ask us to end.
  for (const int number : ending_signals()) signals_.add(number);
  wait_for_signal();
  auto server = Server::open(loop_, shell_, journal_.wake_fd(),
                             http_options(settings_, *admin, *admin), backstage());
  if (!server) return fail(std::move(server.error()));
  server_ = *std::move(server);
  return {};
}

Backstage DemoShop::backstage() {
  Backstage lent;
  lent.demo = stand_.get();
  lent.readiness = [this] { return readiness(); };
  lent.metrics = [this](std::string& text) {
    stand_->append_metrics(text);
    append_process_metrics(text);
  };
  return lent;
}

Readiness DemoShop::readiness() const {
  const compat::Stand::Health health = stand_->health();
  Readiness readiness;
  readiness.checks = {
      {"counter", health.counter.empty(), health.counter,
       "without it nothing is sold: SET counter N puts N units on sale"},
      {"topic", health.topic.empty(), health.topic, "without it nothing is sold: is Kafka up?"},
      {"rows", health.rows.empty(),
       health.rows.empty() ? fmt::format("{} behind", health.behind) : health.rows,
       "selling goes on; the rows catch up by themselves"}};
  readiness.ready = !draining_ && readiness.checks[0].pass && readiness.checks[1].pass;
  return readiness;
}

void DemoShop::wait_for_signal() {
  signals_.async_wait([this](const error_code& error, int number) {
    if (!error) signalled(number);
  });
}

void DemoShop::signalled(int number) {
  if (draining_) {
    log_.warn("stopped", {{"why", "a second signal: at once"}});
    _exit(static_cast<int>(Exit::kInterrupted));
  }
  drain(number);
  wait_for_signal();
}

void DemoShop::drain(int number) {
  draining_ = true;
  log_.info("draining", {{"why", fmt::format("SIG{}", sigabbrev_np(number))},
                         {"delay", to_text(settings_.drain_delay)}});
  drain_timer_.expires_after(settings_.drain_delay);
  drain_timer_.async_wait([this](const error_code& error) {
    if (error) return;
    server_->drain();
    drain_timer_.expires_after(kDrainMax);
    drain_timer_.async_wait([this](const error_code& late) {
      if (!late) server_->stop();
    });
  });
}

Exit DemoShop::run() {
  server_->run();
  stand_->finish(kCatchUpMax);
  log_.info("stopped", {{"rows_behind", std::to_string(stand_->health().behind)}});
  return Exit::kDone;
}

void announce(Talk& talk, const Settings& settings, const DemoShop& shop) {
  const auto& found = shop.found();
  const std::string url = "http://" + to_text(Address{settings.listen.host, shop.port()});
  const std::string rows =
      settings.compat.no_legacy_rows ? "stored by the demo's own consumer" : settings.orders_url();
  if (talk.json()) {
    talk.result(dumped(Json{{"url", url},
                            {"port", shop.port()},
                            {"counter", settings.counter_url()},
                            {"journal", settings.journal_url()},
                            {"orders", rows},
                            {"messages", found.messages}}));
    return;
  }
  talk.result(fmt::format(
      "seckill {} · --compat demo: the counter judges, the topic records\n  counter  {} in {}{}\n"
      "  topic    {} with {}\n  rows     {}\n  buy      curl -X POST {}/seckill/seckill\n"
      "  health   {}/readyz",
      SECKILL_VERSION,
      found.counter ? std::to_string(*found.counter) : std::string("(there is none)"),
      settings.counter_url(), found.counter_made ? ", made now" : "", settings.journal_url(),
      counted(found.messages, "message"), rows, url, url));
}

}  // namespace

Exit serve_demo(const Settings& settings, Log& log, Talk& talk,
                const std::optional<std::string>& port_file) {
  DemoShop shop(settings, log);
  if (auto opened = shop.open(); !opened) return talk.fail(opened.error());
  if (port_file) {
    if (auto put = put_file(*port_file, fmt::format("{}\n", shop.port()), 0644); !put)
      return talk.fail(put.error());
  }
  announce(talk, settings, shop);
  return shop.run();
}

Result<AuditReport> look_at_demo(const Settings& settings) {
  auto options = stand_options(settings);
  options.rows = settings.orders_mysql;  // whoever stores them
  const auto figures = compat::look_at_stand(options);
  if (!figures) return fail(figures.error());
  AuditReport report{.checks = compat::drift(*figures), .journal_end = Position{figures->messages}};
  report.sums.stock = figures->stock;
  report.sums.won = figures->messages;
  report.sums.stored = figures->rows.value_or(0);
  return report;
}

std::string demo_text(const AuditReport& report, const Talk& talk) {
  const AuditSums& sums = report.sums;
  const std::string line =
      fmt::format("stock {}, recorded {}, stored {}", sums.stock, sums.won, sums.stored);
  return checks_text(report, talk) + (report.proven()     ? talk.good("they agree: " + line)
                                      : report.violated() ? talk.bad("they drift: " + line)
                                                          : talk.mild("not proven: " + line));
}

}  // namespace seckill::app
