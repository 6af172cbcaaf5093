#include "journal/follower.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/invariant.h"
#include "model/codec.h"

namespace seckill {
namespace {

// Text never begins so; a record of ours always does.
constexpr std::uint8_t kFormatsEnd = 32;
constexpr std::size_t kRecordBytesMin = 18;

bool is_newer(std::span<const std::byte> bytes) {
  const auto format = bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes[0]);
  return bytes.size() >= kRecordBytesMin && format > kRecordFormat && format < kFormatsEnd;
}

}  // namespace

Position Follower::begin(Position from, std::optional<RecordHash> before) {
  if (last_stamp_ && next_ == left_off_) furthest_ = last();
  next_ = from;
  last_ = before || from != left_off_ ? before : furthest_;
  last_stamp_.reset();
  return again();
}

Position Follower::again() {
  last_ = last();
  doubtful_ = last_.has_value();
  return Position{number(next_) - (doubtful_ ? 1 : 0)};
}

std::optional<RecordHash> Follower::last() const {
  return last_stamp_ ? hash_of(*last_stamp_, last_bytes_) : last_;
}

tl::unexpected<Error> Follower::corrupt(const std::string& what) const {
  return fail(Error::Code::kCorrupt, fmt::format("journal/kafka: topic {}: {}", topic_, what));
}

tl::unexpected<Error> Follower::lost(const std::string& why) const {
  return corrupt(
      fmt::format("record {} is not there any more, though records before it were: it was cut "
                  "short or made anew ({})",
                  number(next_), why));
}

Status Follower::take(const TopicMessage& message, std::vector<Entry>& to) {
  const std::uint64_t wanted = number(next_) - (doubtful_ ? 1 : 0);
  if (message.offset != static_cast<std::int64_t>(wanted)) {
    return corrupt(
        fmt::format("record {} comes where {} should be: it was compacted, or written in "
                    "transactions",
                    message.offset, wanted));
  }
  if (!message.stamped_by_broker) {
    return corrupt(
        fmt::format("record {} was not stamped by its broker: message.timestamp.type "
                    "must be LogAppendTime",
                    wanted));
  }
  if (is_newer(message.bytes)) {
    return corrupt(fmt::format("record {} has format {}; this program knows {}: upgrade it", wanted,
                               static_cast<unsigned>(message.bytes[0]),
                               static_cast<unsigned>(kRecordFormat)));
  }
  if (std::exchange(doubtful_, false)) {
    if (hash_of(message.stamp, message.bytes) == *last_) return {};
    return corrupt(fmt::format("record {} is another one than before: it was made anew", wanted));
  }
  auto record = decode(message.bytes);
  if (!record) {
    ++strangers_;
    record.emplace(nothing_said());
  }
  const Position at = std::exchange(next_, seckill::next(next_));
  last_stamp_ = message.stamp;
  last_bytes_.assign(message.bytes.begin(), message.bytes.end());
  left_off_ = std::max(left_off_, next_);
  to.emplace_back(at, message.stamp, message.bytes, *record);
  return {};
}

void Receipts::expect(std::span<const Record> records) {
  invariant(!missing(), "one append in flight");
  count_ = records.size();
  back_ = 0;
  if (sent_.size() < count_) sent_.resize(count_);
  for (std::size_t i = 0; i < count_; ++i) {
    sent_[i].clear();
    encode(records[i], sent_[i]);
  }
}

bool Receipts::take(std::span<const Entry> entries) {
  for (const Entry& entry : entries) {
    if (!missing()) return false;
    if (std::ranges::equal(entry.bytes, sent_[back_]) && ++back_ == count_) return true;
  }
  return false;
}

}  // namespace seckill
