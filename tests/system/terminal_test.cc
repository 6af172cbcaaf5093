// What a person's terminal gets of a drill: a picture that is drawn over, 80 columns at most, in
// colours unless they are unwanted; and plain lines where there is no such terminal.
#include <cstdlib>
#include <gtest/gtest.h>
#include <pty.h>
#include <regex>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "drill/view.h"
#include "system/binary.h"

namespace seckill::testing {
namespace {

using Environment = std::map<std::string, std::string>;

// Runs the binary at a terminal of its own; what that is sent, until the binary ends.
Ran at_terminal(const std::filesystem::path& directory, std::vector<std::string> arguments,
                unsigned short columns, const Environment& environment) {
  winsize size{};
  size.ws_row = 24;
  size.ws_col = columns;
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (pid == 0) {
    for (const char* name : {"NO_COLOR", "TERM"}) ::unsetenv(name);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    std::vector<char*> words{const_cast<char*>(SECKILL_BINARY)};
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    if (::chdir(directory.c_str()) == 0) ::execv(SECKILL_BINARY, words.data());
    ::_exit(127);
  }
  Ran ran;
  char bytes[4096];
  for (ssize_t size_read = 0; (size_read = ::read(terminal, bytes, sizeof bytes)) > 0;)
    ran.out.append(bytes, static_cast<std::size_t>(size_read));
  ::close(terminal);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

std::size_t widest(const std::string& text) {
  std::istringstream lines(text);
  std::size_t most = 0;
  for (std::string line; std::getline(lines, line);) {
    std::erase(line, '\r');
    most = std::max(most, columns_of(line));
  }
  return most;
}
bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
bool is_redrawn(const std::string& text) { return has(text, "\033[4A\r\033[J"); }
bool has_colors(const std::string& text) { return has(text, "\033[32m"); }

// One server, and a drill of it as often as is wanted.
class Terminal : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.up());
    ASSERT_EQ(create_sale(server_, R"({"id":"car","stock":30})").status, 201);
  }
  std::vector<std::string> drill(const std::string& over = "700ms") const {
    return {"drill", "car",    "--server", server_.url(), "--users",
            "60",    "--over", over,       "--no-page"};
  }
  Ran look(unsigned short columns, const Environment& environment) {
    Ran ran = at_terminal(dir_.path(), drill(), columns, environment);
    EXPECT_EQ(ran.code, 0) << ran.out;
    EXPECT_TRUE(has(ran.out, "Drill: 60 shoppers over 700 ms rush")) << ran.out;
    return ran;
  }
  const TempDir dir_;
  Server server_{dir_.path()};
};

TEST_F(Terminal, DrawsAPictureOf80Columns) {
  const Ran seen = look(80, {{"TERM", "xterm-256color"}});
  EXPECT_TRUE(is_redrawn(seen.out)) << seen.out;
  EXPECT_TRUE(has_colors(seen.out)) << seen.out;
  EXPECT_LE(widest(seen.out), 80u) << seen.out;
}

TEST_F(Terminal, LeavesColoursOutWhereTheyAreUnwanted) {
  const Ran seen = look(80, {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  EXPECT_TRUE(is_redrawn(seen.out)) << seen.out;
  EXPECT_FALSE(has(seen.out, "\033[3")) << seen.out;
  EXPECT_FALSE(has(seen.out, "m\033")) << seen.out;
}

TEST_F(Terminal, SaysPlainLinesToADumbOne) {
  for (const Environment& environment : {Environment{{"TERM", "dumb"}}, Environment{}}) {
    const Ran seen = look(80, environment);
    EXPECT_FALSE(has(seen.out, "\033")) << seen.out;
  }
}

// A line that wraps cannot be drawn over.
TEST_F(Terminal, DrawsNothingOverInANarrowOne) {
  EXPECT_FALSE(is_redrawn(look(60, {{"TERM", "xterm"}}).out));
}

// Where nobody looks: the result on stdout, a line each 5 s on stderr, and no escape anywhere. On a
// slow machine it comes later, never earlier.
TEST_F(Terminal, TellsALogALineEach5Seconds) {
  const Ran ran = run(dir_.path(), drill("8s"), {.environment = {{"TERM", "xterm"}}});
  EXPECT_EQ(ran.code, 0) << ran.err;
  std::smatch line;
  ASSERT_TRUE(std::regex_search(ran.err, line, std::regex("drill (\\d+) s · arrived "))) << ran.err;
  EXPECT_GE(std::stoi(line[1]), 5) << ran.err;
  EXPECT_TRUE(has(ran.out, " arrived ")) << ran.out;
  EXPECT_FALSE(has(ran.out + ran.err, "\033"));
}

}  // namespace
}  // namespace seckill::testing
