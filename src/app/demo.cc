// seckill demo: a whole sale on this machine, told on one page: server, crowd, audit.
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "app/audited.h"
#include "app/child.h"
#include "app/client.h"
#include "app/process.h"
#include "app/settings.h"
#include "base/counted.h"
#include "base/entropy.h"
#include "drill/drill.h"

namespace seckill::app {
namespace {

namespace fs = std::filesystem;
using Code = Error::Code;

constexpr std::string_view kDirectory = "seckill-demo-";  // … and the process: "seckill-demo-17-x"

// Of demos that were killed: their names say whose they were.
void remove_stale(const fs::path& among) {
  std::error_code error;
  for (auto at = fs::directory_iterator(among, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(kDirectory)) continue;
    const pid_t owner = std::atoi(name.c_str() + kDirectory.size());
    std::error_code ignored;
    if (owner > 0 && kill(owner, 0) != 0 && errno == ESRCH) fs::remove_all(at->path(), ignored);
  }
}

// Removed with everything in it, however we end; after SIGKILL by the next demo.
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> make() {
    std::error_code error;
    const fs::path among = fs::temp_directory_path(error);
    remove_stale(among);
    std::string name = (among / fmt::format("{}{}-XXXXXX", kDirectory, getpid())).string();
    if (mkdtemp(name.data()) == nullptr)
      return fail(Code::kFailed, fmt::format("{}: cannot be made; set TMPDIR", name));
    return TemporaryDirectory(name);
  }
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// What asks us to end waits in line until somebody looks: nothing is cut in the middle.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    for (const int number : ending_signals()) sigaddset(&held_, number);
    sigprocmask(SIG_BLOCK, &held_, nullptr);
  }
  // True: one has come, within this time.
  bool wait(milliseconds within) const {
    const timespec time{within.count() / 1000, within.count() % 1000 * 1'000'000};
    return sigtimedwait(&held_, nullptr, &time) > 0;
  }

 private:
  sigset_t held_{};
};

