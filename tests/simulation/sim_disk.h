// The disk of the simulated world. A Platter is what survives a process; a SimDisk is how one
// process sees it, and dies with it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "chance.h"

namespace seckill::simulation {

enum class Crash { kKill, kPowerCut };

// Files by name, and how much of them only lives in the operating system's cache. Such bytes are
// read like any others and survive kill -9, but not a power cut: so it is after a failed sync, too.
class Platter {
 public:
  struct File {
    std::uint64_t size = 0;
    std::vector<std::byte> bytes;  // zeros behind them, up to size
  };
  // A write that is known to be durable.
  struct Written {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  struct Rot {
    Written block;
    std::uint64_t at = 0;  // this byte is damaged
    std::byte was{};
  };

  explicit Platter(std::size_t sector_bytes) : sector(sector_bytes) {}

  std::size_t read(const std::string& name, std::uint64_t offset, std::span<std::byte> to) const;
  void write(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes);
  // It becomes readable; whether it is durable the next power cut will tell.
  void cache(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes);
  void rename(const std::string& from, const std::string& to);
  void remove(const std::string& name);

  // Each sector of such a write: as it was, as it should be, torn, or garbage.
  void scatter(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes,
               Chance& chance);
  void power_cut(Chance& chance);  // what was only cached is gone, or not

  // Damages a durable block that has a successor. Nothing: there is none.
  std::optional<Rot> rot(Chance& chance);
  void heal(const Rot& rot);

  std::map<std::string, File> files;
  std::vector<Written> durable;  // in order
  const std::size_t sector;

 private:
  struct Cached {
    std::string name;
    std::uint64_t offset = 0;
    std::vector<std::byte> durable;
  };
  std::vector<Cached> cached_;  // oldest first
};

// How this disk behaves, until the world says otherwise.
struct DiskMood {
  microseconds flush_usual{300};
  microseconds flush_most{20'000};
  bool next_write_fails = false;
  bool full = false;  // no file can be made
};

class SimDisk final : public Disk {
 public:
  // After the delay, unless this process has died by then.
  using Later = std::function<void(microseconds, std::function<void()>)>;
  // Something can be polled.
  using Wake = std::function<void()>;

  SimDisk(Platter& platter, Chance& chance, DiskMood& mood, Later later, Wake wake)
      : platter_(platter),
        chance_(chance),
        mood_(mood),
        later_(std::move(later)),
        wake_(std::move(wake)) {}

  // The process dies: what is under way reaches the platter, or a part of it, or nothing.
  void die(Crash how);
  // Dies within the n-th of the calls that wait (recovery): it and all later ones fail.
  void die_within(int calls, Crash how) { fuse_ = calls, fuse_crash_ = how; }
  bool dead() const { return dead_; }

  Result<std::vector<std::string>> list() override;
  Result<std::uint64_t> size(std::string_view name) override;
  Result<std::size_t> read(std::string_view name, std::uint64_t offset,
                           std::span<std::byte> to) override;
  std::size_t sector() const override { return platter_.sector; }
  void write(std::string_view name, std::uint64_t offset,
             std::span<const std::byte> bytes) override;
  void make(std::string_view name, std::uint64_t size) override;
  std::optional<DiskDone> poll() override;
  int wake_fd() const override { return -1; }
  Status put(std::string_view name, std::span<const std::byte> bytes, std::uint64_t size) override;
  Status rename(std::string_view from, std::string_view to) override;
  Status remove(std::string_view name) override;

 private:
  struct Writing {
    std::string name;
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;
    bool readable = false;  // already in the cache, though not durable
  };
  struct Making {
    std::string name;
    std::uint64_t size = 0;
  };

  void finish_write(bool fails, std::int64_t took_us);
  void finish_make();
  bool burns();  // the fuse
  void put_in_part(const std::string& name, std::span<const std::byte> bytes, std::uint64_t size);

  Platter& platter_;
  Chance& chance_;
  DiskMood& mood_;
  Later later_;
  Wake wake_;
  std::optional<Writing> writing_;
  std::optional<Making> making_;
  std::deque<DiskDone> done_;
  int fuse_ = -1;
  Crash fuse_crash_ = Crash::kKill;
  bool dead_ = false;
};

}  // namespace seckill::simulation
