// The machine's disk: files of one directory, written by a flusher thread, made by a maker thread.
//
// Flush: pwrite + fdatasync through the page cache, so what reaches the medium together is a page:
// sector() is at least 4096 (docs/decisions/0004-blocks-and-flush.md says why not O_DIRECT).
// Threads: as Disk says; two of its own. Destroying it waits for what is under way.
// What it does badly: a sync that hangs, hangs its destructor; and a file of zeros is really
// written, so making one costs as many writes as filling it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/disk.h"
#include "base/fd.h"

namespace seckill {

// Reads beside whoever writes, without a lock: audit, consumer, `journal dump`.
// Threads: one owner. The file read last stays open.
class FileDiskReader final : public DiskReader {
 public:
  // kInvalid when there is no such directory, or it may not be read.
  static Result<std::unique_ptr<FileDiskReader>> open(const std::string& directory);

  Result<std::vector<std::string>> list() override;
  Result<std::uint64_t> size(std::string_view name) override;
  Result<std::size_t> read(std::string_view name, std::uint64_t offset,
                           std::span<std::byte> to) override;

 private:
  friend class FileDisk;
  FileDiskReader(std::string directory, Fd fd)
      : directory_(std::move(directory)), directory_fd_(std::move(fd)) {}
  void forget() { file_.reset(), file_name_.clear(); }
  Error error(std::string_view doing, std::string_view name, int number) const;

  std::string directory_;
  Fd directory_fd_;
  Fd file_;  // the one read last
  std::string file_name_;
};

class FileDisk final : public Disk {
 public:
  // Makes the directory (0700) if need be and locks it. kUnavailable: another process has it (it is
  // named). kInvalid: it cannot be written, or is no directory. kFull: no space.
  static Result<std::unique_ptr<FileDisk>> open(const std::string& directory);
  ~FileDisk() override;

  Result<std::vector<std::string>> list() override { return reader_->list(); }
  Result<std::uint64_t> size(std::string_view name) override { return reader_->size(name); }
  Result<std::size_t> read(std::string_view name, std::uint64_t offset,
                           std::span<std::byte> to) override {
    return reader_->read(name, offset, to);
  }
  std::size_t sector() const override { return sector_; }

  // The bytes are copied: whoever asked may be gone before they are written.
  void write(std::string_view name, std::uint64_t offset,
             std::span<const std::byte> bytes) override;
  void make(std::string_view name, std::uint64_t size) override;
  std::optional<DiskDone> poll() override;
  int wake_fd() const override { return wake_.get(); }

  Status put(std::string_view name, std::span<const std::byte> bytes, std::uint64_t size) override;
  Status rename(std::string_view from, std::string_view to) override;
  Status remove(std::string_view name) override;

 private:
  struct WriteJob {
    std::string name;
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;
    bool reopen = false;  // names have moved since the last write
  };
  struct MakeJob {
    std::string name;
    std::uint64_t size = 0;
  };

  FileDisk(std::unique_ptr<FileDiskReader> reader, Fd lock, Fd wake, std::size_t sector);
  int directory() const { return reader_->directory_fd_.get(); }
  void flush_in_turn();  // the flusher thread
  void make_in_turn();   // the maker thread
  DiskDone flush(const WriteJob& job, Fd& file, std::string& file_name);
  Result<Fd> write_new(std::string_view name, std::span<const std::byte> bytes, std::uint64_t size,
                       const std::function<bool()>& give_up) const;
  Fd take_made(std::string_view name);
  void names_move();
  Status sync_directory(std::string_view doing, std::string_view name) const;
  void tell(DiskDone done);

  std::unique_ptr<FileDiskReader> reader_;
  Fd lock_;
  Fd wake_;  // eventfd
  std::size_t sector_;

  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  WriteJob writing_;
  bool write_waits_ = false;
  MakeJob making_;
  bool make_waits_ = false;
  Fd made_;  // the file made last, until it is written: a rollover needs no new descriptor
  std::string made_name_;
  bool names_moved_ = false;
  bool stopping_ = false;
  std::deque<DiskDone> done_;

  std::thread flusher_;  // last: they see everything above
  std::thread maker_;
};

}  // namespace seckill
