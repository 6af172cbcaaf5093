// What an operator does to a running shop and around it: settings read again, repairs, findings
// kept.
#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

#include "system/binary.h"

namespace seckill::testing {
namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool says_soon(const Program& program, std::string_view part) {
  for (int i = 0; i < 500 && !has(program.err(), part); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return has(program.err(), part);
}

// SIGHUP takes over what it can, names the rest, refuses a broken file whole, and sells on.
TEST(Operator, ReloadsWithoutARestart) {
  const TempDir dir;
  put_text(dir.path() / "seckill.toml", "limits = { waiting_max = 500 }\n");
  Server server(dir.path(), {"--log-format", "text"});
  ASSERT_TRUE(server.up());
  ASSERT_EQ(create_sale(server, R"({"id":"car","stock":5})").status, 201);
  const std::string old_token = file_text(dir.path() / "data" / "admin.token");

  put_text(dir.path() / "data" / "till.token", "a-till-of-another-day\n");
  put_text(dir.path() / "seckill.toml",
           "server = { drain_delay = \"10ms\" }\n"
           "limits = { waiting_max = 700, request_deadline = \"3s\" }\n");
  server.program().signal(SIGHUP);
  ASSERT_TRUE(says_soon(server.program(), "reloaded")) << server.program().err();
  const std::string said = server.program().err();
  EXPECT_TRUE(has(said, "request_deadline=3s drain_delay=10ms")) << said;
  EXPECT_TRUE(has(said, "needs_restart=limits.waiting_max")) << said;

  put_text(dir.path() / "seckill.toml", "limits = { nonsense = 1 }\n");
  server.program().signal(SIGHUP);
  EXPECT_TRUE(says_soon(server.program(), "reload-refused")) << server.program().err();
  EXPECT_EQ(buy(server, "car", "ann", "k").status, 201) << "it sells on";
  EXPECT_EQ(file_text(dir.path() / "data" / "admin.token"), old_token);
  EXPECT_EQ(server.stop(), 0);
}

// A token that was changed is asked for after SIGHUP, and the old one is none any more.
TEST(Operator, TakesANewToken) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up());
  ASSERT_EQ(create_sale(server, R"({"id":"car","stock":5})").status, 201);
  const fs::path file = dir.path() / "data" / "admin.token";
  std::string old_token = file_text(file);
  old_token.pop_back();
  const auto list = [&](const std::string& token) {
    const app::HttpAsk ask{.path = "/api/v1/sales/car/orders",
                           .headers = {{"Authorization", "Bearer " + token}}};
    return server.client().ask(ask)->status;
  };
  put_text(file, "another-token-of-32-characters--\n");
  EXPECT_EQ(list(old_token), 200) << "not read yet";
  server.program().signal(SIGHUP);
  ASSERT_TRUE(says_soon(server.program(), "reloaded"));
  EXPECT_EQ(list("another-token-of-32-characters--"), 200);
  EXPECT_NE(list(old_token), 200);
}

// It says that it serves, and is asked to end before it does anything else: strace holds it there.
TEST(Operator, MayEndItAsSoonAsItServes) {
  const TempDir dir;
  const std::string script = fmt::format(
      R"sh(
strace -f -qq -o trace -e trace=rename -e inject=rename:delay_exit=300000 {} serve \
  --listen 127.0.0.1:0 --journal file:data --port-file port &
for ((i = 0; i < 3000; ++i)); do [ -e port ] && break; sleep 0.01; done
kill -TERM $(pgrep -P $!)
wait $!
code=$?
grep -q DELAYED trace || echo "nothing was held"
exit $code)sh",
      SECKILL_BINARY);
  const Ran held = run(dir.path(), {"-c", script}, {.command = {"/bin/bash"}});
  if (held.out.find("nothing was held") != std::string::npos)
    GTEST_SKIP() << "strace may not trace here: is ptrace allowed? " << held.err;
  EXPECT_EQ(held.code, 0) << held.out << held.err;
  EXPECT_NE(held.err.find("draining"), std::string::npos) << held.err;
}

