// A process of our own, below this one: it dies with us, whatever ends us.
#pragma once

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/result.h"

namespace seckill::app {

class Child {
 public:
  struct Options {
    bool silent = false;              // stdout to nowhere
    bool own_terminal_group = false;  // a Ctrl-C at the terminal does not reach it
    bool clean_environment = false;   // without SECKILL_…
  };
  // This binary again, with other arguments.
  static Result<Child> start(std::vector<std::string> arguments, Options options);

  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&&) = delete;
  ~Child();  // SIGKILL, if it still runs

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Exit code, or 128 + the signal that ended it; -1: it still runs.
  int poll();
  int wait();

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  int ended(int status);

  pid_t pid_ = -1;
  int code_ = -1;
};

}  // namespace seckill::app
