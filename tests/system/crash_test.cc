// Power cuts and rot, against the real binary. Killed processes are in torture_test.cc.
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>

#include "base/file_disk.h"
#include "journal/walk.h"
#include "system/binary.h"

namespace seckill::testing {
namespace {

namespace fs = std::filesystem;

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
  EXPECT_EQ(run(dir.path(), {"audit", "--journal", "file:data", "--wait", "30s"}).code, 0);
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace seckill::testing
