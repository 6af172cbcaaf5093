// kill -9, power cuts and rot, against the real binary.
#include <csignal>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <thread>

#include "base/file_disk.h"
#include "journal/walk.h"
#include "system/binary.h"

namespace seckill::testing {
namespace {

namespace fs = std::filesystem;

std::uint64_t seed_of_this_run() {
  const char* given = std::getenv("SECKILL_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

Program rush(const fs::path& directory, const Server& server, const std::string& sale,
             std::uint64_t seed, const std::string& out) {
  return Program(
      directory,
      {"drill",     sale,    "--server",      server.url(), "--users",        "400",
       "--over",    "400ms", "--connections", "100",        "--double-click", "20%",
       "--retries", "6",     "--timeout",     "3s",         "--seed",         std::to_string(seed),
       "--out",     out,     "--quiet"});
}

void wait_for_first_sale(const Server& server, const std::string& sale) {
  std::string held = "0";
  while (held == "0") {
    const auto reply = server.client().ask({.path = "/api/v1/sales/" + sale});
    ASSERT_TRUE(reply) << reply.error().message;
    held = field(reply->body, "held");
  }
}

// I1, I2, I5, I11: rounds of rush, kill -9 at a random moment, restart; the same shoppers ask again
// with their keys; the audit holds what everybody was told against the journal and the rows. All
// rounds share one directory.
TEST(Crash, NothingIsLostOrSoldTwiceInFifteenRounds) {
  const std::uint64_t seed = seed_of_this_run();
  SCOPED_TRACE(fmt::format("SECKILL_SEED={}", seed));
  std::mt19937_64 dice(seed);
  const TempDir dir;
  auto server = std::make_unique<Server>(dir.path());
  ASSERT_TRUE(server->up()) << server->program().err();
  const std::uint16_t port = server->port();

  for (int round = 1; round <= 15; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    const std::string sale = fmt::format("car{}", round);
    create_sale(*server, fmt::format(R"({{"id":"{}","stock":60,"per_buyer":1}})", sale));
    const std::uint64_t crowd_seed = dice() >> 1;
    Program crowd = rush(dir.path(), *server, sale, crowd_seed, sale + "-a");
    wait_for_first_sale(*server, sale);
    std::this_thread::sleep_for(milliseconds(dice() % 400));  // the moment of death: the dice's
    server->kill();
    server = std::make_unique<Server>(dir.path(), std::vector<std::string>{}, Surroundings{}, port);
    ASSERT_TRUE(server->up()) << server->program().err();
    ASSERT_EQ(crowd.wait(), 0) << crowd.err();
    ASSERT_EQ(rush(dir.path(), *server, sale, crowd_seed, sale + "-b").wait(), 0);

    put_text(dir.file(sale + ".jsonl"),
             file_text(dir.path() / (sale + "-a") / "transcript.jsonl") +
                 file_text(dir.path() / (sale + "-b") / "transcript.jsonl"));
    const Ran audit = run(dir.path(), {"audit", sale, "--journal", "file:data", "--transcript",
                                       sale + ".jsonl", "--wait", "10s"});
    ASSERT_EQ(audit.code, 0) << audit.out << audit.err;
    EXPECT_NE(audit.out.find("(stock 60, won 60, stored 60,"), std::string::npos) << audit.out;
  }
  EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data"}).code, 0);
  EXPECT_EQ(server->stop(), 0);
}

void sell(const fs::path& directory, int units) {
  Server server(directory);
  ASSERT_TRUE(server.up()) << server.program().err();
  create_sale(server, R"({"id":"car","stock":100})");
  for (int i = 0; i < units; ++i)
    ASSERT_EQ(buy(server, "car", fmt::format("u{}", i), fmt::format("k{}", i)).status, 201);
  ASSERT_EQ(server.stop(), 0);
}

// Where the last whole block ends.
Place end_of(const fs::path& data) {
  const auto disk = FileDiskReader::open(data.string());
  Walk walk(**disk);
  EXPECT_TRUE(walk.start());
  for (auto block = walk.next(); block && *block; block = walk.next()) continue;
  return walk.place();
}

void overwrite(const fs::path& file, std::uint64_t offset, const std::string& bytes) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(offset));
  stream << bytes;
}

// I9: one bit of an old block flips. The server names segment and offset, exits 5 and touches
// nothing.
TEST(Crash, RotStopsTheStartAndIsNamed) {
  const TempDir dir;
  sell(dir.path(), 5);
  const fs::path segment = dir.path() / "data" / "00000001.seg";
  const std::uint64_t offset = 2 * 4096 + 40;  // inside the second block
  std::string text = file_text(segment);
  overwrite(segment, offset, std::string(1, static_cast<char>(text[offset] ^ 1)));
  const auto before = contents(dir.path() / "data");

  Server server(dir.path());
  EXPECT_FALSE(server.up());
  EXPECT_EQ(server.program().wait(), 5);
  EXPECT_NE(server.program().err().find("segment 1 (00000001.seg), offset 8192"), std::string::npos)
      << server.program().err();
  auto after = contents(dir.path() / "data");
  after["lock"] = before.at("lock");  // holds the last owner's pid
  EXPECT_TRUE(after == before) << "a refused start changes nothing";
  const Ran verified = run(dir.path(), {"journal", "verify", "--journal", "file:data"});
  EXPECT_EQ(verified.code, 5);
  EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data"}).code, 5);
}

// J2: a write that never became whole was told to nobody: dropped, said, and on it goes.
TEST(Crash, ATornLastBlockIsDropped) {
  const TempDir dir;
  sell(dir.path(), 5);
  const fs::path segment = dir.path() / "data" / "00000001.seg";
  const Place end = end_of(dir.path() / "data");
  const std::string whole =
      file_text(segment).substr(end.offset - 4096, 100);  // the first part of a block
  overwrite(segment, end.offset, whole);

  Server server(dir.path());
  ASSERT_TRUE(server.up()) << server.program().err();
  EXPECT_NE(server.program().err().find("torn"), std::string::npos) << server.program().err();
  EXPECT_EQ(buy(server, "car", "u0", "k0").status, 200);
  EXPECT_EQ(buy(server, "car", "u9", "k9").status, 201);
  EXPECT_EQ(server.stop(), 0);
  EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data"}).code, 0);
}

}  // namespace
}  // namespace seckill::testing
