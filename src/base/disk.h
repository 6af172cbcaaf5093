// Named files of one directory, written so that "done" means durable. The machine's disk, or the
// simulator's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace seckill {

// Reading, which waits: recovery, consumer, audit. Names are plain file names without '/'.
class DiskReader {
 public:
  virtual ~DiskReader() = default;
  virtual Result<std::vector<std::string>> list() = 0;  // sorted
  virtual Result<std::uint64_t> size(std::string_view name) = 0;
  // Reads to.size() bytes; fewer only at the end of the file. Returns how many.
  virtual Result<std::size_t> read(std::string_view name, std::uint64_t offset,
                                   std::span<std::byte> to) = 0;
};

// One of the two things that were started is done.
struct DiskDone {
  enum class What : std::uint8_t { kWrite, kMake };
  What what = What::kWrite;
  std::optional<Error> error;  // of write and sync alike; final for a write
  std::int64_t took_us = 0;    // for a write: the whole flush
};

// Promises: (1) a write is durable when its DiskDone without error is polled, and may be there
// wholly, partly or not at all before; (2) make(): file of zeros, its bytes and its name durable
// when done; (3) a write never touches a byte that it does not name, beyond the sector it lies in;
// (4) after a failed write nothing is promised and nothing is retried; (5) a failed make leaves no
// file, and the make after it starts only after a pause of the disk's choosing (a second on the
// machine), so its caller may ask again at once and needs no clock. Threads: belongs to its
// caller's thread; start calls never wait. One write and one make may be under way at once.
class Disk : public DiskReader {
 public:
  // Bytes that reach the medium together, as the file system reports for direct I/O; else 4096. A
  // power of two.
  virtual std::size_t sector() const = 0;

  virtual void write(std::string_view name, std::uint64_t offset,
                     std::span<const std::byte> bytes) = 0;  // live until done; none: done, too
  virtual void make(std::string_view name, std::uint64_t size) = 0;
  virtual std::optional<DiskDone> poll() = 0;
  virtual int wake_fd() const = 0;

  // For recovery, which may wait: each is durable when it returns (file synced, directory synced).
  virtual Status put(std::string_view name, std::span<const std::byte> bytes,
                     std::uint64_t size) = 0;  // zeros behind bytes, to size
  virtual Status rename(std::string_view from, std::string_view to) = 0;
  virtual Status remove(std::string_view name) = 0;
};

}  // namespace seckill
