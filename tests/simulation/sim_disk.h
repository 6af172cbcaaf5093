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
#include "model/ids.h"
#include "stage.h"

namespace seckill::simulation {

enum class Crash { kKill, kPowerCut };

// Files by name, and how much of them only lives in the operating system's cache. Such bytes are
// read like any others and survive kill -9, but not a power cut: so it is after a failed sync, too.
// The same holds for names: a file that was made, renamed or removed by a process that was killed
// meanwhile may be as it was before, until somebody syncs the directory.
class Platter {
 public:
  struct File {
    std::uint64_t size = 0;
    std::vector<std::byte> bytes;  // zeros behind them, up to size
  };
  // A block that is known to be durable, as it was written: perhaps with a segment's head before
  // it.
  struct Written {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  struct Rot {
    Written block;
    const char* part = "";  // a segment's head, a block's head, its records
    std::uint64_t at = 0;   // this byte is damaged
    std::byte was{};
    // Set where no block lies behind it: only rows that know more than this show that it was there.
    std::optional<Position> last;
  };

  explicit Platter(std::size_t sector_bytes) : sector(sector_bytes) {}

  std::size_t read(const std::string& name, std::uint64_t offset, std::span<std::byte> to) const;
  void write(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes);
  // It becomes readable; whether it is durable the next power cut will tell.
  void cache(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes);
  void rename(const std::string& from, const std::string& to);
  void remove(const std::string& name);

  // What is done to these names next is not in the directory yet …
  void remember(const std::vector<std::string>& names);
  // … until it is synced, with all that came before.
  void directory_synced() { unsynced_.clear(); }
  bool names_are_in_doubt() const { return !unsynced_.empty(); }

  // Each sector of such a write: as it was, as it should be, torn, or garbage. A sector is spoilt
  // whole, whoever else has bytes in it.
  void scatter(const std::string& name, std::uint64_t offset, std::span<const std::byte> bytes,
               Chance& chance);
  // The files are copied to another disk, as they can be read.
  void move_to(std::size_t sector_bytes) {
    sector = sector_bytes;
    cached_.clear(), unsynced_.clear();
  }
  void power_cut(Chance& chance);  // what was only cached is gone, or not

  // Damages durable blocks that must be missed, one or two: they have a successor, or the rows know
  // of them. Empty: there is none.
  std::vector<Rot> rot(Chance& chance, Position rows_at);
  void heal(const Rot& rot);
  std::uint64_t segment_bytes() const;  // of all files that have a segment's name

  std::map<std::string, File> files;
  std::vector<Written> durable;  // in order
  std::size_t sector;            // another one, once the files were moved to another disk

 private:
  // Names as they were before one change.
  using Names = std::vector<std::pair<std::string, std::optional<File>>>;
  void forget_cached(const std::string& name);
  void spoil(const std::string& name, std::uint64_t at, Chance& chance);
  Rot spot(Chance& chance, const Written& block) const;

  struct Cached {
    std::string name;
    std::uint64_t offset = 0;
    std::vector<std::byte> durable;
  };
  std::vector<Cached> cached_;   // oldest first
  std::vector<Names> unsynced_;  // likewise
};

// Why a call fails, once, as the n-th from now.
enum class Trouble : std::uint8_t {
  kInputOutput,  // a sync that fails: what was written may be read, and is not there
  kNoSpace,      // nothing of it, or some whole sectors
  kShort,        // some bytes of it
};
struct Failing {
  int in = 0;  // so many calls go well before
  Trouble how = Trouble::kInputOutput;
};

// How this disk behaves, until the world says otherwise.
struct DiskMood {
  microseconds flush_usual{300};
  microseconds flush_most{20'000};
  std::optional<Failing> writes_fail;
  std::optional<Failing> calls_fail;    // those that wait: list, size, read, put, rename, remove
  std::function<void()> in_next_write;  // once, while it is under way
  bool next_make_fails = false;
  bool full = false;                 // no file can be made or put
  bool forgets_directories = false;  // a canary's: names are never synced
};

class SimDisk final : public Disk {
 public:
  // After the delay, unless this process has died by then.
  using Later = std::function<void(microseconds, std::function<void()>)>;
  // Something can be polled.
  using Wake = std::function<void()>;

  SimDisk(Platter& platter, Stage& stage, Chance& chance, DiskMood& mood, Later later = nullptr,
          Wake wake = nullptr)
      : platter_(platter),
        stage_(stage),
        chance_(chance),
        mood_(mood),
        later_(std::move(later)),
        wake_(std::move(wake)) {}

  // The process dies: what is under way reaches the platter, or a part of it, or nothing.
  void die(Crash how, Chance& chance);
  // Dies within the n-th of the calls that wait (recovery): it and all later ones fail.
  void die_within(int calls, Crash how) { fuse_ = calls, fuse_crash_ = how; }
  bool dead() const { return dead_; }
  int failed_writes() const { return failed_writes_; }
  int failed_calls() const { return failed_calls_; }

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

  void finish_write(std::optional<Trouble> trouble, std::int64_t took_us);
  void leave_in_part(const Writing& writing, Trouble trouble);
  void finish_make();
  bool burns();                    // the fuse
  std::optional<Error> trouble();  // of a call that waits
  void in_doubt(const std::vector<std::string>& names);
  void about_to_change(const std::vector<std::string>& names);
  void sync_directory();
  void put_in_part(const std::string& name, std::span<const std::byte> bytes, std::uint64_t size);

  Platter& platter_;
  Stage& stage_;
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
  int failed_writes_ = 0;
  int failed_calls_ = 0;
};

}  // namespace seckill::simulation
