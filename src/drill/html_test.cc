#include "drill/html.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "drill/drill.h"
#include "drill/findings.h"
#include "drill/report.h"
#include "drill/svg.h"
#include "drill/toy_shop.h"
#include "support/temp_dir.h"

namespace seckill {
namespace {

struct Deaf : View {
  void show(const Snapshot&) override {}
  void say(std::string_view) override {}
  void done() override {}
};

DrillOptions rush(const ToyShop& shop, const std::filesystem::path& out) {
  DrillOptions options;
  options.server = shop.url();
  options.sale = "car";
  options.users = 300;
  options.over = milliseconds(300);
  options.double_click = 0.2;
  options.seed = 5;
  options.out = out;
  return options;
}

std::string page_of(const std::filesystem::path& directory) {
  return file_text(directory / "report.html").value();
}

Json run_of(const std::filesystem::path& directory) {
  return read_summary(file_text(directory / "summary.json").value()).value();
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string unescaped(std::string text) {
  const std::pair<const char*, const char*> kNames[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}};
  for (const auto& [name, character] : kNames) {
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos; ++at)
      text.replace(at, std::string_view(name).size(), character);
  }
  return text;
}

// What stands between two marks, at each place where the first one is.
std::vector<std::string> each_between(const std::string& text, std::string_view from,
                                      std::string_view to) {
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
    at += from.size();
    found.push_back(text.substr(at, text.find(to, at) - at));
  }
  return found;
}

// Promise 2, for every figure of a whole run: the value and its text are those of summary.json.
TEST(Html, FiguresAreThoseOfTheSummary) {
  const ToyShop shop(honest(40));
  const TempDir room;
  Deaf deaf;
  DrillOptions options = rush(shop, room.path() / "a");
  options.thresholds = {"p99<1s", "won==40"};
  ASSERT_TRUE(run_drill(options, deaf));
  options.out = room.path() / "b";
  ASSERT_TRUE(run_drill(options, deaf));
  const Json run = run_of(options.out);
  const auto figures = each_between(page_of(options.out), "<data data-of=\"", "</data>");
  EXPECT_GT(figures.size(), 150u);
  EXPECT_EQ(run["last"]["directory"], "a");
  for (const std::string& figure : figures) {
    const std::string pointer = unescaped(figure.substr(0, figure.find('"')));
    const std::string value = each_between(figure, "value=\"", "\"").at(0);
    const Json& there = run.at(Json::json_pointer(pointer));
    EXPECT_EQ(there.dump(), value) << pointer;
    const std::string shown = figure.substr(figure.find('>') + 1);
    const bool known = shown == text(there) || shown == text(there, "us") ||
                       shown == text(there, "share") || shown == text(there, "per_second") ||
                       shown == there.dump() || shown.ends_with(" MB");
    EXPECT_TRUE(known) << pointer << ": " << value << " is shown as " << shown;
  }
}

