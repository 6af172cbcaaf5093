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
  for (std::uint64_t at = 0; at < bytes.size(); at += sector) {
    auto part = bytes.subspan(at, std::min<std::uint64_t>(sector, bytes.size() - at));
    std::vector<std::byte> garbage;
    switch (whole < 2 ? whole : chance.below(4)) {
      case 0: continue;
      case 1: break;
      case 2: part = part.first(chance.below(part.size())); break;
      default:
        for (std::size_t n = 0; n < part.size(); ++n) garbage.push_back(std::byte(chance.number()));
        part = garbage;
    }
    write(name, offset + at, part);
  }
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

std::optional<Platter::Rot> Platter::rot(Chance& chance, Position rows_at) {
  if (durable.empty()) return std::nullopt;
  const auto bytes_of = [this](const Written& written) {
    return std::span<const std::byte>(files.at(written.name).bytes).subspan(written.offset);
  };
  const auto block_at = [&](const Written& written) -> std::uint64_t {
    return written.offset > 0 ? 0 : read_segment_head(bytes_of(written))->sector;
  };
  const Written& newest = durable.back();
  const auto first = read_block(bytes_of(newest).subspan(block_at(newest)))->first;
  const bool rows_know = first < rows_at;
  if (durable.size() < 2 && !rows_know) return std::nullopt;
  const bool last = rows_know && (durable.size() < 2 || chance.percent(25));

  Rot rot{.block = last ? newest : durable[chance.below(durable.size() - 1)]};
  if (last) rot.last = first;
  const std::uint64_t at = block_at(rot.block);
  const auto block = read_block(bytes_of(rot.block).subspan(at));
  // What fills a sector up is no part of a head or a block.
  const auto where = chance.below(10);
  if (at > 0 && where < 3) {
    rot.part = "a segment's head", rot.at = chance.below(kSegmentHeadBytes);
  } else if (where < 6) {
    rot.part = "a block's head", rot.at = at + chance.below(kBlockHeadBytes);
  } else {
    rot.part = "records", rot.at = at + kBlockHeadBytes + chance.below(block->payload.size());
  }
  rot.at += rot.block.offset;
  std::byte& byte = files.at(rot.block.name).bytes.at(rot.at);
  rot.was = byte;
  byte ^= std::byte(1U << chance.below(8));
  return rot;
}

void Platter::heal(const Rot& rot) { files.at(rot.block.name).bytes.at(rot.at) = rot.was; }

// ---- SimDisk ----

Result<std::vector<std::string>> SimDisk::list() {
  if (dead_) return fail(kDead);
  std::vector<std::string> names;
  for (const auto& [name, file] : platter_.files) names.push_back(name);
  return names;
}

Result<std::uint64_t> SimDisk::size(std::string_view name) {
  if (dead_) return fail(kDead);
  const auto file = platter_.files.find(std::string(name));
  if (file == platter_.files.end()) return fail(Error::Code::kInvalid, "disk: no such file");
  return file->second.size;
}

Result<std::size_t> SimDisk::read(std::string_view name, std::uint64_t offset,
                                  std::span<std::byte> to) {
  if (dead_) return fail(kDead);
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
  writing_ = {std::string(name), offset, {bytes.begin(), bytes.end()}, chance_.percent(50)};
  const bool fails = std::exchange(mood_.next_write_fails, false);
  const auto took = chance_.delay(mood_.flush_usual.count(), mood_.flush_most.count());
  later_(microseconds(took), [this, fails, took] { finish_write(fails, took); });
}

void SimDisk::finish_write(bool fails, std::int64_t took_us) {
  const Writing writing = *std::exchange(writing_, std::nullopt);
  DiskDone done{DiskDone::What::kWrite, std::nullopt, took_us};
  if (fails) {
    // Nobody knows what reached the medium; reading it back proves nothing.
    if (chance_.percent(70)) platter_.cache(writing.name, writing.offset, writing.bytes);
    done.error = Error{Error::Code::kFailed, "disk: the simulated sync failed"};
  } else {
    platter_.write(writing.name, writing.offset, writing.bytes);
    if (!writing.bytes.empty()) {  // an empty one only wants its answer: a refused turn
      platter_.durable.push_back({writing.name, writing.offset, writing.bytes.size()});
    }
  }
  done_.push_back(std::move(done));
  wake_();
}

