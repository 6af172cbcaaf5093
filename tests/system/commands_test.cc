// The command line: exit codes, words, streams; secrets in none of them; demo from start to end.
#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/file_disk.h"
#include "journal/file_reader.h"
#include "system/binary.h"

namespace seckill::testing {
namespace {

namespace fs = std::filesystem;

struct Typo {
  std::vector<std::string> typed;
  int code;
  const char* words;
};

TEST(Commands, ErrorsSayWhatAndWhatWasMeant) {
  const TempDir dir;
  const Typo all[] = {
      {{"srve"}, 2, "did you mean seckill serve?"},
      {{"sale", "creat"}, 2, "did you mean seckill sale create?"},
      {{"sale"}, 2, "seckill: sale needs a verb; as in\n  seckill sale create car"},
      {{"--hlep"}, 2, "unknown flag --hlep; did you mean --help?"},
      {{"sale", "create", "car", "--stok", "3"}, 2, "did you mean --stock?"},
      {{"sale", "create"}, 2, "as in: seckill sale create car --stock 100"},
      {{"sale", "create", "car"}, 2, "needs --stock"},
      {{"sale", "create", "a b", "--stock", "1"}, 2, "is no sale's name"},
      {{"sale", "create", "car", "--stock", "ten"}, 2, "--stock \"ten\" is no count"},
      {{"sale", "create", "car", "--stock", "1", "--price", "1.234CNY"}, 2, "CNY has 2 digits"},
      {{"sale", "retire", "car"}, 2, "add --yes"},
      {{"sale", "list", "--server", "http://127.0.0.1:1"}, 3, "is `seckill serve` running?"},
      {{"sale", "list", "--server", "https://127.0.0.1"}, 2, "https:// is not in this build"},
      {{"drill", "car", "--server", "http://127.0.0.1:1", "--users", "1"}, 3, "127.0.0.1:1"},
      {{"drill", "car", "--threshold", "p77<1ms", "--server", "http://127.0.0.1:1"}, 2, "p77"},
      {{"serve", "--counter", "rediss://x"}, 2, "needs TLS"},
      {{"serve", "--listen", "3000"}, 2, "as in 127.0.0.1:3000"},
      {{"serve", "--listen", "192.0.2.1:3000"}, 2, "cannot listen there"},
      {{"serve", "--log-format", "xml"}, 2, "text or json"},
      {{"audit", "--journal", "file:nowhere"}, 2, "nowhere"},
      {{"journal", "verify", "--journal", "file:nowhere"}, 2, "nowhere"},
      {{"doctor", "--only", "prot"}, 2, "did you mean port?"},
      {{"completion", "cmd"}, 2, "bash, zsh or fish"},
      {{"orders", "pay", std::string(32, '0'), "--payment", "P1"}, 2, "--payment P1 --amount 990"},
      {{"drill", "car", "--users", "4294967297"}, 2, "--users 4294967297 is too large"},
      {{"drill", "car", "--retries", "4294967296"}, 2, "--retries 4294967296 is too large"},
      {{"drill", "localhost:3000/x"}, 2, "write http://localhost:3000/x"},
      {{"drill", "car", "--double-click", "150%"}, 2, "at most 100%"},
      {{"drill", "car", "--server", "127.0.0.1:1", "--users", "1"}, 3, "127.0.0.1:1"},
      {{"sale", "create", "car", "--stock"}, 2, "--stock needs N: units on sale"},
      {{"sale", "withdraw", "car", "10"}, 2, "withdraw 10 units of car"},
      {{"config", "check", "-c", "."}, 2, "is a directory"},
      {{"demo", "--users", "0"}, 2, "use 1 to"},
      {{"doctor", "--only", ","}, 2, "as in --only port,flush"},
      {{"version", "--json=3"}, 2, "--json takes no value"},
      {{"help", "adit"}, 2, "did you mean seckill help audit?"},
  };
  for (const Typo& typo : all) {
    const Ran ran = run(dir.path(), typo.typed);
    SCOPED_TRACE(typo.typed[0] + " … " + typo.typed.back());
    EXPECT_EQ(ran.code, typo.code) << ran.err;
    EXPECT_NE(ran.err.find(typo.words), std::string::npos) << ran.err;
    EXPECT_EQ(ran.out, "") << "stdout is for results";
  }
  EXPECT_FALSE(fs::exists(dir.path() / "seckill-data")) << "a command that fails makes nothing";
}

TEST(Commands, HelpBeginsWithExamples) {
  const TempDir dir;
  EXPECT_EQ(run(dir.path(), {}).out.find("seckill, a flash-sale engine"), 0u);
  EXPECT_EQ(run(dir.path(), {"help", "sale", "create"})
                .out.find("put units on sale\n\n  seckill sale create car --stock 100"),
            0u);
  EXPECT_EQ(run(dir.path(), {"sale", "create", "--help"}).out,
            run(dir.path(), {"help", "sale", "create"}).out);
  EXPECT_NE(run(dir.path(), {"help", "exit-codes"}).out.find("130  interrupted"),
            std::string::npos);
  EXPECT_NE(run(dir.path(), {"help", "env"}).out.find("SECKILL_SERVER_LISTEN"), std::string::npos);
}

// --json means JSON, whatever stands in a path.
TEST(Commands, JsonIsJson) {
  const TempDir dir;
  const std::string odd = "odd \"name\"\t";
  for (const std::vector<std::string>& typed :
       {std::vector<std::string>{"help", "--json"},
        {"sale", "--help"},
        {"config", "init", "--json", "-c", odd},
        {"config", "check", "--json", "-c", odd},
        {"config", "show", "--json", "--journal", "file:dir " + odd},
        {"doctor", "--json", "--journal", "file:dir " + odd, "--listen", "localhost:0"},
        {"version", "--json"}}) {
    const Ran ran = run(dir.path(), typed);
    SCOPED_TRACE(typed[0] + " " + typed[1] + ran.out + ran.err);
    EXPECT_EQ(ran.code, 0);
    if (typed[0] == "sale") {
      EXPECT_EQ(ran.out.find("  seckill sale create car --stock 100"), 0u) << "examples first";
    } else {
      EXPECT_TRUE(is_json(ran.out));
    }
  }
}

// Goal: what is read from files and servers may be of any type; a line, and no abort.
TEST(Commands, AReportOfAnyTypeIsNoAbort) {
  const TempDir dir;
  for (const char* summary :
       {R"({"format":1,"outcomes":{"errors":[{}]}})", R"({"format":1,"outcomes":{"errors":7}})",
        R"({"format":1,"thresholds":"x","fairness":{"by_arrival":{"a":{"felt":[]}}}})",
        R"({"format":1,"figures":{"p50":7},"pace":{"cpu_us_per_request":"x"},"server":[1]})",
        R"({"format":1,"audit":{"checks":[1]},"latency":{"felt":{"won":[]}}})", "[]", ""}) {
    put_text(dir.path() / "summary.json", summary);
    for (const std::vector<std::string>& typed : {std::vector<std::string>{"drill", "report", "."},
                                                  {"drill", "report", ".", "--json"},
                                                  {"drill", "compare", ".", "."},
                                                  {"drill", "compare", ".", ".", "--json"}}) {
      const Ran ran = run(dir.path(), typed);
      EXPECT_TRUE(ran.code == 0 || ran.code == 2) << summary << ran.code << ran.err;
      EXPECT_EQ(ran.err.find("should not happen"), std::string::npos) << summary << ran.err;
    }
  }
}

// A count is made on top of a version: with it a repeated command is harmless.
TEST(Commands, ARestockTypedTwiceCountsOnce) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  const auto at = [&](std::vector<std::string> typed) {
    typed.insert(typed.end(), {"--server", server.url(), "--journal", "file:data"});
    return run(dir.path(), typed);
  };
  ASSERT_EQ(at({"sale", "create", "car", "--stock", "3"}).code, 0);
  const std::string version = field(at({"sale", "show", "car", "--json"}).out, "version");
  EXPECT_EQ(at({"sale", "restock", "car", "5", "--if-version", version}).code, 0);
  EXPECT_EQ(at({"sale", "restock", "car", "5", "--if-version", version}).code, 1);
  const Ran shown = at({"sale", "show", "car"});
  EXPECT_EQ(shown.out.find("id "), 0u) << "in the server's order: " << shown.out;
  const std::string json = at({"sale", "show", "car", "--json"}).out;
  EXPECT_EQ(field(json, "stock"), "8");
  EXPECT_EQ(field(json, "title"), "car");
  EXPECT_EQ(server.stop(), 0);
}

// A thousand a page: whoever has more is asked again.
TEST(Commands, AListOfSalesIsWhole) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  for (int i = 0; i < 101; ++i) create_sale(server, fmt::format(R"({{"id":"s{}","stock":1}})", i));
  const Ran ran = run(dir.path(), {"sale", "list", "--server", server.url()});
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 102) << ran.out << ran.err;
  EXPECT_EQ(server.stop(), 0);
}

