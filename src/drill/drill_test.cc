#include "drill/drill.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <unistd.h>

#include "drill/report.h"
#include "drill/toy_shop.h"

namespace seckill {
namespace {

using nlohmann::json;

struct Room {
  Room() : path(std::filesystem::temp_directory_path() / fmt::format("drill_test.{}", ::getpid())) {
    std::filesystem::remove_all(path);
  }
  ~Room() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

struct Ear : View {
  void show(const Snapshot& now) override { last = now; }
  void say(std::string_view sentence) override { said += std::string(sentence) + "\n"; }
  void done() override {}
  Snapshot last;
  std::string said;
};

DrillOptions rush(const ToyShop& shop, const Room& room, const char* name) {
  DrillOptions options;
  options.server = shop.url();
  options.sale = "car";
  options.users = 300;
  options.over = milliseconds(300);
  options.seed = 5;
  options.out = room.path / name;
  return options;
}

std::vector<json> lines_of(const std::filesystem::path& file) {
  std::vector<json> lines;
  std::string text = file_text(file).value();
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    lines.push_back(json::parse(text.substr(at, end - at)));
  }
  return lines;
}

// The whole: a crowd, its files, its verdict.
TEST(Drill, RushesASaleAndWritesItDown) {
  const ToyShop shop(honest(40));
  const Room room;
  DrillOptions options = rush(shop, room, "a");
  options.double_click = 0.2;
  options.thresholds = {"errors==0", "won==40", "left==0", "told_twice==0", "p99<1us"};
  Ear ear;
  const auto result = run_drill(options, ear);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->won, 40u);
  EXPECT_EQ(result->errors, 0u);
  EXPECT_FALSE(result->passed);
  ASSERT_EQ(result->thresholds.size(), 5u);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_TRUE(result->thresholds[i].passed) << options.thresholds[i];
  EXPECT_FALSE(result->thresholds[4].passed);
  EXPECT_NE(result->picture.find("rush 40 of car\n"), std::string::npos) << result->picture;
  EXPECT_NE(result->picture.find("0 of 40"), std::string::npos) << result->picture;

  const json summary = json::parse(result->summary);
  EXPECT_EQ(summary, json::parse(file_text(options.out / "summary.json").value()));
  EXPECT_EQ(summary["format"], 1);
  EXPECT_EQ(summary["conditions"]["seed"], 5);
  EXPECT_EQ(summary["conditions"]["clicks"], 360);
  EXPECT_EQ(summary["stock"]["sale_before"]["available"], 40);
  EXPECT_EQ(summary["stock"]["sale_after"]["available"], 0);
  EXPECT_EQ(summary["latency"]["felt"]["all"]["count"], 360);
  EXPECT_EQ(summary["outcomes"]["final"]["won"]["shoppers"], 40);
  EXPECT_EQ(summary["fairness"]["by_arrival"].size(), 10u);
  EXPECT_EQ(summary["server"]["seckill_stock_remaining{sale=\"car\"}"]["after"], 0);
  const auto& timeline = summary["timeline"];
  EXPECT_EQ(timeline["won"].size(), timeline["heat"].size());
  std::uint64_t won = 0;
  for (const json& slice : timeline["won"]) won += slice.get<std::uint64_t>();
  EXPECT_EQ(won, 40u);
  EXPECT_EQ(file_text(options.out / "latency.hgrm")->find("       Value"), 0u);
}

// The transcript is what the audit believes: every attempt, with all its fields and no others.
TEST(Drill, TranscribesEveryAttempt) {
  const ToyShop shop(honest(10));
  const Room room;
  Ear ear;
  const auto result = run_drill(rush(shop, room, "a"), ear);
  ASSERT_TRUE(result);
  const std::vector<json> lines = lines_of(result->directory / "transcript.jsonl");
  ASSERT_EQ(lines.size(), 300u);
  std::set<std::string> orders;
  for (const json& line : lines) {
    ASSERT_EQ(line.size(), 9u) << line;
    const auto n = line["n"].get<std::uint32_t>();
    EXPECT_EQ(line["attempt"], 1);
    EXPECT_EQ(line["buyer"], fmt::format("u{}", n));
    EXPECT_EQ(line["key"], key_of(5, n - 1));
    EXPECT_LE(line["sent_at"].get<std::string>(), line["answered_at"].get<std::string>());
    EXPECT_EQ(line["sent_at"].get<std::string>().size(), 27u) << line["sent_at"];
    if (line["outcome"] == "won") {
      EXPECT_EQ(line["status"], 201);
      orders.insert(line["order_id"].get<std::string>());
    } else {
      EXPECT_EQ(line["outcome"], "sold-out");
      EXPECT_TRUE(line["order_id"].is_null());
    }
  }
  EXPECT_EQ(orders.size(), 10u);
  const std::string requests = file_text(result->directory / "requests.csv").value();
  EXPECT_EQ(std::count(requests.begin(), requests.end(), '\n'), 301);
  const std::string jtl = file_text(result->directory / "results.jtl").value();
  EXPECT_EQ(std::count(jtl.begin(), jtl.end(), '\n'), 301);
  const auto commas = [](std::string_view line) {
    return std::count(line.begin(), line.end(), ',');
  };
  EXPECT_EQ(commas(jtl.substr(0, jtl.find('\n'))),
            commas(jtl.substr(jtl.rfind('\n', jtl.size() - 2))));
}

TEST(Drill, RushesAnyUrlOfTheDemosWire) {
  const ToyShop shop(honest(7));
  const Room room;
  DrillOptions options = rush(shop, room, "a");
  options.sale.clear();
  options.url = shop.url("/seckill/seckill");
  options.retries = 1;
  Ear ear;
  const auto result = run_drill(options, ear);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->won, 7u);
  EXPECT_EQ(result->stock, 7u);
  EXPECT_NE(ear.said.find("no key"), std::string::npos);
  EXPECT_TRUE(result->passed) << "nothing was demanded";
}

