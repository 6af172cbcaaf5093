#include "app/child.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace seckill::app {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment(bool clean) {
  std::vector<std::string> kept;
  for (char** at = environ; *at != nullptr; ++at) {
    if (!clean || !std::string_view(*at).starts_with("SECKILL_")) kept.emplace_back(*at);
  }
  return kept;
}

// Between fork and exec: only what is safe there.
[[noreturn]] void become(pid_t parent, char* const* arguments, char* const* variables,
                         const Child::Options& options) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it ended before the line above
  if (options.own_terminal_group) setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.silent) {
    const int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0) dup2(nowhere, STDOUT_FILENO);
  }
  execve("/proc/self/exe", arguments, variables);
  _exit(127);
}

}  // namespace

Result<Child> Child::start(std::vector<std::string> arguments, Options options) {
  arguments.insert(arguments.begin(), "seckill");
  std::vector<std::string> variables = environment(options.clean_environment);
  const auto argument_pointers = pointers(arguments);
  const auto variable_pointers = pointers(variables);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(parent, argument_pointers.data(), variable_pointers.data(), options);
  if (pid < 0)
    return fail(Error::Code::kFailed,
                fmt::format("cannot start a process: {}", std::strerror(errno)));
  return Child(pid);
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

int Child::ended(int status) {
  pid_ = -1;
  return code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int Child::poll() {
  if (pid_ <= 0) return code_;
  int status = 0;
  return waitpid(pid_, &status, WNOHANG) == pid_ ? ended(status) : -1;
}

int Child::wait() {
  if (pid_ <= 0) return code_;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return ended(status);
}

}  // namespace seckill::app
