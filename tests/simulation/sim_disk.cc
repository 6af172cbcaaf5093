#include "sim_disk.h"

#include <algorithm>
#include <utility>

#include "base/invariant.h"
#include "journal/block.h"
#include "journal/segment.h"

namespace seckill::simulation {
namespace {

const Error kDead{Error::Code::kUnavailable, "disk: the simulated process is dead"};

}  // namespace

// ---- Platter ----

std::size_t Platter::read(const std::string& name, std::uint64_t offset,
                          std::span<std::byte> to) const {
  const File& file = files.at(name);
  if (offset >= file.size) return 0;
  const std::size_t size = std::min<std::uint64_t>(to.size(), file.size - offset);
  std::fill_n(to.begin(), size, std::byte{0});
  if (offset < file.bytes.size()) {
    const std::size_t there = std::min<std::uint64_t>(size, file.bytes.size() - offset);
    std::copy_n(file.bytes.begin() + static_cast<std::ptrdiff_t>(offset), there, to.begin());
  }
  return size;
}

void Platter::write(const std::string& name, std::uint64_t offset,
                    std::span<const std::byte> bytes) {
  File& file = files.at(name);
  const std::uint64_t end = offset + bytes.size();
  invariant(end <= file.size, "the journal writes within its segments");
  if (file.bytes.size() < end) file.bytes.resize(end);
  std::copy(bytes.begin(), bytes.end(), file.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

void Platter::cache(const std::string& name, std::uint64_t offset,
                    std::span<const std::byte> bytes) {
  Cached cached{name, offset, std::vector<std::byte>(bytes.size())};
  read(name, offset, cached.durable);
  cached_.push_back(std::move(cached));
  write(name, offset, bytes);
}

void Platter::rename(const std::string& from, const std::string& to) {
  remove(to);
  files[to] = std::move(files.at(from));
  files.erase(from);
  for (Cached& cached : cached_) {
    if (cached.name == from) cached.name = to;
  }
}

void Platter::remove(const std::string& name) {
  files.erase(name);
  forget_cached(name);
}

void Platter::forget_cached(const std::string& name) {
  std::erase_if(cached_, [&](const Cached& cached) { return cached.name == name; });
}

void Platter::remember(const std::vector<std::string>& names) {
  Names was;
  for (const std::string& name : names) {
    const auto file = files.find(name);
    was.emplace_back(name, file == files.end() ? std::nullopt : std::optional(file->second));
  }
  unsynced_.push_back(std::move(was));
}

void Platter::scatter(const std::string& name, std::uint64_t offset,
                      std::span<const std::byte> bytes, Chance& chance) {
  const auto whole = chance.below(6);  // often a sector is not the unit of what happens
  const std::uint64_t end = offset + bytes.size();
  for (std::uint64_t at = offset / sector * sector; at < end; at += sector) {
    const std::uint64_t from = std::max(at, offset), to = std::min(at + sector, end);
    auto part = bytes.subspan(from - offset, to - from);
    switch (whole < 2 ? whole : chance.below(4)) {
      case 0: continue;
      case 1: break;
      case 2: part = part.first(chance.below(part.size())); break;
      default: spoil(name, at, chance); continue;
    }
    write(name, from, part);
  }
}

void Platter::spoil(const std::string& name, std::uint64_t at, Chance& chance) {
  std::vector<std::byte> garbage(std::min<std::uint64_t>(sector, files.at(name).size - at));
  for (std::size_t n = 0; n < garbage.size(); n += 8) {
    const std::uint64_t number = chance.number();
    for (std::size_t byte = 0; byte < 8 && n + byte < garbage.size(); ++byte) {
      garbage[n + byte] = std::byte(number >> (8 * byte));
    }
  }
  write(name, at, garbage);
}

void Platter::power_cut(Chance& chance) {
  for (auto cached = cached_.rbegin(); cached != cached_.rend(); ++cached) {
    scatter(cached->name, cached->offset, cached->durable, chance);
  }
  cached_.clear();
  for (auto lost = chance.below(unsynced_.size() + 1); lost > 0; --lost) {  // the newest first
    for (auto& [name, was] : unsynced_.back()) {
      remove(name);
      if (was) files[name] = std::move(*was);
    }
    unsynced_.pop_back();
  }
  unsynced_.clear();
}

std::vector<Platter::Rot> Platter::rot(Chance& chance, Position rows_at) {
  if (durable.empty()) return {};
  const Written& newest = durable.back();
  const auto newest_bytes =
      std::span<const std::byte>(files.at(newest.name).bytes).subspan(newest.offset);
  const std::uint64_t head = newest.offset > 0 ? 0 : read_segment_head(newest_bytes)->sector;
  const auto first = read_block(newest_bytes.subspan(head))->first;
  const bool rows_know = first < rows_at;
  if (durable.size() < 2 && !rows_know) return {};
  const bool last = rows_know && (durable.size() < 2 || chance.percent(25));
  const auto any = [&] { return durable[chance.below(durable.size() - 1)]; };

  std::vector<Rot> rots{spot(chance, last ? newest : any())};
  if (last) rots.back().last = first;
  // Two of them: the newest block stays whole, else nothing proves the one before it.
  if (!last && chance.percent(25)) {
    const Rot second = spot(chance, any());
    if (second.block.name != rots[0].block.name || second.at != rots[0].at) rots.push_back(second);
  }
  for (const Rot& rot : rots) {
    files.at(rot.block.name).bytes.at(rot.at) ^= std::byte(1U << chance.below(8));
  }
  return rots;
}

// A byte of it that matters: what fills a sector up is no part of a head or a block.
Platter::Rot Platter::spot(Chance& chance, const Written& written) const {
  const auto& file = files.at(written.name).bytes;
  const auto bytes = std::span<const std::byte>(file).subspan(written.offset);
  const std::uint64_t at = written.offset > 0 ? 0 : read_segment_head(bytes)->sector;
  const auto block = read_block(bytes.subspan(at));
  Rot rot{.block = written};
  const auto where = chance.below(10);
  if (at > 0 && where < 3) {
    rot.part = "a segment's head", rot.at = chance.below(kSegmentHeadBytes);
  } else if (where < 6) {
    rot.part = "a block's head", rot.at = at + chance.below(kBlockHeadBytes);
  } else {
    rot.part = "records", rot.at = at + kBlockHeadBytes + chance.below(block->payload.size());
  }
  rot.at += written.offset;
  rot.was = file.at(rot.at);
  return rot;
}

std::uint64_t Platter::segment_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, file] : files) {
    if (segment_number(name)) sum += file.size;
  }
  return sum;
}

