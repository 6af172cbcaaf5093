// What the server says of itself: its description is true, its metrics are well-formed, and it
// outlives a shortage of files.
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <sys/resource.h>

#include "http/route.h"
#include "http/test_front.h"

namespace seckill {
namespace {

std::string openapi_file() {
  std::ifstream file(SECKILL_SOURCE_DIR "/src/http/openapi.yaml");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Operation {
  std::string path, method;
  std::set<int> statuses;
};

void take_statuses(const std::string& line, std::set<int>& to) {
  for (auto at = line.find('"'); at != std::string::npos; at = line.find('"', at + 1)) {
    if (at + 4 < line.size() && line[at + 4] == '"' && std::isdigit(line[at + 1]) != 0)
      to.insert(std::stoi(line.substr(at + 1, 3)));
  }
}

// Paths, methods and statuses of our own file: two, four and six blanks deep; `responses` may be an
// anchor or an alias. That much YAML and no more.
std::vector<Operation> operations_of(const std::string& text) {
  std::vector<Operation> found;
  std::map<std::string, std::set<int>> anchors;
  std::string path, anchor;
  bool in_paths = false, in_responses = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != ' ') in_paths = line == "paths:";
    if (!in_paths) continue;
    const auto depth = line.find_first_not_of(' ');
    if (depth == 2) path = line.substr(2, line.size() - 3);
    if (depth == 4) {
      const std::string method = line.substr(4, line.size() - 5);
      if (method == "get" || method == "post" || method == "patch")
        found.push_back({path, method == "get" ? "GET" : method == "post" ? "POST" : "PATCH", {}});
    }
    if (depth <= 6) in_responses = line.substr(depth).starts_with("responses:");
    if (in_responses && depth == 6) {
      const auto mark = line.find_first_of("&*");
      anchor = mark == std::string::npos ? "" : line.substr(mark + 1);
      if (mark != std::string::npos && line[mark] == '*') found.back().statuses = anchors[anchor];
    }
    if (in_responses && (depth == 6 || depth == 8)) {
      take_statuses(line.substr(0, line.find("description")), found.back().statuses);
      if (!anchor.empty()) anchors[anchor] = found.back().statuses;
    }
  }
  return found;
}

// What ends a sale ends one of its own.
std::string filled(std::string path, const std::string& order) {
  const bool ends = path.ends_with("/close") || path.ends_with("/retire");
  const auto fill = [&path](const std::string& name, const std::string& value) {
    if (const auto at = path.find(name); at != std::string::npos)
      path.replace(at, name.size(), value);
  };
  fill("{sale}", ends ? "old" : "car");
  fill("{order}", order);
  fill("{code}", "sold-out");
  return path;
}

std::string body_for(const Operation& operation) {
  const std::string& path = operation.path;
  if (path.ends_with("/pay")) return R"({"payment_id":"p1","amount_minor":990})";
  if (path.ends_with("/restock") || path.ends_with("/withdraw")) return R"({"units":1})";
  if (path.ends_with("/{sale}/orders")) return R"({"buyer":"ann","quantity":1})";
  if (path == "/api/v1/sales") return R"({"id":"new","stock":5})";
  return operation.method == "PATCH" ? R"({"title":"A car"})" : "";
}

Backstage empty_rows() {
  Backstage backstage;
  backstage.list_orders = [](const OrdersListQuery&, const Listed& done) {
    done(std::string(R"({"orders":[],"has_more":false,"as_of":0})"));
  };
  backstage.list_payments = [](const PaymentsListQuery&, const Listed& done) {
    done(std::string(R"({"payments":[],"has_more":false,"as_of":0})"));
  };
  return backstage;
}

// Every operation is there, succeeds when asked rightly, and says only what it is said to say; no
// other method is there; and every route of ours is described.
TEST(Openapi, IsTrue) {
  const std::string text = openapi_file();
  const auto operations = operations_of(text);
  EXPECT_GE(operations.size(), 24u);
  HttpOptions options;
  options.demo_sale = *SaleName::from("demo");
  Front front({terms_of(1, "car", 100, 0, milliseconds(900'000)), terms_of(2, "old", 1),
               terms_of(3, "demo", 9)},
              options, empty_rows());
  Client client(front.port());
  EXPECT_EQ(client.ask(get("/openapi.yaml")).body, text);
  std::map<std::string, std::set<std::string>> methods;
  for (const Operation& operation : operations) {
    SCOPED_TRACE(operation.method + " " + operation.path);
    methods[operation.path].insert(operation.method);
    const std::string key = "k" + std::to_string(methods.size());
    const std::string order = member(client.ask(buy_request("car", "bob", key)).body, "id");
    const std::string path = filled(operation.path, order);
    const std::string etag = client.ask(get("/api/v1/sales/car")).field("etag");
    const std::string match = path.ends_with("/old/close") || path.ends_with("/old/retire")
                                  ? ""
                                  : "If-Match: " + etag + "\r\n";
    const std::string fields = "Idempotency-Key: k\r\n" + match;
    Client fresh(front.port());  // a live stream does not give its connection back
    if (path.ends_with("/events")) {
      EXPECT_EQ(fresh.ask(get(path)).status, 200);
      continue;
    }
    const Reply reply = operation.method == "GET"
                            ? client.ask(get(path))
                            : client.ask(post(path, body_for(operation), fields, operation.method));
    EXPECT_LT(reply.status, 300) << reply.raw;
    EXPECT_TRUE(operation.statuses.contains(reply.status)) << reply.raw;
  }
  for (const auto& [path, allowed] : methods) {
    for (const std::string method : {"GET", "POST", "PATCH", "PUT", "DELETE"}) {
      if (path.ends_with("/events") && method == "GET") continue;
      const Reply reply = client.ask(post(filled(path, std::string(32, 'a')), "", "", method));
      EXPECT_EQ(reply.status == 405, !allowed.contains(method)) << method << " " << path;
    }
  }
  for (std::size_t route = 0; route + 1 < kRoutes; ++route) {
    const std::string pattern(pattern_of(static_cast<Route>(route)));
    const bool described = methods.contains(pattern) || pattern.ends_with("{verb}") ||
                           is_pages(static_cast<Route>(route));
    EXPECT_TRUE(described) << pattern;
  }
}

// Whoever follows a problem's `type` finds what it means. The codes are those of our own sources.
TEST(Service, ExplainsEveryProblem) {
  Front front({terms_of(1, "car", 1)});
  Client client(front.port());
  std::set<std::string> codes;
  for (const char* name : {"/src/http/problem.h", "/src/http/problem.cc"}) {
    std::ifstream file(SECKILL_SOURCE_DIR + std::string(name));
    std::stringstream text;
    text << file.rdbuf();
    // As in {409, "sold-out", …
    const std::string all = text.str();
    for (auto at = all.find(", \""); at != all.npos; at = all.find(", \"", at + 1)) {
      if (at < 4 || all[at - 4] != '{' || std::isdigit(all[at - 1]) == 0) continue;
      codes.insert(all.substr(at + 3, all.find('"', at + 3) - at - 3));
    }
  }
  EXPECT_GE(codes.size(), 35u);
  const Reply all = client.ask(get("/docs/problems"));
  for (const std::string& code : codes) {
    const Reply page = client.ask(get("/docs/problems/" + code));
    EXPECT_EQ(page.status, 200) << code;
    EXPECT_TRUE(page.body.starts_with("## " + code + "\n")) << page.body;
    EXPECT_NE(all.body.find(page.body), std::string::npos) << code;
  }
  const Reply unknown = client.ask(get("/docs/problems/nothing"));
  EXPECT_EQ(client.ask(get(member(unknown.body, "type"))).status, 200) << unknown.body;
}

TEST(Service, ListsItsUrls) {
  Front front({});
  Client client(front.port());
  const Reply index = client.ask(get("/"));
  EXPECT_EQ(index.status, 200);
  for (std::size_t route = 0; route + 1 < kRoutes; ++route) {
    const std::string pattern(pattern_of(static_cast<Route>(route)));
    const bool inner = is_pages(static_cast<Route>(route)) && pattern != "/ops" &&
                       pattern != "/s/{sale}";  // what pages load
    EXPECT_EQ(index.body.find("   " + pattern) == std::string::npos &&
                  index.body.find(" " + pattern) == std::string::npos,
              inner)
        << pattern;
  }
  const Reply time = client.ask(get("/time"));
  EXPECT_NE(member(time.body, "unix_ms"), "");
  EXPECT_EQ(member(time.body, "server_time").size(), 24u);
}

// promtool's opinion of all metrics at once: after wins, refusals, problems, of a sale and of none.
TEST(Metrics, AreWhatPrometheusWants) {
  Front front({terms_of(1, "car", 1), terms_of(2, "phone", 5, 1, milliseconds(900'000))});
  Client client(front.port());
  for (int i = 0; i < 3; ++i) client.ask(kDemoRequest);
  client.ask(buy_request("phone", "ann", "k1"));
  client.ask(buy_request("nothing", "ann", "k1"));
  client.ask(get("/nowhere?x=<script>"));
  const Reply metrics = client.ask(get("/metrics"));
  EXPECT_EQ(metrics.field("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  for (const std::string line :
       {R"(seckill_attempts_total{sale="car",outcome="won"} 1)",
        R"(seckill_attempts_total{sale="car",outcome="sold-out"} 2)",
        R"(seckill_attempts_total{sale="",outcome="unknown-sale"} 1)",
        R"(seckill_stock_remaining{sale="car"} 0)", R"(seckill_stock_initial{sale="phone"} 5)",
        R"(seckill_sale_state{sale="car",state="open"} 1)", "seckill_turn_size_count "})
    EXPECT_NE(metrics.body.find(line), std::string::npos) << line;
  EXPECT_EQ(metrics.body.find("nowhere"), std::string::npos);
  if (std::system("command -v promtool >/dev/null") != 0) GTEST_SKIP() << "no promtool here";
  FILE* promtool = ::popen("promtool check metrics 2>&1", "w");
  ASSERT_NE(promtool, nullptr);
  std::fwrite(metrics.body.data(), 1, metrics.body.size(), promtool);
  EXPECT_EQ(::pclose(promtool), 0);
}

// T36: when there are no more files, whoever comes is told so at once, who is there goes on, and
// afterwards all is as before.
TEST(Listener, OutlivesAShortageOfFiles) {
  Front front({terms_of(1, "car", 100)});
  Client old(front.port());
  EXPECT_EQ(old.ask(kDemoRequest).body, "[99]");
  std::deque<Client> crowd;
  for (int i = 0; i < 3; ++i) crowd.emplace_back(front.port());
  for (Client& client : crowd) EXPECT_EQ(client.ask(get("/livez")).status, 200);
  Client late(front.port());  // connected, and perhaps accepted
  EXPECT_EQ(late.ask(get("/livez")).status, 200);

  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  const int next = ::dup(0);
  ASSERT_GE(next, 0);
  const int ours = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(ours, next + 1);
  ::close(next);  // one is left for our own socket, and the server finds none
  ::close(ours);
  rlimit few = files;
  few.rlim_cur = static_cast<rlim_t>(next) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  {
    Client refused(front.port());
    ASSERT_TRUE(refused.connected());
    const auto reply = refused.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 503);
    EXPECT_TRUE(refused.ended());
    EXPECT_EQ(old.ask(kDemoRequest).body, "[98]");
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_EQ(Client(front.port()).ask(kDemoRequest).body, "[97]");
}

}  // namespace
}  // namespace seckill
