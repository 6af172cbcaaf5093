// For tests of this station: a disk in memory whose power can be cut at any moment.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/disk.h"
#include "base/invariant.h"

namespace seckill {

// Nothing is done before complete(). Until then a write may reach the medium in any of its sectors,
// wholly or garbled; a make in any length. Every operation of recovery counts down `fuse`: when it
// is 0, that operation stops half-way and everything after it fails, as in a process that died.
class MemoryDisk final : public Disk {
 public:
  using Files = std::map<std::string, std::vector<std::byte>, std::less<>>;
  static constexpr std::size_t kSector = 512;

  MemoryDisk() = default;
  explicit MemoryDisk(Files files) : medium(files), cache(std::move(files)) {}

  Files medium;  // what a power cut leaves
  Files cache;   // what reads see
  std::size_t sector_bytes = kSector;
  int fuse = -1;            // -1: never
  bool sync_fails = false;  // the next write reaches the cache, not the medium
  bool makes_fail = false;

  Result<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : cache) names.push_back(name);
    return names;
  }
  Result<std::uint64_t> size(std::string_view name) override {
    const auto file = cache.find(name);
    if (file == cache.end()) return none(name);
    return file->second.size();
  }
  Result<std::size_t> read(std::string_view name, std::uint64_t offset,
                           std::span<std::byte> to) override {
    const auto file = cache.find(name);
    if (file == cache.end()) return none(name);
    if (offset >= file->second.size()) return 0;
    const std::size_t n = std::min<std::size_t>(to.size(), file->second.size() - offset);
    std::copy_n(file->second.begin() + static_cast<std::ptrdiff_t>(offset), n, to.begin());
    return n;
  }

  std::size_t sector() const override { return sector_bytes; }
  int wake_fd() const override { return -1; }
  void write(std::string_view name, std::uint64_t offset,
             std::span<const std::byte> bytes) override {
    invariant(!write_, "one write at a time");
    write_ = Write{std::string(name), offset, {bytes.begin(), bytes.end()}};
  }
  void make(std::string_view name, std::uint64_t size) override {
    invariant(!make_, "one make at a time");
    make_ = Make{std::string(name), size};
  }
  std::optional<DiskDone> poll() override {
    if (done_.empty()) return std::nullopt;
    DiskDone done = std::move(done_.front());
    done_.erase(done_.begin());
    return done;
  }

  bool busy() const { return write_ || make_; }
  bool writes() const { return write_.has_value(); }
  void complete_write() {
    if (!write_) return;
    DiskDone done{DiskDone::What::kWrite, std::nullopt, 100};
    put_at(cache, *write_);
    if (sync_fails) {
      done.error = Error{Error::Code::kFailed, "disk: sync failed"};
    } else {
      put_at(medium, *write_);
    }
    write_.reset();
    done_.push_back(done);
  }
  void complete_make() {
    if (!make_) return;
    DiskDone done{DiskDone::What::kMake, std::nullopt, 0};
    if (makes_fail) {
      done.error = Error{Error::Code::kFull, "disk: no space left"};
    } else {
      invariant(!cache.contains(make_->name), "a spare is made once");
      cache[make_->name] = medium[make_->name] = std::vector<std::byte>(make_->size);
    }
    make_.reset();
    done_.push_back(done);
  }
  void complete() { complete_write(), complete_make(); }

  // What is left when the power goes now.
  Files after_power_cut(std::mt19937_64& random) const {
    Files left = medium;
    if (write_) tear(left, *write_, random);
    if (make_ && random() % 3 != 0) left[make_->name].resize(random() % (make_->size + 1));
    return left;
  }

  Status put(std::string_view name, std::span<const std::byte> bytes, std::uint64_t size) override {
    std::vector<std::byte> whole(bytes.begin(), bytes.end());
    whole.resize(size);
    const bool dies = burns();
    if (dies) whole.resize(whole.size() / 2);
    if (fuse != -2) medium[std::string(name)] = cache[std::string(name)] = whole;
    return dies ? dead() : Status{};
  }
  Status rename(std::string_view from, std::string_view to) override {
    if (burns()) return dead();
    for (Files* files : {&medium, &cache}) {
      auto file = files->extract(files->find(from));
      file.key() = to;
      files->erase(std::string(to));
      files->insert(std::move(file));
    }
    return {};
  }
  Status remove(std::string_view name) override {
    if (burns()) return dead();
    for (Files* files : {&medium, &cache}) files->erase(std::string(name));
    return {};
  }

 private:
  struct Write {
    std::string name;
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;
  };
  struct Make {
    std::string name;
    std::uint64_t size = 0;
  };

  static tl::unexpected<Error> none(std::string_view name) {
    return fail(Error::Code::kInvalid, std::string(name) + ": no such file");
  }
  static Status dead() { return fail(Error::Code::kFailed, "the process died here"); }
  bool burns() {
    if (fuse == -1) return false;
    if (fuse > 0) return --fuse, false;
    if (fuse == 0) return fuse = -3, true;  // this one half-way …
    fuse = -2;                              // … and nothing after it
    return true;
  }
  static void put_at(Files& files, const Write& write) {
    auto& file = files.at(write.name);
    invariant(write.offset + write.bytes.size() <= file.size(), "writes stay in their file");
    std::copy(write.bytes.begin(), write.bytes.end(),
              file.begin() + static_cast<std::ptrdiff_t>(write.offset));
  }
  void tear(Files& files, const Write& write, std::mt19937_64& random) const {
    auto& file = files.at(write.name);
    for (std::size_t at = 0; at < write.bytes.size(); at += sector_bytes) {
      const auto fate = random() % 4;  // written twice as often as lost or garbled
      for (std::size_t i = at; i < std::min(at + sector_bytes, write.bytes.size()); ++i) {
        std::byte& byte = file[write.offset + i];
        if (fate >= 2) byte = write.bytes[i];
        if (fate == 1) byte = static_cast<std::byte>(random());
      }
    }
  }

  std::optional<Write> write_;
  std::optional<Make> make_;
  std::vector<DiskDone> done_;
};

}  // namespace seckill