void Platter::heal(const Rot& rot) { files.at(rot.block.name).bytes.at(rot.at) = rot.was; }

// ---- SimDisk ----

// The n-th call that waits fails.
std::optional<Error> SimDisk::trouble() {
  if (dead_) return kDead;
  if (!mood_.calls_fail || mood_.calls_fail->in-- > 0) return std::nullopt;
  const Trouble how = std::exchange(mood_.calls_fail, std::nullopt)->how;
  ++failed_calls_;
  stage_.trace("disk", "a call fails");
  if (how == Trouble::kInputOutput) {
    return Error{Error::Code::kFailed, "disk: the simulated call failed: EIO"};
  }
  return Error{Error::Code::kFull, "disk: the simulated call failed: ENOSPC"};
}

Result<std::vector<std::string>> SimDisk::list() {
  if (auto wrong = trouble()) return fail(*wrong);
  std::vector<std::string> names;
  for (const auto& [name, file] : platter_.files) names.push_back(name);
  return names;
}

Result<std::uint64_t> SimDisk::size(std::string_view name) {
  if (auto wrong = trouble()) return fail(*wrong);
  const auto file = platter_.files.find(std::string(name));
  if (file == platter_.files.end()) return fail(Error::Code::kInvalid, "disk: no such file");
  return file->second.size;
}

Result<std::size_t> SimDisk::read(std::string_view name, std::uint64_t offset,
                                  std::span<std::byte> to) {
  if (auto wrong = trouble()) return fail(*wrong);
  if (!platter_.files.contains(std::string(name))) {
    return fail(Error::Code::kInvalid, "disk: no such file");
  }
  const std::size_t size = platter_.read(std::string(name), offset, to);
  if (writing_ && writing_->readable && writing_->name == name) {
    for (std::size_t n = 0; n < writing_->bytes.size(); ++n) {
      const std::uint64_t at = writing_->offset + n;
      if (at >= offset && at < offset + size) to[at - offset] = writing_->bytes[n];
    }
  }
  return size;
}