// A crowd whose every answer is an error: why, and exit 1.
TEST(Commands, ADrillWithoutVerdictsFails) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  const Ran ran =
      run(dir.path(), {"drill", server.url("/nowhere"), "--users", "5", "--over", "10ms"});
  EXPECT_EQ(ran.code, 1) << ran.err;
  EXPECT_NE(ran.out.find(" why     5 × 404"), std::string::npos) << ran.out;
  const Ran judged = run(dir.path(), {"drill", server.url("/nowhere"), "--users", "5", "--over",
                                      "10ms", "--threshold", "errors==0"});
  EXPECT_EQ(judged.code, 99);
  EXPECT_NE(judged.err.find("threshold errors==0: measured 5"), std::string::npos) << judged.err;
  EXPECT_EQ(server.stop(), 0);
}

// Whoever makes a sale is told where its page is, and the page is there.
TEST(Commands, ANewSaleHasAPage) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up());
  const auto create = [&](const std::string& name, std::vector<std::string> more) {
    std::vector<std::string> words{"sale", "create",   name,        "--stock",
                                   "3",    "--server", server.url()};
    words.insert(words.end(), more.begin(), more.end());
    return run(dir.path(), words).out;
  };
  EXPECT_EQ(create("car", {}), fmt::format("✓ sale car is open → {}\n", server.url("/s/car")));
  const std::string later = create("phone", {"--starts", "+1m"});
  EXPECT_EQ(later.find("✓ sale phone opens "), 0u) << later;
  EXPECT_NE(later.find(fmt::format(") → {}\n", server.url("/s/phone"))), std::string::npos)
      << later;
  EXPECT_EQ(server.client().ask({.path = "/s/phone"})->status, 200);
}

