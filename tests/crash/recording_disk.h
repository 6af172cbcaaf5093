// The machine's disk, with every step of its use written down: what began, what was said to be
// durable, and what shoppers were told meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/disk.h"

namespace seckill::testing {

struct Step {
  enum class What : std::uint8_t { kWrite, kMake, kPut, kRename, kRemove, kAsked, kTold };
  What what = What::kTold;
  bool ends =
      false;  // durable from here on; a begun step may be there wholly, partly or not at all
  std::string name, to;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  // of the file; kAsked, kTold: how many records
  std::vector<std::byte> bytes;
};

// A decorator. What the disk has done and not yet been asked for counts as not durable: the images
// made of the log are a superset of those that a power cut can leave.
class RecordingDisk final : public Disk {
 public:
  RecordingDisk(Disk& real, std::vector<Step>& log) : real_(real), log_(log) {}

  Result<std::vector<std::string>> list() override { return real_.list(); }
  Result<std::uint64_t> size(std::string_view name) override { return real_.size(name); }
  Result<std::size_t> read(std::string_view name, std::uint64_t offset,
                           std::span<std::byte> to) override {
    return real_.read(name, offset, to);
  }
  std::size_t sector() const override { return real_.sector(); }
  int wake_fd() const override { return real_.wake_fd(); }

  void write(std::string_view name, std::uint64_t offset,
             std::span<const std::byte> bytes) override {
    log_.push_back({.what = Step::What::kWrite,
                    .name = std::string(name),
                    .offset = offset,
                    .bytes = {bytes.begin(), bytes.end()}});
    real_.write(name, offset, bytes);
  }
  void make(std::string_view name, std::uint64_t size) override {
    log_.push_back({.what = Step::What::kMake, .name = std::string(name), .size = size});
    real_.make(name, size);
  }
  std::optional<DiskDone> poll() override {
    auto done = real_.poll();
    if (done && !done->error) {
      const bool write = done->what == DiskDone::What::kWrite;
      log_.push_back({.what = write ? Step::What::kWrite : Step::What::kMake, .ends = true});
    }
    return done;
  }
  Status put(std::string_view name, std::span<const std::byte> bytes, std::uint64_t size) override {
    log_.push_back({.what = Step::What::kPut,
                    .name = std::string(name),
                    .size = size,
                    .bytes = {bytes.begin(), bytes.end()}});
    return ended(Step::What::kPut, real_.put(name, bytes, size));
  }
  Status rename(std::string_view from, std::string_view to) override {
    log_.push_back({.what = Step::What::kRename, .name = std::string(from), .to = std::string(to)});
    return ended(Step::What::kRename, real_.rename(from, to));
  }
  Status remove(std::string_view name) override {
    log_.push_back({.what = Step::What::kRemove, .name = std::string(name)});
    return ended(Step::What::kRemove, real_.remove(name));
  }

 private:
  Status ended(Step::What what, Status status) {
    if (status) log_.push_back({.what = what, .ends = true});
    return status;
  }
  Disk& real_;
  std::vector<Step>& log_;
};

}  // namespace seckill::testing
