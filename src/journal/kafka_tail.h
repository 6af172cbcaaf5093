// Follows the topic's partition from an offset: librdkafka brings the messages, the Follower says
// what they are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/follower.h"
#include "journal/kafka_client.h"

namespace seckill::kafka {

// Promises what the Follower does, whatever becomes of the connection. Threads: one owner. What
// take() gave lives until the next take() but one, and may be read by another thread meanwhile.
class Tail {
 public:
  static constexpr std::size_t kTakeMax = 4'096;

  // What the records are wanted for. Receipts and a replay hear of each at once; for rows and
  // audits the broker gathers some, for up to 50 ms, which spares it most of the asking.
  enum class For : std::uint8_t { kReceipts, kReplay, kRows };

  // Only receipts have no end: see at_end().
  static Result<std::unique_ptr<Tail>> open(KafkaOptions options, For use);
  ~Tail();

  // `before`: what record from-1 must be. Not known: believed.
  Status start(Position from, std::optional<RecordHash> before = std::nullopt);
  // What has arrived, up to `most` and kTakeMax; waits for the first one so long. Empty: nothing
  // (yet). kCorrupt: the follower says so, or a record was missing for KafkaOptions::missing_for.
  Result<std::span<const Entry>> take(std::size_t most, milliseconds wait);

  Position next() const { return follower_.next(); }
  std::optional<RecordHash> last() const { return follower_.last(); }  // hash of record next() - 1
  bool at_end() const { return at_end_; }  // a fetch found nothing behind next()
  // Asks the broker whether that is so: one that has just become the leader may not know yet what
  // of its log is durable. A fetch ends there then, and this is refused (KIP-207). False: no
  // answer within `wait`, or there is more.
  bool ends_here(milliseconds wait) const;
  // Where a record is missing: kCorrupt when the broker says that all before a later one was
  // deleted.
  Status was_deleted(milliseconds wait) const;
  std::uint64_t strangers() const { return follower_.strangers(); }
  std::uint64_t doubts() const { return doubts_; }             // connections lost
  bool missing() const { return missing_since_.has_value(); }  // says the broker, of record next()
  // What the client complained of last; empty once records come again.
  const std::string& trouble() const { return trouble_; }
  void wake(int event_fd);  // written to when take() may have something

 private:
  Tail(KafkaOptions options, Client client, Topic topic, Queue fetched, Queue events);
  void hear_errors();
  void happened(rd_kafka_resp_err_t error, const char* says);
  Status is_missing();
  Status seek(Position at);
  void fetch(std::size_t most, milliseconds wait);
  Status add(const rd_kafka_message_t& message);
  Status add_record(const rd_kafka_message_t& message);

  KafkaOptions options_;
  Client client_;
  Topic topic_;
  Queue fetched_, events_;
  bool started_ = false;
  bool at_end_ = false;
  bool shaken_ = false;  // cut off: nothing is believed before seek()
  std::optional<SteadyTime> missing_since_, missing_said_;
  SteadyTime seek_at_{};  // not before
  bool full_ = false;     // so many messages waited that librdkafka fetches no more
  Follower follower_;
  std::uint64_t doubts_ = 0;
  std::string trouble_;
  struct Portion {
    std::vector<Message> messages;  // they own the bytes of the entries
    std::vector<Entry> entries;
    void clear() { entries.clear(), messages.clear(); }
  };
  Portion taken_, before_;
};

}  // namespace seckill::kafka
