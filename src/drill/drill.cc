#include "drill/drill.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <random>
#include <unistd.h>
#include <utility>

#include "drill/crowd.h"
#include "drill/report.h"
#include "drill/tally.h"
#include "drill/wire.h"
#include "model/text.h"

namespace seckill {
namespace {

constexpr std::uint32_t kConnections =
    1'000;                             // by default: the rest waits its turn, and is counted so
constexpr std::uint32_t kRetries = 3;  // by default, where there is a key
constexpr milliseconds kBurstWarmup{1'000};  // who waits for the hour has the page open
constexpr microseconds kFetchWithin{5'000'000};
constexpr std::size_t kTrack = 20;  // columns of the stock's track

tl::unexpected<Error> invalid(std::string sentence) {
  return fail(Error::Code::kInvalid, "drill: " + std::move(sentence));
}

// ---- options, checked before anything is opened ----

Result<PlanTerms> plan_terms(const DrillOptions& o) {
  PlanTerms terms{.arrival = o.arrival, .double_click = o.double_click};
  if (o.rate && !(*o.rate > 0)) return invalid("--rate must be above 0 arrivals a second");
  if (o.rate && o.users && o.over) {
    return invalid("--users, --over and --rate say the same twice; leave one of them out");
  }
  double users = o.users.value_or(terms.shoppers);
  microseconds over = o.over.value_or(terms.over);
  if (o.rate && o.over) users = std::round(*o.rate * static_cast<double>(over.count()) / 1e6);
  if (o.rate && !o.over) over = microseconds(std::llround(users / *o.rate * 1e6));
  if (users < 1 || users > kShoppersMax) {
    return invalid(fmt::format("{} shoppers are not possible; use 1 to {}", users, kShoppersMax));
  }
  if (over.count() < 0 || over > std::chrono::hours(1))
    return invalid("--over must be within 0s and 1h");
  if (!(o.double_click >= 0 && o.double_click <= 1))
    return invalid("--double-click must be within 0% and 100%");
  terms.shoppers = static_cast<std::uint32_t>(users);
  terms.over = o.arrival == Arrival::kBurst ? microseconds{0} : over;
  terms.seed = o.seed ? *o.seed : std::random_device()();
  return terms;
}

Result<Wire> wire_of(const DrillOptions& o) {
  if (o.sale.empty() == o.url.empty()) return invalid("name one sale, or one http:// URL");
  auto address = address_from(o.url.empty() ? o.server : o.url);
  if (!address) return fail(address.error());
  if (!o.url.empty()) return Wire::demo(*std::move(address));
  if (!SaleName::from(o.sale)) {
    return invalid(fmt::format("'{}' cannot name a sale (letters, digits, _ and -)", o.sale));
  }
  if (address->path != "/")
    return invalid(fmt::format("--server {} has a path; leave it out", o.server));
  return Wire::api(*std::move(address), o.sale);
}

CrowdTerms crowd_terms(const DrillOptions& o, const Plan& plan, bool keyed) {
  const auto clicks = static_cast<std::uint32_t>(plan.clicks.size());
  return {
      .connections = o.connections.value_or(std::min(clicks, kConnections)),
      .retries = o.retries.value_or(keyed ? kRetries : 0),
      .timeout = o.timeout,
      .warmup = o.warmup.value_or(o.arrival == Arrival::kBurst ? kBurstWarmup : milliseconds{0}),
      .allow_remote = o.allow_remote,
      .interrupts = o.interrupts};
}

Result<std::vector<Threshold>> thresholds_of(const DrillOptions& o) {
  std::vector<Threshold> thresholds;
  for (const std::string& text : o.thresholds) {
    auto threshold = threshold_from(text);
    if (!threshold) return fail(threshold.error());
    thresholds.push_back(*std::move(threshold));
  }
  return thresholds;
}

Result<std::filesystem::path> directory_of(const DrillOptions& o) {
  std::error_code ignored;
  if (!o.out.empty()) {
    if (std::filesystem::exists(o.out / "summary.json", ignored)) {
      return invalid(fmt::format("{} holds a drill already; choose another --out", o.out.string()));
    }
    return o.out;
  }
  const std::string name =
      fmt::format("seckill-drill-{:%Y%m%d-%H%M%S}", fmt::localtime(std::time(nullptr)));
  std::filesystem::path path = name;
  for (int n = 2; std::filesystem::exists(path, ignored); ++n) path = fmt::format("{}-{}", name, n);
  return path;
}

// The directory, made before the first connection: a rush whose results cannot be kept is played in
// vain. One that stays empty goes again.
class Results {
 public:
  static Result<Results> make(std::filesystem::path path) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(path, error);
    if (error)
      return invalid(fmt::format("{} cannot be made: {}; choose another --out", path.string(),
                                 error.message()));
    if (::access(path.c_str(), W_OK | X_OK) != 0)
      return invalid(fmt::format("{} cannot be written: {}; choose another --out", path.string(),
                                 std::strerror(errno)));
    return Results(std::move(path), made);
  }
  Results(Results&& other) noexcept
      : path_(std::move(other.path_)), made_(std::exchange(other.made_, false)) {}
  Results& operator=(Results&&) = delete;
  ~Results() {
    std::error_code ignored;  // only an empty one is removed
    if (made_) std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  Results(std::filesystem::path path, bool made) : path_(std::move(path)), made_(made) {}
  std::filesystem::path path_;
  bool made_;
};

// ---- what the server says of itself ----

std::string get(const Address& address, std::string_view path) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", path,
                     address.authority());
}

Result<std::optional<SaleSeen>> look_at_sale(const DrillOptions& o, const Address& address) {
  const auto page =
      fetch(address, get(address, "/api/v1/sales/" + o.sale), kFetchWithin, o.allow_remote);
  if (!page) return fail(page.error());
  if (page->status == 404) {
    return invalid(fmt::format("no sale '{}' at {}; make one: seckill sale create {} --stock 100",
                               o.sale, o.server, o.sale));
  }
  return page->status == 200 ? sale_seen(page->body) : std::nullopt;
}

// A server without metrics is no error: then the report has none.
Metrics look_at_metrics(const DrillOptions& o, const Address& address) {
  const auto page = fetch(address, get(address, "/metrics"), kFetchWithin, o.allow_remote);
  return page && page->status == 200 ? metrics_of(page->body) : Metrics();
}

// ---- the rush ----

std::string title_of(const DrillOptions& o, const Plan& plan, const std::optional<SaleSeen>& sale) {
  const PlanTerms& terms = plan.terms;
  const std::string when =
      terms.arrival == Arrival::kBurst ? "at once" : "over " + human_time(terms.over.count());
  const std::string what = o.sale.empty() ? o.url
                           : sale ? fmt::format("{} of {}", grouped(sale->available), o.sale)
                                  : o.sale;
  const bool jmeter = terms.shoppers == 2'000 && terms.over == std::chrono::seconds(5) &&
                      terms.arrival == Arrival::kRamp && terms.double_click == 0;
  return fmt::format("{} {} rush {}{}", counted(terms.shoppers, "shopper"), when, what,
                     jmeter ? " (the demo's JMeter plan)" : "");
}

Snapshot snapshot_of(const Tally& tally, const Plan& plan, std::string title, std::int64_t at_us) {
  Snapshot now{.title = std::move(title), .at_us = at_us, .shoppers = plan.terms.shoppers};
  now.arrived = tally.arrived();
  now.stock = tally.stock();
  now.remaining = tally.remaining();
  now.sold_out_us = tally.sold_out_us();
  now.won = tally.won();
  now.sold_out = tally.shoppers(Told::kSoldOut);
  now.errors = tally.errors();
  for (const Told told : kAllTold) {
    const bool shown = told == Told::kWon || told == Told::kSoldOut || is_error(told);
    if (!shown && tally.shoppers(told) > 0)
      now.others.emplace_back(to_text(told), tally.shoppers(told));
  }
  now.answered = tally.felt().count();
  now.p50_us = tally.felt().quantile(0.5);
  now.p99_us = tally.felt().quantile(0.99);
  now.max_us = tally.felt().max();
  if (!now.stock || *now.stock == 0) return now;
  // The track shows the fall, not the long evening after it.
  std::int64_t shown = std::max<std::int64_t>(at_us, 1);
  if (now.sold_out_us)
    shown = std::min(shown, std::max<std::int64_t>(*now.sold_out_us, 1) * 20 / 14);
  for (std::size_t i = 1; i <= kTrack; ++i) {
    const auto left = tally.remaining_at(shown * static_cast<std::int64_t>(i) /
                                         static_cast<std::int64_t>(kTrack));
    now.stock_track.push_back(static_cast<double>(*left) / *now.stock);
  }
  return now;
}

// Hears what the crowd hears: keeps it, counts it, shows it.
class Gallery : public Audience {
 public:
  Gallery(const Plan& plan, Tally& tally, View& view, std::string title)
      : plan_(plan), tally_(tally), view_(view), title_(std::move(title)) {
    attempts_.reserve(plan.clicks.size());
  }
  void answered(const Attempt& attempt, std::string_view order, std::string_view reason) override {
    attempts_.push_back(attempt);
    attempts_.back().order = tally_.answered(attempt, order, reason);
  }
  void settled(std::uint32_t click, Told told, std::int64_t at_us, std::uint32_t attempts,
               std::string_view reason) override {
    tally_.settled(click, told, at_us, attempts, reason);
  }
  void tick(std::int64_t at_us) override {
    if (at_us >= 0) view_.show(snapshot_of(tally_, plan_, title_, at_us));
  }
  const std::vector<Attempt>& attempts() const { return attempts_; }

