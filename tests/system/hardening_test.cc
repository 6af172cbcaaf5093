// What a break-in would find: the built binary, read with readelf, and the service's cage (T37,
// T38).
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>

#include "app/exit.h"
#include "system/binary.h"

namespace seckill::testing {
namespace {

// What a command prints, and whether it ended well.
struct Said {
  bool well = false;
  std::string text;
};

Said ask(const std::string& command) {
  Said said;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return said;
  char bytes[4096];
  for (std::size_t size = 0; (size = std::fread(bytes, 1, sizeof bytes, pipe)) > 0;)
    said.text.append(bytes, size);
  said.well = ::pclose(pipe) == 0;
  return said;
}

std::string readelf(const char* what) {
  return ask(fmt::format("LC_ALL=C readelf -W {} \"{}\"", what, SECKILL_BINARY)).text;
}

bool has(const std::string& text, const std::string& word) {
  return text.find(word) != std::string::npos;
}

std::string unit_file() {
  return std::string(SECKILL_SOURCE_DIR) + "/deploy/systemd/seckill.service";
}

TEST(Hardening, TheBinaryLiesAnywhereAndItsTablesAreReadOnly) {
  EXPECT_TRUE(has(readelf("-h"), "DYN (Position-Independent Executable file)"));
  const std::string segments = readelf("-l");
  EXPECT_TRUE(has(segments, "GNU_RELRO"));
  EXPECT_TRUE(has(segments, "GNU_STACK"));
  EXPECT_FALSE(has(segments, "RWE")) << "nothing is writable and executable";
  const std::string dynamic = readelf("-d");
  EXPECT_TRUE(has(dynamic, "NOW")) << "full RELRO";
  EXPECT_FALSE(has(dynamic, "TEXTREL"));
  EXPECT_FALSE(has(dynamic, "RPATH") || has(dynamic, "RUNPATH")) << "libraries are the system's";
}

TEST(Hardening, TheReleaseIsFortifiedAndHasCanaries) {
  if (SECKILL_IS_RELEASE == 0) GTEST_SKIP() << "no release build";
  const std::string symbols = readelf("--dyn-syms");
  EXPECT_TRUE(has(symbols, "__stack_chk_fail"));
  EXPECT_TRUE(has(symbols, "__memcpy_chk"));
}

// T37: 0 is a perfect cage, 10 is none; systemd's own judgement, in tenths.
TEST(Hardening, TheServiceIsCaged) {
  if (!ask("systemd-analyze --version").well) GTEST_SKIP() << "no systemd-analyze here";
  const Said judged =
      ask("systemd-analyze security --no-pager --offline=true --threshold=15 " + unit_file());
  EXPECT_TRUE(judged.well) << judged.text;
  EXPECT_TRUE(has(judged.text, "Overall exposure level")) << judged.text;
}

// I9: damaged data and wrong settings are for a person, not for another start.
TEST(Hardening, TheServiceIsNotRestartedOnWhatARestartDoesNotMend) {
  const std::string unit = file_text(unit_file());
  EXPECT_TRUE(
      has(unit, fmt::format("RestartPreventExitStatus={} {}\n", static_cast<int>(app::Exit::kUsage),
                            static_cast<int>(app::Exit::kDamaged))));
  for (const char* line : {"Restart=always\n", "TimeoutStopSec=", "LimitNOFILE=", "LimitCORE=0\n"})
    EXPECT_TRUE(has(unit, line)) << line;
}

}  // namespace
}  // namespace seckill::testing