// A terminal that goes, or Ctrl-\: in order, as SIGTERM. Without a terminal
// SIGHUP means something else to a server: operator_test.cc.
TEST(Commands, HangUpAndQuitEndInOrder) {
  for (const int number : {SIGHUP, SIGQUIT}) {
    const TempDir dir;
    if (number != SIGHUP) {
      Server server(dir.path());
      ASSERT_TRUE(server.up()) << server.program().err();
      server.program().signal(number);
      EXPECT_EQ(server.program().wait(), 0) << server.program().err();
    }

    fs::create_directory(dir.path() / "tmp");
    Program demo(dir.path(), {"demo", "--users", "300", "--over", "30s", "--out", "results"},
                 {.environment = {{"TMPDIR", dir.file("tmp")}}});
    while (!demo.ended() && demo.out().find("buy") == std::string::npos)
      std::this_thread::sleep_for(milliseconds(5));
    demo.signal(number);
    demo.wait();
    EXPECT_TRUE(fs::is_empty(dir.path() / "tmp")) << "the temporary directory is gone";
  }
}

// A script that the shell takes, and that knows the table's words.
TEST(Commands, CompletionKnowsTheCommandTable) {
  const TempDir dir;
  put_text(
      dir.path() / "complete.bash",
      run(dir.path(), {"completion", "bash"}).out +
          "COMP_WORDS=(seckill sale cr); COMP_CWORD=2; _seckill; echo \"${COMPREPLY[*]}\"\n"
          "COMP_WORDS=(seckill audit --tr); COMP_CWORD=2; _seckill; echo \"${COMPREPLY[*]}\"\n"
          "COMP_WORDS=(seckill completion z); COMP_CWORD=2; _seckill; echo \"${COMPREPLY[*]}\"\n"
          "COMP_WORDS=(seckill help exi); COMP_CWORD=2; _seckill; echo \"${COMPREPLY[*]}\"\n"
          "COMP_WORDS=(seckill serve --log-format j); COMP_CWORD=3; _seckill; echo "
          "\"${COMPREPLY[*]}\"\n");
  const std::string command =
      fmt::format("bash {} > {}", dir.file("complete.bash"), dir.file("out"));
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(file_text(dir.path() / "out"), "create\n--transcript\nzsh\nexit-codes\njson\n");
}

