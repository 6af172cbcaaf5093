#include "app/process.h"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <netdb.h>
#include <set>
#include <sstream>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/fd.h"

namespace seckill::app {
namespace {

using Code = Error::Code;

// Inodes of the sockets that listen on this port, from /proc/net/tcp and tcp6.
std::set<std::string> listening_sockets(std::uint16_t port) {
  std::set<std::string> inodes;
  const std::string wanted = fmt::format(":{:04X}", port);
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      std::istringstream words(line);
      std::string slot, local, remote, state, queues, timer, retransmit, uid, timeout, inode;
      words >> slot >> local >> remote >> state >> queues >> timer >> retransmit >> uid >>
          timeout >> inode;
      if (state == "0A" && local.ends_with(wanted)) inodes.insert("socket:[" + inode + "]");
    }
  }
  return inodes;
}

bool holds_one_of(const std::filesystem::path& fds, const std::set<std::string>& inodes) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(fds, error), end; !error && at != end;
       at.increment(error)) {
    const auto target = std::filesystem::read_symlink(at->path(), error);
    if (!error && inodes.count(target.string()) > 0) return true;
    error.clear();
  }
  return false;
}

std::string first_line(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// A socket bound to the address for a moment, as the server will bind it.
int try_bind(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0)
    return EADDRNOTAVAIL;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> hold(found, freeaddrinfo);
  const Fd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  const int yes = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0) return errno;
  return ::listen(socket.get(), 1) == 0 ? 0 : errno;
}

}  // namespace

std::uint64_t raise_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::vector<int> ending_signals() {
  std::vector<int> all{SIGINT, SIGTERM};
  for (const int number : {SIGHUP, SIGQUIT}) {
    struct sigaction now{};
    if (sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) all.push_back(number);
  }
  return all;
}

bool hangup_reloads() { return isatty(STDIN_FILENO) != 1; }

void forbid_core_dumps() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

std::optional<PortOwner> port_owner(std::uint16_t port) {
  const auto inodes = listening_sockets(port);
  if (inodes.empty()) return std::nullopt;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (holds_one_of(at->path() / "fd", inodes)) {
      return PortOwner{first_line(at->path() / "comm"), static_cast<pid_t>(std::stol(name))};
    }
  }
  return std::nullopt;
}

Status port_is_free(const Address& address, std::optional<PortWait> wait) {
  if (address.port == 0) return {};
  const SteadyTime since = machine_now().steady;
  int wrong = try_bind(address);
  // The last try comes when the time is over: to look for the owner may take all of it.
  for (bool over = !wait; !over && wrong == EADDRINUSE; wrong = try_bind(address)) {
    const auto most = port_owner(address.port) ? wait->owner : wait->ending;
    std::this_thread::sleep_for(milliseconds(20));
    over = machine_now().steady - since >= most;
  }
  if (wrong == 0) return {};
  if (wrong == EADDRINUSE) {
    const auto owner = port_owner(address.port);
    const std::string who = owner ? fmt::format("{}, pid {}", owner->name, owner->pid)
                                  : "a process that is ending, or another user's";
    return fail(Code::kUnavailable, fmt::format("{} is used by {}; try --listen {}:0", address.port,
                                                who, address.host));
  }
  if (wrong == EACCES) {
    return fail(Code::kInvalid,
                fmt::format("{}: this user may not listen there: {}; try a port above 1023",
                            to_text(address), std::strerror(wrong)));
  }
  return fail(Code::kInvalid, fmt::format("{}: cannot listen there: {}; --listen takes an address "
                                          "of this machine, as in 127.0.0.1:3000",
                                          to_text(address), std::strerror(wrong)));
}

std::uint16_t next_free_port(std::uint16_t first) {
  for (std::uint16_t port = first; port < first + 100; ++port) {
    if (try_bind({"127.0.0.1", port}) == 0) return port;
  }
  return 0;
}

ProcessFigures process_figures() {
  ProcessFigures figures;
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  figures.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  std::uint64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  figures.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error))
    ++figures.open_files;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.open_files_max = limit.rlim_cur;
  struct stat about{};
  if (stat("/proc/self", &about) == 0)
    figures.started_at = static_cast<double>(about.st_ctim.tv_sec);
  return figures;
}

Status put_file(const std::filesystem::path& file, const std::string& text, mode_t mode) {
  // Another process may be about the same file.
  const std::filesystem::path temporary = fmt::format("{}.{}.tmp", file.string(), ::gettid());
  const auto failed = [&](const char* doing) {
    const Code code = errno == ENOSPC ? Code::kFull : Code::kInvalid;
    return fail(code,
                fmt::format("{}: cannot be {}: {}", file.string(), doing, std::strerror(errno)));
  };
  ::unlink(temporary.c_str());
  const Fd fd(::open(temporary.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode));
  if (!fd) return failed("made");
  const ssize_t written = ::write(fd.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) return failed("written");
  if (::fsync(fd.get()) != 0 || ::rename(temporary.c_str(), file.c_str()) != 0)
    return failed("put in place");
  return {};
}

}  // namespace seckill::app
