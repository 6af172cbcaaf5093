// One binary: every subcommand is a row of the command table (app/command.h).
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "app/command.h"
#include "base/thread_name.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);    // a reader that left is an error of write, not the end of us
  std::signal(SIGXFSZ, SIG_IGN);    // so is a file that may not grow
  seckill::name_thread("seckill");  // a child of ours is called "exe" else
  const std::vector<std::string> typed(argv + (argc > 0 ? 1 : 0), argv + argc);
  try {
    return static_cast<int>(seckill::app::run_command_line(typed));
  } catch (const std::exception& error) {  // ours by mistake, or the library's: one line, no abort
    std::fprintf(stderr, "seckill: this should not happen: %s\n", error.what());
    return static_cast<int>(seckill::app::Exit::kFailed);
  }
}
