#include "base/file_disk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <linux/stat.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_error.h"
#include "base/invariant.h"
#include "base/thread_name.h"

namespace seckill {
namespace {

// Zeros between two syncs: a turn's flush waits behind no more of them.
constexpr std::size_t kSlice = 256 << 10;
constexpr std::chrono::seconds kPauseAfterFailedMake{1};

std::string path_of(std::string_view directory, std::string_view name) {
  return fmt::format("{}/{}", directory, name);
}

// Writes all of it: a signal and a short write only mean "go on".
int write_all(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return ENOSPC;  // POSIX names no such case; going round for ever would be worse
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return 0;
}

// Each directory on the way, its name made durable in its parent.
int make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) {
    if (errno == EEXIST) return 0;
    const auto slash = path.find_last_of('/');
    if (errno != ENOENT || slash == std::string::npos || slash == 0) return errno;
    if (const int wrong = make_directories(path.substr(0, slash), 0755)) return wrong;
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return errno;
  }
  const auto slash = path.find_last_of('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Fd fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::fsync(fd.get());  // some file systems refuse to sync a directory: no reason to stop
  return 0;
}

// "seckill (pid 4711)", as far as the lock file and /proc tell.
std::string owner_of(int lock) {
  std::array<char, 32> text{};
  const ssize_t n = ::pread(lock, text.data(), text.size() - 1, 0);
  const long pid = n > 0 ? std::strtol(text.data(), nullptr, 10) : 0;
  if (pid <= 0) return "another process";
  std::string command;
  std::getline(std::ifstream(fmt::format("/proc/{}/comm", pid)), command);
  return fmt::format("{} (pid {})", command.empty() ? "a process" : command, pid);
}

Result<Fd> lock_directory(int directory, const std::string& path) {
  Fd lock(::openat(directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return fail(file_error("make", path_of(path, "lock"), errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(file_error("lock", path_of(path, "lock"), errno));
    return fail(Error::Code::kUnavailable,
                fmt::format("disk: {} is in use by {}: two writers would damage it; stop that one, "
                            "or name another directory",
                            path, owner_of(lock.get())));
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.get(), 0) != 0) {
    return fail(file_error("write", path_of(path, "lock"), errno));
  }
  if (const int wrong = write_all(lock.get(), std::as_bytes(std::span(pid)), 0)) {
    return fail(file_error("write", path_of(path, "lock"), wrong));
  }
  return lock;
}

// A write through the page cache reaches the medium by whole pages, whatever the device's sector
// is: a block that shared its page with a durable one would have that one written again (J1).
std::size_t sector_of(int directory) {
  const auto page = static_cast<std::size_t>(std::max(4096L, ::sysconf(_SC_PAGESIZE)));
  struct statx facts{};
  if (::statx(directory, "lock", 0, STATX_DIOALIGN, &facts) != 0) return page;
  const std::size_t direct = (facts.stx_mask & STATX_DIOALIGN) ? facts.stx_dio_offset_align : 0;
  const bool usable = direct != 0 && direct <= 65536 && (direct & (direct - 1)) == 0;
  return usable ? std::max(page, direct) : page;
}

}  // namespace

Result<std::unique_ptr<FileDisk>> FileDisk::open(const std::string& directory) {
  if (const int wrong = make_directories(directory, 0700)) {
    return fail(file_error("make directory", directory, wrong));
  }
  auto reader = FileDiskReader::open(directory);
  if (!reader) return fail(reader.error());
  const int fd = (*reader)->directory_fd_.get();
  auto lock = lock_directory(fd, directory);
  if (!lock) return fail(lock.error());
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail(file_error("make an eventfd for", directory, errno));
  const std::size_t sector = sector_of(fd);
  return std::unique_ptr<FileDisk>(
      new FileDisk(std::move(*reader), std::move(*lock), std::move(wake), sector));
}

FileDisk::FileDisk(std::unique_ptr<FileDiskReader> reader, Fd lock, Fd wake, std::size_t sector)
    : reader_(std::move(reader)), lock_(std::move(lock)), wake_(std::move(wake)), sector_(sector) {
  flusher_ = std::thread([this] { flush_in_turn(); });
  maker_ = std::thread([this] { make_in_turn(); });
}

FileDisk::~FileDisk() {
  {
    const std::scoped_lock hold(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  flusher_.join();
  maker_.join();
}

void FileDisk::write(std::string_view name, std::uint64_t offset,
                     std::span<const std::byte> bytes) {
  {
    const std::scoped_lock hold(mutex_);
    invariant(!write_waits_, "one write at a time");
    writing_.name = name;
    writing_.offset = offset;
    writing_.bytes.assign(bytes.begin(), bytes.end());
    writing_.reopen = std::exchange(names_moved_, false);
    write_waits_ = true;
  }
  changed_.notify_all();
}

void FileDisk::make(std::string_view name, std::uint64_t size) {
  {
    const std::scoped_lock hold(mutex_);
    invariant(!make_waits_, "one make at a time");
    making_ = {std::string(name), size};
    make_waits_ = true;
  }
  changed_.notify_all();
}

std::optional<DiskDone> FileDisk::poll() {
  const std::scoped_lock hold(mutex_);
  if (done_.empty()) return std::nullopt;
  DiskDone done = std::move(done_.front());
  done_.pop_front();
  if (done_.empty()) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(wake_.get(), &count, sizeof count);
  }
  return done;
}

void FileDisk::tell(DiskDone done) {
  const std::scoped_lock hold(mutex_);
  (done.what == DiskDone::What::kWrite ? write_waits_ : make_waits_) = false;
  done_.push_back(std::move(done));
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

void FileDisk::flush_in_turn() {
  name_thread("flusher");
  Fd file;
  std::string file_name;
  std::optional<Error> broken;  // an error is final: every write after it hears the same
  for (;;) {
    {
      std::unique_lock hold(mutex_);
      changed_.wait(hold, [this] { return write_waits_ || stopping_; });
      if (!write_waits_) return;
    }
    // writing_ is this thread's until tell().
    DiskDone done{DiskDone::What::kWrite, broken, 0};
    if (!broken) {
      if (std::exchange(writing_.reopen, false)) file.reset();
      done = flush(writing_, file, file_name);
      broken = done.error;
    }
    tell(std::move(done));
  }
}

DiskDone FileDisk::flush(const WriteJob& job, Fd& file, std::string& file_name) {
  const auto start = std::chrono::steady_clock::now();
  int wrong = 0;
  if (!file || file_name != job.name) {
    file = take_made(job.name);
    if (!file) file = Fd(::openat(directory(), job.name.c_str(), O_WRONLY | O_CLOEXEC));
    file_name = job.name;
    if (!file) wrong = errno;
  }
  if (wrong == 0) wrong = write_all(file.get(), job.bytes, job.offset);
  if (wrong == 0 && ::fdatasync(file.get()) != 0) wrong = errno;
  DiskDone done;
  done.took_us = std::chrono::duration_cast<std::chrono::microseconds>(
                     std::chrono::steady_clock::now() - start)
                     .count();
  if (wrong != 0) done.error = reader_->error("write", job.name, wrong);
  return done;
}

Fd FileDisk::take_made(std::string_view name) {
  const std::scoped_lock hold(mutex_);
  return made_name_ == name ? std::move(made_) : Fd();
}

void FileDisk::names_move() {
  const std::scoped_lock hold(mutex_);
  names_moved_ = true;
  made_.reset();
}

void FileDisk::make_in_turn() {
  name_thread("maker");
  auto not_before = std::chrono::steady_clock::now();
  for (;;) {
    MakeJob job;
    {
      std::unique_lock hold(mutex_);
      changed_.wait(hold, [this] { return make_waits_ || stopping_; });
      changed_.wait_until(hold, not_before, [this] { return stopping_; });
      if (stopping_) return;
      job = making_;
    }
    const auto give_up = [this] {
      const std::scoped_lock hold(mutex_);
      return stopping_;
    };
    DiskDone done{DiskDone::What::kMake, std::nullopt, 0};
    if (const Fd there{::openat(directory(), job.name.c_str(), O_RDONLY | O_CLOEXEC)}) {
      done.error = reader_->error("make", job.name, EEXIST);
    } else if (auto made = write_new(job.name, {}, job.size, give_up)) {
      const std::scoped_lock hold(mutex_);
      made_ = std::move(*made);
      made_name_ = job.name;
    } else {
      ::unlinkat(directory(), job.name.c_str(), 0);  // gives the space back
      done.error = made.error();
    }
    if (done.error) not_before = std::chrono::steady_clock::now() + kPauseAfterFailedMake;
    tell(std::move(done));
  }
}

// Really writes the zeros: blocks that were only promised to a file cost a later flush its speed
// and, on a full disk, its success.
Result<Fd> FileDisk::write_new(std::string_view name, std::span<const std::byte> bytes,
                               std::uint64_t size, const std::function<bool()>& give_up) const {
  Fd file(::openat(directory(), std::string(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                   0600));
  if (!file) return fail(reader_->error("make", name, errno));
  const auto failed = [&](int wrong) { return fail(reader_->error("write", name, wrong)); };
  if (const int wrong = write_all(file.get(), bytes, 0)) return failed(wrong);
  const std::vector<std::byte> zeros(std::min<std::uint64_t>(size, kSlice));
  for (std::uint64_t at = bytes.size(); at < size;) {
    const auto n = std::min<std::uint64_t>(zeros.size(), size - at);
    if (const int wrong = write_all(file.get(), std::span(zeros).first(n), at)) {
      return failed(wrong);
    }
    at += n;
    if (!give_up) continue;
    if (::fdatasync(file.get()) != 0) return failed(errno);
    if (give_up()) return failed(ECANCELED);
  }
  if (::fsync(file.get()) != 0) return failed(errno);
  if (Status synced = sync_directory("make", name); !synced) return fail(std::move(synced.error()));
  return file;
}

Status FileDisk::sync_directory(std::string_view doing, std::string_view name) const {
  if (::fsync(directory()) != 0) return fail(reader_->error(doing, name, errno));
  return {};
}

Status FileDisk::put(std::string_view name, std::span<const std::byte> bytes, std::uint64_t size) {
  names_move();
  reader_->forget();
  const auto written = write_new(name, bytes, size, nullptr);
  if (!written) return fail(written.error());
  return {};
}

Status FileDisk::rename(std::string_view from, std::string_view to) {
  names_move();
  reader_->forget();
  if (::renameat(directory(), std::string(from).c_str(), directory(), std::string(to).c_str()) !=
      0) {
    return fail(reader_->error("rename", from, errno));
  }
  return sync_directory("rename", from);
}

Status FileDisk::remove(std::string_view name) {
  names_move();
  reader_->forget();
  if (::unlinkat(directory(), std::string(name).c_str(), 0) != 0) {
    return fail(reader_->error("remove", name, errno));
  }
  return sync_directory("remove", name);
}

}  // namespace seckill