 private:
  const Plan& plan_;
  Tally& tally_;
  View& view_;
  std::string title_;
  std::vector<Attempt> attempts_;
};

void warn_before(const DrillOptions& o, const Plan& plan, const CrowdTerms& terms, bool keyed,
                 View& view) {
  if (!o.seed)
    view.say(fmt::format("drill: seed {} was drawn; --seed {} repeats this plan", plan.terms.seed,
                         plan.terms.seed));
  if (!keyed && (terms.retries > 0 || o.double_click > 0)) {
    view.say(
        "drill: this wire has no key: a retry or a second click is a new ask and may win again");
  }
}

void warn_after(const Run& run, View& view) {
  if (run.crowd_was_the_limit()) {
    view.say(fmt::format(
        "drill: the crowd machine was the limit: {} of {} requests were sent over {} late",
        grouped(run.tally.late()), grouped(run.tally.attempts()), human_time(kLateUs)));
  }
  if (run.tally.duplicates().all() > 0) {
    view.say(
        fmt::format("drill: ✗ {} orders or numbers were told twice", run.tally.duplicates().all()));
  }
}

bool any_verdict(const Tally& tally) {
  return std::any_of(kAllTold.begin(), kAllTold.end(), [&](Told told) {
    return !is_error(told) && told != Told::kBusy && told != Told::kNotSent &&
           tally.clicks(told) > 0;
  });
}

std::string top_error(const Tally& tally) {
  const auto& kinds = tally.error_kinds();
  const auto most = std::max_element(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) {
    return a.second.count < b.second.count;
  });
  if (most == kinds.end() || (tally.errors() == 0 && any_verdict(tally))) return "";
  return fmt::format("{} × {}", grouped(most->second.count), most->first);
}

