// What a node believes of a topic that it shares with others: which messages are the journal's next
// records, which of them are the receipts of its own, and when it must not go on. Decisions
// without I/O: kafka_*.cc bring the messages, and so does the simulated world.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/journal.h"

namespace seckill {

// A message as it came from the topic.
struct TopicMessage {
  std::int64_t offset = 0;
  RawTime stamp;
  bool stamped_by_broker = true;  // message.timestamp.type is LogAppendTime
  std::span<const std::byte> bytes;
};

// Promises: (1) records are handed on in order, without a gap, each once; (2) whoever was cut off
// (or has looked at an older record, and comes back to where he left off) reads the last record he
// knows again, and it must be the same one; (3) a topic that was cut
// short, made anew or compacted, is not stamped by its broker, or holds a record of a newer format
// is kCorrupt, with its reason (I9); (4) a message that is no record of ours says nothing, and is
// counted: it has a place like any other.
class Follower {
 public:
  explicit Follower(std::string topic) : topic_(std::move(topic)) {}

  // `before`: what record from-1 must be. Known neither to you nor from before: believed. Both
  // return where to read.
  Position begin(Position from, std::optional<RecordHash> before = std::nullopt);
  Position again();  // the connection was lost

  // Appends the next entry (it has the message's bytes), or nothing: that record was known.
  Status take(const TopicMessage& message, std::vector<Entry>& to);
  // The broker says that what we were to read is not there.
  tl::unexpected<Error> lost(const std::string& why) const;

  Position next() const { return next_; }
  std::optional<RecordHash> last() const;      // hash of record next() - 1
  bool doubtful() const { return doubtful_; }  // that record comes first, and is known already
  std::uint64_t strangers() const { return strangers_; }

 private:
  tl::unexpected<Error> corrupt(const std::string& what) const;

  std::string topic_;
  bool doubtful_ = false;
  Position next_{};
  std::optional<RecordHash> last_;      // of record next_ - 1, unless that …
  std::optional<RawTime> last_stamp_;   // … is still to be made, since few ask for it, of this …
  std::vector<std::byte> last_bytes_;   // … and these
  Position left_off_{};                 // behind the furthest record handed on, …
  std::optional<RecordHash> furthest_;  // … which was this one
  std::uint64_t strangers_ = 0;
};

// The records of the append in flight, and how many of them have come back.
class Receipts {
 public:
  // Needs: none is missing. They stand in bytes(), encoded.
  void expect(std::span<const Record> records);
  std::span<const std::vector<std::byte>> bytes() const { return {sent_.data(), count_}; }
  std::size_t count() const { return count_; }

  bool missing() const { return back_ < count_; }
  // Ours come back in the order in which they were sent; another one is late, twice, or not ours.
  // True: the last of them was among these.
  bool take(std::span<const Entry> entries);
  void forget() { back_ = count_; }

 private:
  std::vector<std::vector<std::byte>> sent_;  // kept for their memory
  std::size_t count_ = 0;
  std::size_t back_ = 0;
};

}  // namespace seckill