// Told again from its files, and two runs side by side.
TEST(Drill, IsToldAgainAndCompared) {
  const ToyShop shop(honest(20));
  const Room room;
  Ear ear;
  const auto a = run_drill(rush(shop, room, "a"), ear);
  DrillOptions other = rush(shop, room, "b");
  other.users = 200;
  const auto b = run_drill(other, ear);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(drill_report(a->directory).value(), a->text);
  for (const char* part :
       {"✓ The sale held", "Measured on ", "thresholds ", "conditions ", "stock ", "funnel ",
        "latency ", "pace ", "outcomes ", "fairness ", "audit "}) {
    EXPECT_NE(a->text.find(part), std::string::npos) << part;
  }
  const std::string compared = drill_compare(a->directory, b->directory).value();
  EXPECT_NE(compared.find("! other conditions: shoppers was 300, is 200"), std::string::npos);
  EXPECT_NE(compared.find("the spread"), std::string::npos) << compared;
  EXPECT_EQ(drill_report(room.path / "none").error().code, Error::Code::kInvalid);
}

TEST(Drill, TakesTheAuditsTable) {
  const ToyShop shop(honest(1));
  const Room room;
  Ear ear;
  const auto result = run_drill(rush(shop, room, "a"), ear);
  ASSERT_TRUE(result);
  ASSERT_TRUE(add_to_summary(result->directory, "audit",
                             R"([{"name":"oversold","holds":true,"says":"1 sold <= 1"}])"));
  EXPECT_NE(drill_report(result->directory)->find("✓ oversold: 1 sold <= 1"), std::string::npos);
  EXPECT_FALSE(add_to_summary(result->directory, "audit", "{"));
}

// A server that sells one order to everybody, and one that gives two orders to a key.
TEST(Drill, NoticesAServerThatLies) {
  int n = 0;
  const ToyShop shop([&n](const ToyAsk& ask) -> ToyAnswer {
    if (ask.method == "GET") return {toy_reply(200, R"({"stock":5,"available":5})")};
    return {toy_reply(201, fmt::format(R"({{"id":"{:032x}","state":"held"}})", ++n / 2))};
  });
  const Room room;
  DrillOptions options = rush(shop, room, "a");
  options.users = 20;
  options.thresholds = {"told_twice==0", "won<=5"};
  Ear ear;
  const auto result = run_drill(options, ear);
  ASSERT_TRUE(result);
  EXPECT_GT(result->told_twice, 0u);
  EXPECT_FALSE(result->passed);
  EXPECT_NE(ear.said.find("told twice"), std::string::npos);
}