TEST(Operator, RepairsOnlyWhenAsked) {
  const TempDir dir;
  {
    Server server(dir.path());
    ASSERT_TRUE(server.up());
    ASSERT_EQ(server.stop(), 0);
  }
  const fs::path token = dir.path() / "data" / "till.token";
  ::chmod(token.c_str(), 0644);
  const auto before = contents(dir.path() / "data");
  const std::vector<std::string> look{"doctor", "--only", "directory", "--journal", "file:data"};
  const Ran looked = run(dir.path(), look);
  EXPECT_EQ(looked.code, 1);
  EXPECT_TRUE(has(looked.out, "--fix does it")) << looked.out;
  std::vector<std::string> mend = look;
  mend.emplace_back("--fix");
  const Ran mended = run(dir.path(), mend);
  EXPECT_EQ(mended.code, 0) << mended.out << mended.err;
  EXPECT_TRUE(has(mended.out, "fixed: chmod 600")) << mended.out;
  struct stat about{};
  ASSERT_EQ(::stat(token.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  EXPECT_EQ(contents(dir.path() / "data"), before);
}

// The audit takes no lock and writes nothing of its own: its finding goes where it is told.
TEST(Operator, KeepsTheAuditsFinding) {
  const TempDir dir;
  Server server(dir.path());
  ASSERT_TRUE(server.up());
  ASSERT_EQ(create_sale(server, R"({"id":"car","stock":3})").status, 201);
  ASSERT_EQ(run(dir.path(), {"drill", "car", "--server", server.url(), "--users", "20", "--over",
                             "100ms", "--out", "run", "-q"})
                .code,
            0);
  ASSERT_TRUE(has(file_text(dir.path() / "run" / "report.html"), "Not audited yet"));
  const std::vector<std::string> audit{"audit",    "car",          "--journal", "file:data",
                                       "--wait",   "10s",          "--drill",   "run",
                                       "--record", "audits.jsonl", "--metrics", "seckill.prom"};
  for (int i = 0; i < 2; ++i) {
    const Ran ran = run(dir.path(), audit);
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  }
  EXPECT_TRUE(has(file_text(dir.path() / "run" / "report.html"), "proven by the audit"));
  const std::string record = file_text(dir.path() / "audits.jsonl");
  EXPECT_EQ(std::count(record.begin(), record.end(), '\n'), 2);
  EXPECT_TRUE(is_json(record.substr(0, record.find('\n')))) << record;
  EXPECT_TRUE(has(record, R"("result":"proven")"));
  EXPECT_TRUE(has(file_text(dir.path() / "seckill.prom"),
                  "seckill_audit_violations{sale=\"car\",check=\"oversold\"} 0\n"));

  const Ran unkept =
      run(dir.path(), {"audit", "car", "--journal", "file:data", "--record", "none/audits.jsonl"});
  EXPECT_EQ(unkept.code, 1);
  EXPECT_TRUE(has(unkept.out, "checks hold")) << "it was found, though not kept: " << unkept.out;
  EXPECT_TRUE(has(unkept.err, "none/audits.jsonl: cannot be written")) << unkept.err;
  const Ran both =
      run(dir.path(), {"audit", "--journal", "file:data", "--drill", "run", "--transcript", "t"});
  EXPECT_EQ(both.code, 2) << both.err;
}

// The man page has every command and flag, and roff has nothing to say about it.
TEST(Operator, HasAManPage) {
  const TempDir dir;
  const Ran page = run(dir.path(), {"help", "man"});
  ASSERT_EQ(page.code, 0) << page.err;
  for (const char* part : {".TH SECKILL 1", ".SS seckill sale create SALE", "\\fB\\-\\-per\\-buyer",
                           ".SH EXIT STATUS", "SECKILL_SERVER_LISTEN"})
    EXPECT_TRUE(has(page.out, part)) << part;
  put_text(dir.path() / "seckill.1", page.out);
  const Ran checked =
      run(dir.path(),
          {"-c",
           "command -v groff >/dev/null || exit 0; "
           "groff -k -man -Tutf8 -ww seckill.1 2>&1 >/dev/null | grep . && exit 1; exit 0"},
          {.command = {"/bin/sh"}});
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
}

}  // namespace
}  // namespace seckill::testing