Result<DrillResult> finish(const DrillOptions& o, const Run& run,
                           const std::filesystem::path& directory, const std::string& title,
                           View& view) {
  view.done();
  warn_after(run, view);
  if (Status written = write_run(directory, run); !written) return fail(written.error());
  const Status put = put_into_summary(directory, "last", last_before(directory));
  if (!put) return fail(put.error());
  if (Status drawn = o.page ? draw_report(directory) : Status(); !drawn) return fail(drawn.error());
  auto summary = file_text(directory / "summary.json");
  if (!summary) return fail(summary.error());
  DrillResult result{.directory = directory,
                     .summary = *std::move(summary),
                     .thresholds = run.thresholds,
                     .passed = run.passed(),
                     .interrupted = run.end.interrupted,
                     .won = run.tally.won(),
                     .errors = run.tally.errors(),
                     .told_twice = run.tally.duplicates().all(),
                     .stock = run.tally.stock(),
                     .any_verdict = any_verdict(run.tally),
                     .top_error = top_error(run.tally)};
  for (const std::string& line :
       picture_of(snapshot_of(run.tally, run.plan, title, run.end.lasted_us), o.color)) {
    result.picture += line + "\n";
  }
  auto text = report_text(result.summary);
  if (!text) return fail(text.error());
  result.text = *std::move(text);
  return result;
}

}  // namespace

Result<DrillResult> run_drill(const DrillOptions& o, View& view) {
  const auto plan_wanted = plan_terms(o);
  if (!plan_wanted) return fail(plan_wanted.error());
  const auto wire = wire_of(o);
  if (!wire) return fail(wire.error());
  const auto thresholds = thresholds_of(o);
  if (!thresholds) return fail(thresholds.error());
  auto directory = directory_of(o);
  if (!directory) return fail(directory.error());
  const auto results = Results::make(*std::move(directory));
  if (!results) return fail(results.error());

  std::optional<SaleSeen> before, after;
  Metrics metrics_before, metrics_after;
  if (wire->keyed()) {
    auto sale = look_at_sale(o, wire->address());
    if (!sale) return fail(sale.error());
    before = *sale;
    metrics_before = look_at_metrics(o, wire->address());
  }
  const Plan plan = plan_of(*plan_wanted);
  const CrowdTerms terms = crowd_terms(o, plan, wire->keyed());
  warn_before(o, plan, terms, wire->keyed(), view);
  Tally tally(plan, wire->keyed(), before ? std::optional(before->available) : std::nullopt);
  const std::string title = title_of(o, plan, before);
  Gallery gallery(plan, tally, view, title);
  const auto end = play(plan, *wire, terms, gallery);
  if (!end) return fail(end.error());

  if (wire->keyed()) {
    if (auto sale = look_at_sale(o, wire->address()))
      after = *sale;  // the server may be gone by now
    metrics_after = look_at_metrics(o, wire->address());
  }
  Run run{.plan = plan,
          .wire = *wire,
          .terms = terms,
          .end = *end,
          .tally = tally,
          .attempts = gallery.attempts(),
          .sale = o.sale,
          .url = o.url.empty() ? o.server : o.url,
          .command = o.command,
          .version = o.version,
          .before = before,
          .after = after,
          .metrics_before = metrics_before,
          .metrics_after = metrics_after,
          .figures = figures_of(tally, end->lasted_us,
                                after ? std::optional(after->available) : std::nullopt)};
  for (const Threshold& threshold : *thresholds) {
    run.thresholds.push_back(judge_threshold(threshold, run.figures));
  }
  return finish(o, run, results->path(), title, view);
}

}  // namespace seckill