void SimDisk::write(std::string_view name, std::uint64_t offset, std::span<const std::byte> bytes) {
  invariant(!writing_, "one write under way");
  stage_.check(failed_writes_ == 0 || bytes.empty(), "I9", "it writes after a failed write");
  writing_ = {std::string(name), offset, {bytes.begin(), bytes.end()}, chance_.percent(50)};
  std::optional<Trouble> trouble;
  if (mood_.writes_fail && mood_.writes_fail->in-- <= 0) {
    trouble = std::exchange(mood_.writes_fail, std::nullopt)->how;
  }
  const auto took = chance_.delay(mood_.flush_usual.count(), mood_.flush_most.count());
  if (mood_.in_next_write) {
    const microseconds meanwhile(chance_.between(0, took));
    later_(meanwhile, std::exchange(mood_.in_next_write, nullptr));
  }
  later_(microseconds(took), [this, trouble, took] { finish_write(trouble, took); });
}

void SimDisk::finish_write(std::optional<Trouble> trouble, std::int64_t took_us) {
  const Writing writing = *std::exchange(writing_, std::nullopt);
  DiskDone done{DiskDone::What::kWrite, std::nullopt, took_us};
  if (!trouble && !platter_.files.contains(writing.name)) trouble = Trouble::kInputOutput;
  if (trouble) {
    ++failed_writes_;
    stage_.trace("disk", "a write fails");
    leave_in_part(writing, *trouble);
    const bool full = *trouble == Trouble::kNoSpace;
    done.error = full ? Error{Error::Code::kFull, "disk: the simulated write failed: ENOSPC"}
                      : Error{Error::Code::kFailed, "disk: the simulated write failed: EIO"};
  } else {
    platter_.write(writing.name, writing.offset, writing.bytes);
    if (!writing.bytes.empty()) {  // an empty one only wants its answer: a refused turn
      platter_.durable.push_back({writing.name, writing.offset, writing.bytes.size()});
    }
  }
  done_.push_back(std::move(done));
  wake_();
}

// Nobody knows what reached the medium; reading it back proves nothing.
void SimDisk::leave_in_part(const Writing& writing, Trouble trouble) {
  static constexpr const char* kNames[] = {"a write fails: EIO", "a write fails: ENOSPC",
                                           "a write fails: short"};
  stage_.reached(kNames[static_cast<int>(trouble)]);
  if (writing.bytes.empty() || !platter_.files.contains(writing.name)) return;
  std::size_t there = writing.bytes.size();
  if (trouble == Trouble::kNoSpace) there = chance_.below(there) / kSectorMin * kSectorMin;
  if (trouble == Trouble::kShort) there = chance_.below(there);
  if (there == 0 || chance_.percent(30)) return;
  platter_.cache(writing.name, writing.offset, std::span(writing.bytes).first(there));
}

void SimDisk::make(std::string_view name, std::uint64_t size) {
  invariant(!making_, "one make under way");
  making_ = {std::string(name), size};
  later_(microseconds(chance_.delay(2'000, 300'000)), [this] { finish_make(); });
}

void SimDisk::finish_make() {
  const Making making = *std::exchange(making_, std::nullopt);
  const bool fails = std::exchange(mood_.next_make_fails, false);
  if (fails) stage_.reached("a make fails: EIO");
  if (fails || mood_.full) {
    done_.push_back({DiskDone::What::kMake, Error{Error::Code::kFull, "disk: no space"}, 0});
    return wake_();
  }
  about_to_change({making.name});
  platter_.files[making.name] = {making.size, {}};
  sync_directory();
  done_.push_back({DiskDone::What::kMake, std::nullopt, 0});
  wake_();
}

std::optional<DiskDone> SimDisk::poll() {
  if (done_.empty()) return std::nullopt;
  DiskDone done = std::move(done_.front());
  done_.pop_front();
  return done;
}

