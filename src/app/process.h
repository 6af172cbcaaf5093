// What this process and this machine look like from inside: limits, signals' manners, who has a
// port.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "app/units.h"
#include "base/result.h"

namespace seckill::app {

// Open files: the soft limit raised to the hard one. Returns what we may open now.
std::uint64_t raise_open_files();
// What asks us to end in order: SIGINT, SIGTERM; SIGHUP and SIGQUIT unless they are ignored
// (nohup).
std::vector<int> ending_signals();
// SIGHUP means "read your settings again" to a daemon, and "your terminal is gone" at a terminal.
bool hangup_reloads();
// T27: a core would hold the sales' secrets.
void forbid_core_dumps();

struct PortOwner {
  std::string name;  // "node"
  pid_t pid = 0;
};
// Who listens on this TCP port, as far as this user may see.
std::optional<PortOwner> port_owner(std::uint16_t port);

// What a killed server held is free a moment later: its descriptors close when the kernel gets to
// it, and nobody may read them then.
struct PortWait {
  milliseconds owner{300};     // for one whom we can see
  milliseconds ending{5'000};  // for one whom we cannot see
};
inline constexpr milliseconds kLockWait{2'000};     // for the directory's lock
inline constexpr milliseconds kServerWait{10'000};  // for a server that is named in the settings

// kUnavailable, naming the owner, when the port is taken and, with `wait`, stays so; kInvalid when
// the address is none of ours.
Status port_is_free(const Address& address, std::optional<PortWait> wait = {});
// From `first` on, the first port of 127.0.0.1 that is free; 0 when the next hundred are not.
std::uint16_t next_free_port(std::uint16_t first);

struct ProcessFigures {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t open_files_max = 0;
  double started_at = 0;  // seconds since 1970
};
ProcessFigures process_figures();

// Writes the file whole or not at all: a temporary beside it, renamed. Of several writers at once,
// the last one's stays.
Status put_file(const std::filesystem::path& file, const std::string& text, mode_t mode);

}  // namespace seckill::app
