// The command line: exit codes, words, streams; secrets in none of them; demo from start to end.
#include <fmt/format.h>
#include <gtest/gtest.h>

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
      {{"serve", "--counter", "redis://x"}, 2, "not in this build"},
      {{"serve", "--listen", "3000"}, 2, "as in 127.0.0.1:3000"},
      {{"serve", "--listen", "192.0.2.1:3000"}, 2, "cannot listen there"},
      {{"serve", "--log-format", "xml"}, 2, "text or json"},
      {{"audit", "--journal", "file:nowhere"}, 2, "nowhere"},
      {{"journal", "verify", "--journal", "file:nowhere"}, 2, "nowhere"},
      {{"doctor", "--only", "prot"}, 2, "did you mean port?"},
      {{"completion", "cmd"}, 2, "bash, zsh or fish"},
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

// A script that the shell takes, and that knows the table's words.
TEST(Commands, CompletionKnowsTheCommandTable) {
  const TempDir dir;
  put_text(
      dir.path() / "complete.bash",
      run(dir.path(), {"completion", "bash"}).out +
          "COMP_WORDS=(seckill sale cr); COMP_CWORD=2; _seckill; echo \"${COMPREPLY[*]}\"\n"
          "COMP_WORDS=(seckill audit --tr); COMP_CWORD=2; _seckill; echo \"${COMPREPLY[*]}\"\n");
  const std::string command =
      fmt::format("bash {} > {}", dir.file("complete.bash"), dir.file("out"));
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(file_text(dir.path() / "out"), "create\n--transcript\n");
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
    words += create_sale(server, R"({"id":"car","stock":3,"hold_s":60})").body;
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
    words += server.program().out() + server.program().err();
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
  fs::create_directory(dir.path() / "tmp");
  const Ran ran =
      run(dir.path(),
          {"demo", "--users", "300", "--over", "500ms", "--stock", "20", "--out", "results"},
          {.environment = {{"TMPDIR", dir.file("tmp")}}});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("✓ 20 sold ≤ 20 · ✓ 20 orders stored · ✓ 0 lost · ✓ 0 double"),
            std::string::npos)
      << ran.out;
  EXPECT_TRUE(fs::is_empty(dir.path() / "tmp")) << "the temporary directory is gone";
  EXPECT_TRUE(fs::exists(dir.path() / "results" / "transcript.jsonl"));
  const std::string pattern = dir.file("tmp");
  for (const auto& process : fs::directory_iterator("/proc")) {
    EXPECT_EQ(file_text(process.path() / "cmdline").find(pattern), std::string::npos)
        << process.path();
  }
}

}  // namespace
}  // namespace seckill::testing