void SimDisk::make(std::string_view name, std::uint64_t size) {
  invariant(!making_, "one make under way");
  making_ = {std::string(name), size};
  later_(microseconds(chance_.delay(2'000, 300'000)), [this] { finish_make(); });
}

void SimDisk::finish_make() {
  const Making making = *std::exchange(making_, std::nullopt);
  if (mood_.full) {
    done_.push_back({DiskDone::What::kMake, Error{Error::Code::kFull, "disk: no space"}, 0});
    return wake_();
  }
  platter_.files[making.name] = {making.size, {}};
  platter_.directory_synced();
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
  die(fuse_crash_);
  return true;
}

// The process dies in the middle of it. Killed: what it did is seen, and not synced.
void SimDisk::in_doubt(const std::vector<std::string>& names) {
  if (fuse_crash_ == Crash::kKill) platter_.remember(names);
}

Status SimDisk::put(std::string_view name, std::span<const std::byte> bytes, std::uint64_t size) {
  const bool was_dead = dead_;
  if (burns()) {
    if (!was_dead) in_doubt({std::string(name)}), put_in_part(std::string(name), bytes, size);
    return fail(kDead);
  }
  if (mood_.full) {
    put_in_part(std::string(name), bytes, size);
    return fail(Error::Code::kFull, "disk: no space");
  }
  platter_.remove(std::string(name));
  platter_.files[std::string(name)] = {size, {bytes.begin(), bytes.end()}};
  platter_.directory_synced();
  return {};
}

void SimDisk::put_in_part(const std::string& name, std::span<const std::byte> bytes,
                          std::uint64_t size) {
  if (chance_.percent(30)) return;
  platter_.remove(name);
  platter_.files[name] = {chance_.percent(50) ? size : bytes.size(), {}};
  platter_.scatter(name, 0, bytes, chance_);
}

Status SimDisk::rename(std::string_view from, std::string_view to) {
  const bool was_dead = dead_;
  const bool burnt = burns();
  if (!was_dead && (!burnt || chance_.percent(50))) {
    if (burnt) in_doubt({std::string(from), std::string(to)});
    platter_.rename(std::string(from), std::string(to));
  }
  if (burnt) return fail(kDead);
  platter_.directory_synced();
  if (platter_.durable.empty()) {  // a journal is born: with its first record
    platter_.durable.push_back(
        {std::string(to), 0, platter_.files.at(std::string(to)).bytes.size()});
  }
  return {};
}

Status SimDisk::remove(std::string_view name) {
  const bool was_dead = dead_;
  const bool burnt = burns();
  if (!was_dead && (!burnt || chance_.percent(50))) {
    if (burnt) in_doubt({std::string(name)});
    platter_.remove(std::string(name));
  }
  if (burnt) return fail(kDead);
  platter_.directory_synced();
  return {};
}

void SimDisk::die(Crash how) {
  if (std::exchange(dead_, true)) return;
  if (writing_ && how == Crash::kKill) {
    const std::size_t reached =
        chance_.percent(50) ? writing_->bytes.size() : chance_.below(writing_->bytes.size() + 1);
    platter_.cache(writing_->name, writing_->offset, std::span(writing_->bytes).first(reached));
  } else if (writing_) {
    platter_.scatter(writing_->name, writing_->offset, writing_->bytes, chance_);
  }
  if (making_ && chance_.percent(60)) {
    if (how == Crash::kKill) platter_.remember({making_->name});
    platter_.files[making_->name] = {
        chance_.percent(50) ? making_->size : chance_.below(making_->size), {}};
  }
  if (how == Crash::kPowerCut) platter_.power_cut(chance_);
}

}  // namespace seckill::simulation