struct DemoTerms {
  std::uint64_t users = 2'000;
  milliseconds over{5'000};
  std::uint64_t stock = 100;
  std::uint16_t port = 3000;
  fs::path out;
  bool once = false;
};

Result<DemoTerms> terms_of(const Args& args, const Talk& talk) {
  DemoTerms terms;
  const auto users = args.read("users", count_from, terms.users);
  const auto stock = args.read("stock", count_from, terms.stock);
  const auto over = args.read("over", duration_from, terms.over);
  const auto port = args.read("port", count_from, std::uint64_t{terms.port});
  if (!users) return fail(users.error());
  if (!stock) return fail(stock.error());
  if (!over) return fail(over.error());
  if (!port) return fail(port.error());
  if (*port < 1 || *port > 65'000)
    return fail(Code::kInvalid, fmt::format("--port {} is none; as in 3000", *port));
  if (*users < 1 || *users > kShoppersMax)
    return fail(Code::kInvalid, fmt::format("--users {} is not possible; use 1 to {}", *users,
                                            grouped(kShoppersMax)));
  if (*stock < 1 || *stock > 100'000'000)
    return fail(Code::kInvalid,
                fmt::format("--stock {} is not possible; use 1 to 100,000,000", *stock));
  if (*over > milliseconds(3'600'000))
    return fail(Code::kInvalid, fmt::format("--over {} is too long; at most 1h", to_text(*over)));
  terms.users = *users, terms.stock = *stock, terms.over = *over,
  terms.port = static_cast<std::uint16_t>(*port);
  terms.once = args.has("once") || !talk.at_terminal() || talk.json();
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char name[40];
  std::strftime(name, sizeof name, "seckill-drill-%Y%m%d-%H%M%S", &parts);
  terms.out = args.text("out", name);
  return terms;
}

class Demo {
 public:
  Demo(DemoTerms terms, Talk& talk, TemporaryDirectory directory)
      : terms_(std::move(terms)), talk_(talk), directory_(std::move(directory)) {
    settings_.journal_dir = directory_.path() / "data";
    settings_.orders_file = settings_.journal_dir / "orders.db";
    settings_.orders_mysql.reset();
    settings_.counter.reset();
  }

  Result<Exit> run() {
    if (auto served = serve(); !served) return fail(std::move(served.error()));
    if (auto sold = create_sales(); !sold) return fail(std::move(sold.error()));
    auto rushed = rush();
    if (!rushed) return fail(std::move(rushed.error()));
    if (*rushed != Exit::kDone) return *rushed;
    auto verdict = prove();
    if (!verdict) return fail(std::move(verdict.error()));
    if (!terms_.once) stay();
    return *verdict;
  }

 private:
  Status serve();
  Result<std::uint16_t> find_port();
  Status start_server(std::uint16_t port);
  Status wait_for_port(const fs::path& port_file);
  Status create_sales();
  Result<Exit> rush();
  Result<Exit> prove();
  void stay();

  std::string url() const { return client_->url(); }

  DemoTerms terms_;
  Talk& talk_;
  TemporaryDirectory directory_;
  HeldSignals signals_;
  Settings settings_;
  std::optional<Child> server_;
  std::optional<Client> client_;
};

// Until the server has its port another process may take it, a second demo above all: then the next
// one is tried. Each is lost to somebody who needs no more, so ten tries are many.
Status Demo::serve() {
  if (auto put = put_file(directory_.path() / "seckill.toml", "", 0600); !put) return put;
  for (int tries = 1;; ++tries) {
    const auto port = find_port();
    if (!port) return fail(port.error());
    const auto up = start_server(*port);
    if (up) {
      client_.emplace(Address{"127.0.0.1", *port}, "");
      break;
    }
    if (up.error().code != Code::kUnavailable || tries == 10) return up;
    talk_.say(fmt::format("port {} was taken in that moment; trying the next one", *port));
  }
  if (!talk_.json()) {
    talk_.result(
        fmt::format("seckill {1} · no server needed: journal and orders in a temporary directory\n"
                    " shop    {0}/s/car\n"
                    " ops     {0}/ops\n"
                    " buy     curl -X POST {0}/seckill/seckill\n",
                    url(), SECKILL_VERSION));
  }
  return {};
}

Result<std::uint16_t> Demo::find_port() {
  const std::uint16_t port = next_free_port(terms_.port);
  if (port == 0)
    return fail(
        Code::kUnavailable,
        fmt::format("no port is free from {} on; name another one with --port", terms_.port));
  if (port != terms_.port) {
    const auto owner = port_owner(terms_.port);
    talk_.say(fmt::format(
        "{} is used by {}; the demo takes {}", terms_.port,
        owner ? fmt::format("{}, pid {}", owner->name, owner->pid) : "another process", port));
  }
  return port;
}

Status Demo::start_server(std::uint16_t port) {
  const fs::path port_file = directory_.path() / "port";
  auto server =
      Child::start({"serve", "--quiet", "--config", directory_.path() / "seckill.toml", "--listen",
                    fmt::format("127.0.0.1:{}", port), "--journal",
                    "file:" + settings_.journal_dir.string(), "--port-file", port_file},
                   {.silent = true, .own_terminal_group = true, .clean_environment = true});
  if (!server) return fail(std::move(server.error()));
  server_.emplace(std::move(*server));
  return wait_for_port(port_file);
}

// kUnavailable: the port was taken before the server had it.
Status Demo::wait_for_port(const fs::path& port_file) {
  std::error_code ignored;
  for (int i = 0; i < 1'000; ++i) {
    if (fs::exists(port_file, ignored)) return {};
    if (const int code = server_->poll(); code >= 0)
      return fail(code == static_cast<int>(Exit::kUnavailable) ? Code::kUnavailable : Code::kFailed,
                  "demo: its server did not start; it says why above");
    if (signals_.wait(milliseconds(20))) return fail(Code::kFailed, "interrupted");
  }
  return fail(Code::kFailed, "demo: its server is not up after 20 s; try `seckill doctor`");
}

Status Demo::create_sales() {
  const std::string car =
      fmt::format(R"({{"id":"car","title":"Car","stock":{},"price_minor":990,"currency":"CNY"}})",
                  terms_.stock);
  const std::string phone =
      R"({"id":"phone","title":"Phone","stock":10,"per_buyer":1,"hold_s":900,"price_minor":199900,"currency":"CNY"})";
  for (const std::string& sale : {car, phone}) {
    auto made = client_->expect({.method = "POST", .path = "/api/v1/sales", .body = sale});
    if (!made) return fail(std::move(made.error()));
  }
  return {};
}

// A process of its own: its CPU time is not the server's, and it knows only HTTP.
Result<Exit> Demo::rush() {
  std::vector<std::string> arguments{
      "drill",    "car",
      "--server", url(),
      "--users",  std::to_string(terms_.users),
      "--over",   to_text(terms_.over),
      "--out",    terms_.out.string(),
      "--seed",   std::to_string(random_u64() >> 32),  // drawn here: no word about it
      "--no-page"};
  if (talk_.quiet() || talk_.json()) arguments.emplace_back("--quiet");
  if (!talk_.colors()) arguments.emplace_back("--no-color");
  auto crowd = Child::start(arguments, {.silent = talk_.json(), .clean_environment = true});
  if (!crowd) return fail(std::move(crowd.error()));
  while (crowd->poll() < 0) {
    if (signals_.wait(milliseconds(20))) crowd->signal(SIGTERM);
  }
  const int code = crowd->wait();
  if (code == 0) return Exit::kDone;
  if (code == static_cast<int>(Exit::kInterrupted)) return Exit::kInterrupted;
  return fail(Code::kFailed, fmt::format("demo: the crowd ended with {}; it says why above", code));
}

std::uint64_t examples_of(const AuditReport& report, std::string_view name) {
  std::uint64_t count = 0;
  for (const Check& check : report.checks)
    count +=
        check.name == name && !check.holds ? std::max<std::size_t>(1, check.examples.size()) : 0;
  return count;
}

// The audit's four numbers in one line, as in the README.
std::string audit_line(const AuditReport& report, const Talk& talk) {
  const AuditSums& sums = report.sums;
  const auto mark = [&](bool holds, const std::string& text) {
    return holds ? talk.good(text) : talk.bad(text);
  };
  const std::uint64_t lost = examples_of(report, "rows-missing") + examples_of(report, "told-won");
  const std::uint64_t twice = examples_of(report, "double") + examples_of(report, "told-twice");
  return fmt::format(
      " audit   {} · {} · {} · {}",
      mark(sums.won <= sums.stock, fmt::format("{} sold ≤ {}", sums.won, sums.stock)),
      mark(sums.pending == 0, counted(sums.stored, "order") + " stored"),
      mark(lost == 0, fmt::format("{} lost", lost)),
      mark(twice == 0, fmt::format("{} double", twice)));
}

Result<Exit> Demo::prove() {
  const auto car = SaleName::from("car");
  const AuditAsk ask{
      .sale = car, .transcript = terms_.out / "transcript.jsonl", .wait = milliseconds(10'000)};
  const auto report = audited(settings_, ask);
  if (!report) return fail(report.error());
  const std::string json = to_json(*report, car);
  if (auto added = add_to_summary(terms_.out, "audit", json); !added)
    return fail(std::move(added.error()));
  if (talk_.json()) {
    talk_.result(json);
    return exit_of(*report);
  }
  talk_.result(audit_line(*report, talk_));
  talk_.result(" report  " + (terms_.out / "report.html").string());
  if (!report->proven()) talk_.result(to_text(*report, ask, talk_));
  if (!terms_.once) {
    talk_.result(
        fmt::format(" again   seckill audit car --journal file:{} \\\n           --transcript {}",
                    settings_.journal_dir.string(), ask.transcript->string()));
  }
  return exit_of(*report);
}

void Demo::stay() {
  talk_.result(
      fmt::format("\nStill serving, and selling 10 phones: {0}/s/phone\n"
                  "Buy one, and watch it at {0}/ops. Press Ctrl-C to end.",
                  url()));
  while (server_->poll() < 0) {
    if (!signals_.wait(milliseconds(200))) continue;
    talk_.say("\nStopping; the temporary directory is removed.");
    server_->signal(SIGTERM);
    server_->wait();
  }
}

Exit run_demo(const Args& args, Talk& talk) {
  auto terms = terms_of(args, talk);
  if (!terms) return talk.fail(terms.error());
  auto directory = TemporaryDirectory::make();
  if (!directory) return talk.fail(directory.error());
  Demo demo(std::move(*terms), talk, std::move(*directory));
  const auto ended = demo.run();
  return ended ? *ended : talk.fail(ended.error());
}

}  // namespace

std::vector<Command> demo_commands() {
  return {
      {.name = "demo",
       .summary = "see it work: a server, 2,000 shoppers at 100 cars, an audit; nothing to set up",
       .examples = {"seckill demo",
                    "seckill demo --once    # end after the report, with the audit's exit code",
                    "seckill demo --users 20k --over 2s --stock 500"},
       .flags = {{"once", "", "end after the report (so it does without a terminal)"},
                 {"users", "N", "shoppers (default 2000)"},
                 {"over", "TIME", "within which they arrive (default 5s)"},
                 {"stock", "N", "cars (default 100)"},
                 {"port", "N", "or the next free one (default 3000)"},
                 {"out", "DIR", "the drill's results (default ./seckill-drill-YYYYMMDD-HHMMSS)"}},
       .run = run_demo}};
}

}  // namespace seckill::app