bool SimDisk::burns() {
  if (dead_) return true;
  if (fuse_ < 0 || fuse_-- > 0) return false;
  die(fuse_crash_, chance_);
  return true;
}

// The process dies in the middle of it. Killed: what it did is seen, and not synced.
void SimDisk::in_doubt(const std::vector<std::string>& names) {
  if (fuse_crash_ == Crash::kKill) platter_.remember(names);
}

// Only a disk that never syncs them has to remember how names were.
void SimDisk::about_to_change(const std::vector<std::string>& names) {
  if (mood_.forgets_directories) platter_.remember(names);
}

void SimDisk::sync_directory() {
  if (!mood_.forgets_directories) platter_.directory_synced();
}

Status SimDisk::put(std::string_view name, std::span<const std::byte> bytes, std::uint64_t size) {
  const bool was_dead = dead_;
  if (burns()) {
    if (!was_dead) in_doubt({std::string(name)}), put_in_part(std::string(name), bytes, size);
    return fail(kDead);
  }
  if (auto wrong = trouble()) {
    put_in_part(std::string(name), bytes, size);
    return fail(*wrong);
  }
  if (mood_.full) {
    put_in_part(std::string(name), bytes, size);
    return fail(Error::Code::kFull, "disk: no space");
  }
  about_to_change({std::string(name)});
  platter_.remove(std::string(name));
  platter_.files[std::string(name)] = {size, {bytes.begin(), bytes.end()}};
  sync_directory();
  return {};
}

void SimDisk::put_in_part(const std::string& name, std::span<const std::byte> bytes,
                          std::uint64_t size) {
  if (chance_.percent(30)) return;
  platter_.remove(name);
  platter_.files[name] = {chance_.percent(50) ? size : bytes.size(), {}};
  platter_.scatter(name, 0, bytes, chance_);
}

// Where it dies or fails, it has happened or not; and whether the directory knows is open.
Status SimDisk::rename(std::string_view from, std::string_view to) {
  const bool was_dead = dead_;
  const bool burnt = burns();
  const auto wrong = burnt ? std::optional(kDead) : trouble();
  if (!was_dead && (!wrong || chance_.percent(50))) {
    if (burnt) in_doubt({std::string(from), std::string(to)});
    if (wrong && !burnt) platter_.remember({std::string(from), std::string(to)});
    if (!wrong) about_to_change({std::string(from), std::string(to)});
    platter_.rename(std::string(from), std::string(to));
  }
  if (wrong) return fail(*wrong);
  sync_directory();
  if (platter_.durable.empty()) {  // a journal is born: with its first record
    platter_.durable.push_back(
        {std::string(to), 0, platter_.files.at(std::string(to)).bytes.size()});
  }
  return {};
}

Status SimDisk::remove(std::string_view name) {
  const bool was_dead = dead_;
  const bool burnt = burns();
  const auto wrong = burnt ? std::optional(kDead) : trouble();
  if (!was_dead && (!wrong || chance_.percent(50))) {
    if (burnt) in_doubt({std::string(name)});
    if (wrong && !burnt) platter_.remember({std::string(name)});
    if (!wrong) about_to_change({std::string(name)});
    platter_.remove(std::string(name));
  }
  if (wrong) return fail(*wrong);
  sync_directory();
  return {};
}

void SimDisk::die(Crash how, Chance& chance) {
  if (std::exchange(dead_, true)) return;
  if (writing_ && how == Crash::kKill) {
    const std::size_t reached =
        chance.percent(50) ? writing_->bytes.size() : chance.below(writing_->bytes.size() + 1);
    platter_.cache(writing_->name, writing_->offset, std::span(writing_->bytes).first(reached));
  } else if (writing_) {
    platter_.scatter(writing_->name, writing_->offset, writing_->bytes, chance);
  }
  if (making_ && chance.percent(60)) {
    if (how == Crash::kKill) platter_.remember({making_->name});
    platter_.files[making_->name] = {
        chance.percent(50) ? making_->size : chance.below(making_->size), {}};
  }
  if (how == Crash::kPowerCut) platter_.power_cut(chance);
}

}  // namespace seckill::simulation