// Interrupted, it still reports.
TEST(Drill, ReportsWhatWasPlayedUntilTheInterrupt) {
  const ToyShop shop(honest(1'000));
  const Room room;
  std::atomic<int> interrupts = 1;
  DrillOptions options = rush(shop, room, "a");
  options.over = milliseconds(60'000);
  options.interrupts = &interrupts;
  Ear ear;
  const auto result = run_drill(options, ear);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->interrupted);
  EXPECT_TRUE(std::filesystem::exists(options.out / "summary.json"));
  EXPECT_NE(result->text.find("interrupted"), std::string::npos);
}

// Who waits for the hour has the page open: a burst finds its connections made, by GETs.
TEST(Drill, OpensItsConnectionsBeforeABurst) {
  const ToyShop shop(honest(5));
  const Room room;
  DrillOptions options = rush(shop, room, "a");
  options.users = 20;
  options.arrival = Arrival::kBurst;
  Ear ear;
  const auto result = run_drill(options, ear);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->won, 5u);
  const std::vector<ToyAsk> asked = shop.asked();
  EXPECT_EQ(std::count_if(asked.begin(), asked.end(),
                          [](const ToyAsk& ask) { return ask.path == "/api/v1/sales/car"; }),
            20 + 2);  // one a connection, and what there was before and after
}

// Every wrong option is said before anything is sent.
TEST(Drill, ChecksItsOptionsFirst) {
  const ToyShop shop(honest(1));
  const Room room;
  const auto refused = [&](auto change, std::string_view part) {
    DrillOptions options = rush(shop, room, "a");
    change(options);
    Ear ear;
    const auto result = run_drill(options, ear);
    ASSERT_FALSE(result) << part;
    EXPECT_EQ(result.error().code, Error::Code::kInvalid) << result.error().message;
    EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
  };
  refused([](DrillOptions& o) { o.users = 0; }, "shoppers");
  refused([](DrillOptions& o) { o.users = 2'000'001; }, "shoppers");
  refused([](DrillOptions& o) { o.rate = 10; }, "say the same twice");
  refused([](DrillOptions& o) { o.rate = -1; }, "--rate");
  refused([](DrillOptions& o) { o.over = std::chrono::hours(2); }, "--over");
  refused([](DrillOptions& o) { o.double_click = 2; }, "--double-click");
  refused([](DrillOptions& o) { o.sale = "a b"; }, "cannot name a sale");
  refused([](DrillOptions& o) { o.url = "http://127.0.0.1:1/"; }, "name one sale");
  refused([](DrillOptions& o) { o.server = "127.0.0.1"; }, "not a http URL");
  refused([](DrillOptions& o) { o.server += "/shop"; }, "has a path");
  refused([](DrillOptions& o) { o.thresholds = {"p99"}; }, "no comparison");
  refused([](DrillOptions& o) { o.connections = 30'000'000; }, "open files");
  refused([](DrillOptions& o) { o.connections = 0; }, "--connections");
  const std::vector<ToyAsk> asked = shop.asked();
  EXPECT_TRUE(std::none_of(asked.begin(), asked.end(),
                           [](const ToyAsk& ask) { return ask.method == "POST"; }));
}

TEST(Drill, UsersOverAndRateAreOneChoiceOfTwo) {
  const ToyShop shop(honest(0));
  const Room room;
  DrillOptions options = rush(shop, room, "a");
  options.users.reset();
  options.rate = 500;
  Ear ear;
  EXPECT_EQ(json::parse(run_drill(options, ear)->summary)["conditions"]["shoppers"], 150);
  options.out = room.path / "b";
  options.users = 100;
  options.over.reset();
  EXPECT_EQ(json::parse(run_drill(options, ear)->summary)["conditions"]["over_us"], 200'000);
}

TEST(Drill, SaysThatThereIsNoSuchSaleAndNobodyThere) {
  const Room room;
  Ear ear;
  std::optional<ToyShop> shop(std::in_place, [](const ToyAsk&) -> ToyAnswer {
    return {toy_reply(404, R"({"code":"unknown-sale"})")};
  });
  const DrillOptions options = rush(*shop, room, "a");
  const auto unknown = run_drill(options, ear);
  EXPECT_EQ(unknown.error().code, Error::Code::kInvalid);
  EXPECT_NE(unknown.error().message.find("seckill sale create car"), std::string::npos);
  shop.reset();
  EXPECT_EQ(run_drill(options, ear).error().code, Error::Code::kUnavailable);
}

TEST(Drill, ReadsMetricsButNotTheirBuckets) {
  const Metrics metrics = metrics_of(
      "# HELP seckill_x y\nseckill_x{sale=\"a b\"} 3\nseckill_d_bucket{le=\"1\"} 9\nseckill_d_sum "
      "0.5\n"
      "go_x 1\nseckill_bad x\nprocess_cpu_seconds_total 1e2");
  EXPECT_EQ(metrics, (Metrics{{"process_cpu_seconds_total", 100},
                              {"seckill_d_sum", 0.5},
                              {"seckill_x{sale=\"a b\"}", 3}}));
}

// The directory comes before the first connection: a rush that cannot be kept is not played.
TEST(Drill, AsksNobodyWhenResultsCannotBeKept) {
  const ToyShop shop(honest(40));
  const Room room;
  std::filesystem::create_directory(room.path);
  ASSERT_TRUE(write_file(room.path / "file", "x"));
  DrillOptions options = rush(shop, room, "file/below");
  Ear ear;
  const auto result = run_drill(options, ear);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Error::Code::kInvalid) << result.error().message;
  EXPECT_TRUE(shop.asked().empty());
}

TEST(Drill, LeavesNoDirectoryWithoutARush) {
  const Room room;
  DrillOptions options;
  options.server = "http://127.0.0.1:1";
  options.sale = "car";
  options.out = room.path / "a";
  Ear ear;
  EXPECT_FALSE(run_drill(options, ear));
  EXPECT_FALSE(std::filesystem::exists(room.path / "a"));
}

TEST(Drill, SaysWhyNobodyGotAVerdict) {
  const ToyShop shop([](const ToyAsk&) { return ToyAnswer{.bytes = toy_reply(500, "broken")}; });
  const Room room;
  DrillOptions options = rush(shop, room, "a");
  options.sale.clear();
  options.url = shop.url("/seckill");
  Ear ear;
  const auto result = run_drill(options, ear);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->any_verdict);
  EXPECT_EQ(result->top_error, "300 × 500 broken");
}

}  // namespace
}  // namespace seckill
