#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <sys/stat.h>

#include "base/file_disk.h"
#include "base/file_error.h"

namespace seckill {
namespace {

struct Advice {
  Error::Code code;
  const char* next;
};

Advice advice_for(int number) {
  using enum Error::Code;
  switch (number) {
    case ENOSPC:
    case EDQUOT: return {kFull, "free some space, then start again"};
    case EFBIG: return {kFull, "raise the limit on file sizes (ulimit -f), then start again"};
    case EMFILE:
    case ENFILE: return {kFull, "raise the limit on open files (ulimit -n)"};
    case EROFS:
    case EACCES:
    case EPERM: return {kInvalid, "let this user write there, or name another directory"};
    case ENOTDIR: return {kInvalid, "a file stands where a directory should; name another"};
    case ENOENT: return {kInvalid, "is the path right?"};
    case EIO: return {kFailed, "the disk is failing: see the kernel's log before starting again"};
    default: return {kFailed, "see the runbook"};
  }
}

}  // namespace

Error file_error(std::string_view doing, std::string_view path, int number) {
  const Advice advice = advice_for(number);
  return {advice.code, fmt::format("disk: cannot {} {}: {}; {}", doing, path, std::strerror(number),
                                   advice.next)};
}

Result<std::unique_ptr<FileDiskReader>> FileDiskReader::open(const std::string& directory) {
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail(file_error("open", directory, errno));
  return std::unique_ptr<FileDiskReader>(new FileDiskReader(directory, std::move(fd)));
}

Error FileDiskReader::error(std::string_view doing, std::string_view name, int number) const {
  return file_error(doing, fmt::format("{}/{}", directory_, name), number);
}

Result<std::vector<std::string>> FileDiskReader::list() {
  Fd fd(::openat(directory_fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail(error("list", "", errno));
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd.get()), ::closedir);
  if (!entries) return fail(error("list", "", errno));
  fd.release();  // closedir closes it
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return fail(error("list", "", errno));
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::uint64_t> FileDiskReader::size(std::string_view name) {
  struct stat facts{};
  if (::fstatat(directory_fd_.get(), std::string(name).c_str(), &facts, 0) != 0) {
    return fail(error("look at", name, errno));
  }
  return static_cast<std::uint64_t>(facts.st_size);
}

Result<std::size_t> FileDiskReader::read(std::string_view name, std::uint64_t offset,
                                         std::span<std::byte> to) {
  if (!file_ || file_name_ != name) {
    file_ = Fd(::openat(directory_fd_.get(), std::string(name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_) return fail(error("read", name, errno));
    file_name_ = name;
  }
  std::size_t got = 0;
  while (got < to.size()) {
    const ssize_t n =
        ::pread(file_.get(), to.data() + got, to.size() - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(error("read", name, errno));
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

}  // namespace seckill