TEST(Commands, ConfigIsWrittenCheckedAndShown) {
  const TempDir dir;
  EXPECT_EQ(run(dir.path(), {"config", "init"}).code, 0);
  EXPECT_EQ(run(dir.path(), {"config", "init"}).code, 2) << "never over a file that is there";
  EXPECT_EQ(run(dir.path(), {"config", "check"}).code, 0);
  put_text(dir.path() / "seckill.toml", "[server]\nlisten = 127.0.0.1:3000\n");
  const Ran bad = run(dir.path(), {"config", "check"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.err, "seckill: seckill.toml:2:10: listen needs quotes: \"127.0.0.1:3000\"\n");
  put_text(dir.path() / "seckill.toml", "[server]\ndemo_sale = \"phone\"\n");
  EXPECT_NE(run(dir.path(), {"config", "show", "--origins"}).out.find("seckill.toml:2"),
            std::string::npos);
}

TEST(Commands, DoctorFindsAHealthyMachineHealthy) {
  const TempDir dir;
  const Ran ran = run(dir.path(), {"doctor", "--listen", "127.0.0.1:0", "--json"});
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_EQ(field(ran.out, "healthy"), "true");
  EXPECT_EQ(contents(dir.path()).size(), 2u)
      << "it leaves nothing behind but this test's two streams";
}

// T27: the admin's token and the sale's secret are in no word that leaves us.
TEST(Commands, SecretsAreNeverTold) {
  const TempDir dir;
  std::string words;
  {
    Server server(dir.path(), {"--verbose"});
    ASSERT_TRUE(server.up()) << server.program().err();
    const std::string token = file_text(dir.path() / "data" / "admin.token").substr(0, 64);
    ASSERT_EQ(token.size(), 64u);
    const std::string till = file_text(dir.path() / "data" / "till.token").substr(0, 64);
    ASSERT_EQ(till.size(), 64u);
    const std::string limits = file_text(fmt::format("/proc/{}/limits", server.program().pid()));
    EXPECT_NE(limits.find("Max core file size        0                    0"), std::string::npos)
        << "a core would hold them all";
    words += create_sale(server, R"({"id":"car","stock":3,"hold_s":60})").body;
    buy(server, "car", "bob", "planted-key");  // a key is as good as its order
    buy(server, "car", "bob", "planted-key wrong");
    const auto metrics = server.client().ask({.path = "/metrics"});
    ASSERT_TRUE(metrics);
    EXPECT_EQ(metrics->body.find("planted"), std::string::npos);
    EXPECT_EQ(metrics->body.find("bob"), std::string::npos);
    const auto won = buy(server, "car", "ann", "k1");
    words += won.body + buy(server, "car", "ann", "k 2").body;
    for (const char* path : {"/api/v1/sales", "/api/v1/sales/car", "/api/v1/sales/car/orders",
                             "/metrics", "/readyz", "/healthz", "/openapi.yaml", "/nowhere", "/"}) {
      for (const auto& with : {server.client(), server.client(token), server.client(till),
                               server.client("wrong-" + token)}) {
        app::Client client = with;
        const auto reply = client.ask({.path = path});
        if (!reply) continue;
        words += reply->body;
        for (const auto& [name, value] : reply->headers) words += value;
      }
    }
    for (std::vector<std::string> typed : {std::vector<std::string>{"sale", "list", "--json"},
                                           {"sale", "show", "car", "-v"},
                                           {"orders", "list", "--sale", "car"},
                                           {"config", "show", "--origins"},
                                           {"doctor", "--json"},
                                           {"journal", "dump"},
                                           {"journal", "verify"},
                                           {"audit", "--json"}}) {
      typed.insert(typed.end(), {"--journal", "file:data"});
      const Ran ran = run(dir.path(), typed, {.environment = {{"SECKILL_SERVER", server.url()}}});
      words += ran.out + ran.err;
    }
    EXPECT_EQ(server.stop(), 0);
    const std::string log = server.program().out() + server.program().err();
    EXPECT_EQ(log.find("planted"), std::string::npos) << "a buyer's key was logged";
    words += log;
    EXPECT_EQ(words.find(token), std::string::npos) << "the admin's token was told";
    EXPECT_EQ(words.find(till), std::string::npos) << "the till's token was told";
    EXPECT_NE(words.find("admin.token"), std::string::npos)
        << "its path is told, so the scan saw the banner";
  }
  const auto disk = FileDiskReader::open((dir.path() / "data").string());
  FileJournalReader journal(**disk);
  const auto entries = journal.read(Position{1}, 1);
  ASSERT_TRUE(entries && !entries->empty());
  const SaleTerms& terms = std::get<SaleRecord>(entries->front().record.body).terms;
  std::string hex, raw;
  for (const std::uint8_t byte : terms.secret.bytes)
    hex += fmt::format("{:02x}", byte), raw += static_cast<char>(byte);
  EXPECT_EQ(words.find(hex), std::string::npos) << "the sale's secret was told";
  EXPECT_EQ(words.find(raw), std::string::npos);
  EXPECT_NE(words.find("\"secret\":\"***\""), std::string::npos) << "the dump was part of the scan";
}

// `make demo </dev/null`, smaller: proof, exit 0, and nothing left behind.
TEST(Commands, DemoProvesItselfAndCleansUp) {
  const TempDir dir;
  // What a demo left that was killed, and one that still runs.
  const fs::path running = dir.path() / "tmp" / fmt::format("seckill-demo-{}-a", getpid());
  fs::create_directories(dir.path() / "tmp" / "seckill-demo-999999999-a" / "data");
  fs::create_directories(running);
  const Ran ran =
      run(dir.path(),
          {"demo", "--users", "300", "--over", "500ms", "--stock", "20", "--out", "results"},
          {.environment = {{"TMPDIR", dir.file("tmp")}}});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("✓ 20 sold ≤ 20 · ✓ 20 orders stored · ✓ 0 lost · ✓ 0 double"),
            std::string::npos)
      << ran.out;
  EXPECT_TRUE(fs::remove(running)) << "a running demo keeps its directory";
  EXPECT_TRUE(fs::is_empty(dir.path() / "tmp")) << "the temporary directories are gone";
  EXPECT_TRUE(fs::exists(dir.path() / "results" / "transcript.jsonl"));
  const std::string page = file_text(dir.path() / "results" / "report.html");
  EXPECT_NE(page.find("The sale held: 20 of 20 sold, none twice; proven by the audit"),
            std::string::npos);
  EXPECT_EQ((ran.out + ran.err).find('\033'), std::string::npos) << "no terminal, no escapes";
  const std::string pattern = dir.file("tmp");
  for (const auto& process : fs::directory_iterator("/proc")) {
    EXPECT_EQ(file_text(process.path() / "cmdline").find(pattern), std::string::npos)
        << process.path();
  }
}

// Demos that begin at once find the same port free; each of them ends up with one of its own.
TEST(Commands, DemosThatBeginAtOnceTakeAPortEach) {
  const TempDir dir;
  fs::create_directory(dir.path() / "tmp");
  std::vector<Program> demos;
  for (const char* out : {"one", "two", "three"}) {
    demos.emplace_back(dir.path(),
                       std::vector<std::string>{"demo", "--users", "100", "--over", "500ms",
                                                "--stock", "20", "--out", out},
                       Surroundings{.environment = {{"TMPDIR", dir.file("tmp")}}});
  }
  for (Program& demo : demos) EXPECT_EQ(demo.wait(), 0) << demo.out() << demo.err();
}

}  // namespace
}  // namespace seckill::testing
