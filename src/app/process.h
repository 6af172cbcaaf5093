// What this process and this machine look like from inside: limits, signals' manners, who has a
// port.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>

#include "app/units.h"
#include "base/result.h"

namespace seckill::app {

// Open files: the soft limit raised to the hard one. Returns what we may open now.
std::uint64_t raise_open_files();
// T27: a core would hold the sales' secrets.
void forbid_core_dumps();

struct PortOwner {
  std::string name;  // "node"
  pid_t pid = 0;
};
// Who listens on this TCP port, as far as this user may see.
std::optional<PortOwner> port_owner(std::uint16_t port);

// kUnavailable, naming the owner, when the port is taken; kInvalid when the address is none of
// ours.
Status port_is_free(const Address& address);
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

// Writes the file whole or not at all: a temporary beside it, renamed.
Status put_file(const std::filesystem::path& file, const std::string& text, mode_t mode);

}  // namespace seckill::app