// Eleven parts, in their order; tags are closed in the order in which they were opened.
TEST(Html, HasItsPartsAndIsWellFormed) {
  const ToyShop shop(honest(40));
  const TempDir room;
  Deaf deaf;
  const auto result = run_drill(rush(shop, room.path() / "a"), deaf);
  ASSERT_TRUE(result);
  const std::string page = page_of(result->directory);
  EXPECT_EQ(each_between(page, "</span>", "</h2>").size() > 10, true);
  std::vector<std::string> parts;
  for (const std::string& head : each_between(page, "<h2><span>", "</h2>")) parts.push_back(head);
  EXPECT_EQ(parts, (std::vector<std::string>{"1</span>Thresholds", "2</span>Conditions",
                                             "3</span>Stock", "4</span>Funnel", "5</span>Latency",
                                             "6</span>Pace of the crowd", "7</span>Outcomes",
                                             "8</span>Fairness", "9</span>Server side",
                                             "10</span>Audit", "11</span>Against the last run"}));
  const std::string first = each_between(page, "<h1>", "</h1>").at(0);
  EXPECT_TRUE(has(first, "The sale held as far as its crowd can see: 40 of 40 sold")) << first;
  EXPECT_TRUE(has(first, "Measured on ") && has(first, "same machine")) << first;
  EXPECT_EQ(each_between(page, "<svg ", ">").size(), 8u);
  for (const std::string& svg : each_between(page, "<svg ", ">"))
    EXPECT_TRUE(has(svg, "role=\"img\" aria-label=\"")) << svg;

  std::vector<std::string> open;
  for (const std::string& tag : each_between(page.substr(page.find("<html")), "<", ">")) {
    const std::string name = tag.substr(0, tag.find_first_of(" \n"));
    if (tag.ends_with('/') || name == "meta" || name == "br") continue;
    if (!name.starts_with('/')) {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty()) << tag;
    EXPECT_EQ("/" + open.back(), name);
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

// Promise 1: nothing in it names anything outside of it.
TEST(Html, LoadsAndRunsNothing) {
  const ToyShop shop(honest(4));
  const TempDir room;
  Deaf deaf;
  const auto result = run_drill(rush(shop, room.path() / "a"), deaf);
  ASSERT_TRUE(result);
  const std::string page = page_of(result->directory);
  for (const char* part : {"<script", "<link", "<img", "<iframe", "src=", "href=", "url(",
                           "@import", " onload", " onclick"})
    EXPECT_FALSE(has(page, part)) << part;
  EXPECT_TRUE(has(page, "Content-Security-Policy\" content=\"default-src 'none'"));
  EXPECT_LT(page.size(), 200u << 10);
}

// Promise 3: a server's texts reach the page, and stay texts.
TEST(Html, EscapesWhatTheServerSays) {
  int looks = 0;
  const ToyShop shop([&looks](const ToyAsk& ask) -> ToyAnswer {
    if (ask.path == "/metrics")
      return {toy_reply(200, fmt::format("seckill_x{{a=\"<img src=x>\"}} {}\n", ++looks))};
    return {toy_reply(500, "<script>alert('&')</script>\x01")};
  });
  const TempDir room;
  Deaf deaf;
  DrillOptions options = rush(shop, room.path() / "a");
  options.command = "seckill drill car --out '<b>\"x\"'";
  const auto result = run_drill(options, deaf);
  ASSERT_TRUE(result) << result.error().message;
  const std::string page = page_of(options.out);
  EXPECT_FALSE(has(page, "<script") || has(page, "<img") || has(page, "<b>\"x"));
  EXPECT_TRUE(has(page, "500 &lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"));
  EXPECT_TRUE(has(page, "seckill_x{a=&quot;&lt;img src=x&gt;&quot;}"));
  EXPECT_TRUE(has(page, "Nobody got a verdict"));
}

// Promise 4; and the audit's table arrives in the page when it is put into the summary.
TEST(Html, IsDrawnAgain) {
  const ToyShop shop(honest(40));
  const TempDir room;
  Deaf deaf;
  const auto result = run_drill(rush(shop, room.path() / "a"), deaf);
  ASSERT_TRUE(result);
  const std::string page = page_of(result->directory);
  EXPECT_TRUE(has(page, "Not audited yet"));
  std::filesystem::remove(result->directory / "report.html");
  ASSERT_TRUE(draw_report(result->directory));
  EXPECT_EQ(page_of(result->directory), page);
  ASSERT_TRUE(add_to_summary(
      result->directory, "audit",
      R"({"proven":true,"violated":false,"checks":[{"name":"oversold","holds":true,"says":"40 <= 40","weight":"violation"}]})"));
  const std::string audited = page_of(result->directory);
  EXPECT_TRUE(
      has(audited, "The sale held: 40 of 40 sold, none twice; proven by the audit, 1 of 1"));
  EXPECT_TRUE(has(audited, "40 &lt;= 40"));
}

// Part 11 finds the run before this one: of the same plan, beside it, and no later one.
TEST(Html, ComparesWithTheLastRunOfTheSamePlan) {
  const ToyShop shop(honest(1'000'000));
  const TempDir room;
  Deaf deaf;
  DrillOptions options = rush(shop, room.path() / "1");
  ASSERT_TRUE(run_drill(options, deaf));
  EXPECT_TRUE(run_of(options.out)["last"].is_null());
  options.out = room.path() / "other";
  options.users = 200;
  ASSERT_TRUE(run_drill(options, deaf));
  EXPECT_TRUE(run_of(options.out)["last"].is_null()) << "another plan";
  options.users = 300;
  for (const char* name : {"2", "3"}) {
    options.out = room.path() / name;
    ASSERT_TRUE(run_drill(options, deaf));
  }
  const Json run = run_of(options.out);
  EXPECT_EQ(run["last"]["directory"], "2");
  EXPECT_EQ(run["last"]["figures"], run_of(room.path() / "2")["figures"]);
  EXPECT_EQ(run_of(room.path() / "2")["last"]["directory"], "1");
  EXPECT_TRUE(has(page_of(options.out), "the dot is the whole run"));
}

// A summary of another time, or of a bad day, still gives a page.
TEST(Html, TellsWhatThereIs) {
  const std::string page = report_html(R"({"format":1})").value();
  EXPECT_TRUE(has(page, "Nobody got a verdict"));
  EXPECT_EQ(report_html("{}").error().code, Error::Code::kInvalid);
  EXPECT_TRUE(
      has(report_html(R"({"format":1,"pace":{"crowd_was_the_limit":true,"late":7}})").value(),
          "<strong>The crowd machine was the limit.</strong> <data data-of=\"/pace/late\" "
          "value=\"7\">7</data> of – requests"));
  EXPECT_TRUE(has(report_html(R"({"format":1,"verdict":{"interrupted":true}})").value(),
                  "interrupted before its end"));
}

TEST(Findings, SayWhetherTheSaleHeld) {
  const auto held = [](std::string_view members) {
    return holding_of(read_summary(fmt::format(R"({{"format":1,{}}})", members)).value());
  };
  const std::string sold =
      R"("stock":{"at_start":5},"funnel":{"won":5},"outcomes":{"final":{"won":{"clicks":5}}})";
  EXPECT_EQ(held(sold).held, Held::kSeen);
  EXPECT_EQ(
      held(sold + R"(,"figures":{"errors":{"value":3}})").sentence,
      "The sale held as far as its crowd can see: 5 of 5 sold, none twice, but 3 clicks heard "
      "no verdict. No audit yet.");
  EXPECT_EQ(held(sold + R"(,"fairness":{"told_twice":{"order_told_to_two":1}})").held,
            Held::kBroken);
  EXPECT_EQ(held(R"("stock":{"at_start":5},"funnel":{"won":6})").sentence,
            "The sale did not hold: 6 of 5 sold.");
  // The same seed again: its buyers are told of the orders they have.
  const std::string again =
      R"("stock":{"at_start":2,"sale_before":{"stock":5,"orders":3}},"outcomes":{"final":{"won":{"clicks":5}}})";
  EXPECT_EQ(held(again + R"(,"funnel":{"won":5})").sentence,
            "The sale held as far as its crowd can see: 5 of 5 sold, none twice. No audit yet.");
  EXPECT_EQ(held(again + R"(,"funnel":{"won":6})").held, Held::kBroken);
  const auto audit = [&](const char* proven, const char* violated) {
    return held(sold + fmt::format(R"(,"audit":{{"proven":{},"violated":{},"checks":[)"
                                   R"({{"name":"double","holds":false,"says":"unit 3 twice"}}]}})",
                                   proven, violated));
  };
  EXPECT_EQ(audit("false", "true").sentence,
            "The sale did not hold: the audit found that double is broken: unit 3 twice.");
  EXPECT_EQ(audit("false", "false").held, Held::kUnproven);
  EXPECT_EQ(held(R"("outcomes":{"final":{"error":{"clicks":5}}})").held, Held::kNoVerdict);
}

TEST(Findings, PointersFollowRfc6901) {
  EXPECT_EQ(pointer_of({"server", "a/b~c"}), "/server/a~1b~0c");
  const Json json = Json::parse(R"({"a":[{"b":7}]})");
  EXPECT_EQ(at(json, {"a", "0", "b"}), 7);
  for (const char* wrong : {"1", "-1", "x", "0x"}) EXPECT_TRUE(at(json, {"a", wrong}).is_null());
}

TEST(Svg, PlacesValues) {
  const Axis straight = Axis::straight(0, 100, 200, 0);
  EXPECT_EQ(straight.place(50), 100);
  EXPECT_EQ(straight.place(1e9), 0) << "nothing leaves the picture";
  EXPECT_EQ(straight.ticks(4), (std::vector<double>{0, 50, 100}));
  const Axis by_logarithm = Axis::by_logarithm(1, 10'000, 0, 400);
  EXPECT_EQ(by_logarithm.place(100), 200);
  EXPECT_EQ(by_logarithm.ticks(9), (std::vector<double>{1, 10, 100, 1'000, 10'000}));
  EXPECT_FALSE(Axis::straight(3, 3, 0, 1).ticks(4).empty()) << "no room is made";
}

}  // namespace
}  // namespace seckill
