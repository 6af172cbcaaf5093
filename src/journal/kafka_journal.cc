#include "journal/kafka_journal.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <fmt/format.h>
#include <mutex>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <thread>

#include "base/fd.h"
#include "base/invariant.h"
#include "journal/follower.h"
#include "journal/kafka_sender.h"
#include "journal/kafka_tail.h"
#include "journal/visits.h"
#include "model/codec.h"

namespace seckill {
namespace {

using kafka::Happened;
using kafka::Sender;
using kafka::Tail;

constexpr milliseconds kReceiptWithin{9'500};  // journal.h (3) says 10 s
constexpr std::size_t kTakeAtOnce = 1'024;
constexpr milliseconds kGenesisWithin{10'000};
constexpr milliseconds kTopicWithin{5'000};
constexpr milliseconds kLookOnce{2'000};
constexpr milliseconds kLookAgain{1'000};
constexpr int kMissingLooks = 3;

// Does the topic still begin with this record? No answer is no finding.
Status same_journal(const KafkaOptions& options, const RecordHash& identity) {
  auto tail = Tail::open(options, Tail::For::kReplay);
  if (!tail || !(*tail)->start(Position{})) return {};
  const auto first = (*tail)->take(1, kLookOnce);
  if (!first) return fail(first.error());
  if (first->empty() || hash_of(first->front().stamp, first->front().bytes) == identity) return {};
  return fail(Error::Code::kCorrupt,
              fmt::format("journal/kafka: topic {} begins with another record than before: it was "
                          "made anew",
                          options.topic));
}

// The topic, looked at again on a thread of its own while the loop goes on.
class Recheck {
 public:
  ~Recheck() {
    if (thread_.joinable()) thread_.join();
  }
  // One at a time; what happens meanwhile is looked at by the next.
  void start(const KafkaOptions& options, const RecordHash& identity, int event_fd) {
    if (busy_.load()) return;
    since_ = steady_now();
    if (thread_.joinable()) thread_.join();
    busy_.store(true);
    thread_ =
        std::thread([this, options, identity, event_fd] { look(options, identity, event_fd); });
  }
  bool owed(milliseconds every) const {
    return !busy_.load() && (again_.load() || steady_now() - since_ >= every);
  }
  std::optional<Error> bad() {
    const std::scoped_lock hold(mutex_);
    return bad_;
  }

 private:
  // A broker that has just come back may not know all of its topics yet: one that is missing is
  // gone when it is still missing a while later. Who may not look any more is told so, and sells
  // on: rights say nothing of the topic.
  void look(KafkaOptions options, const RecordHash& identity, int event_fd) {
    const auto say = std::exchange(options.say, [](std::string_view) {});
    auto topic = look_at_kafka_topic(options, kLookOnce);
    for (int again = 0; again < kMissingLooks && topic && !topic->exists; ++again) {
      std::this_thread::sleep_for(kLookAgain);
      topic = look_at_kafka_topic(options, kLookOnce);
    }
    again_.store(!topic && topic.error().code == Error::Code::kUnavailable);
    const std::string refused =
        !topic && topic.error().code == Error::Code::kInvalid ? topic.error().message : "";
    if (std::exchange(refused_, refused) != refused && !refused.empty()) say(refused);
    if (topic || !refused.empty()) {
      Status safe = topic ? check_kafka_topic(*topic, options) : Status{};
      if (safe) safe = same_journal(options, identity);
      if (!safe) {
        const std::scoped_lock hold(mutex_);
        bad_ = std::move(safe.error());
      }
    }
    busy_.store(false);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto put = ::write(event_fd, &one, sizeof one);
  }

  std::atomic<bool> busy_{false}, again_{false};
  std::mutex mutex_;
  std::optional<Error> bad_;  // guarded
  std::string refused_;       // said; of the thread
  SteadyTime since_ = steady_now();
  std::thread thread_;
};

class Real final : public KafkaJournal {
 public:
  explicit Real(KafkaOptions options) : options_(std::move(options)) {}

  Status begin(const KafkaGenesis& genesis, const Visitor& visit);

  void append(std::span<const Record> records, RawTime stamp) override;
  std::optional<JournalEvent> poll() override;
  int wake_fd() const override { return wake_.get(); }
  Room room() const override { return Room::kPlenty; }
  const KafkaFound& found() const override { return found_; }
  Position next() const override { return tail_->next(); }
  std::int64_t last_trip_us() const override { return last_trip_us_; }
  std::uint64_t strangers() const override { return found_.strangers + tail_->strangers(); }

 private:
  Status make_topic(std::size_t brokers);
  Status write_genesis(const KafkaGenesis& genesis);
  Status replay(const KafkaGenesis& genesis, std::int64_t end, const Visitor& visit);
  Status open_wake();
  void take_receipts(std::span<const Entry> entries);
  void hear_reports();
  void set_deadline();
  void clear_wake();
  void give_up(std::string why);
  std::optional<JournalEvent> broken(Error error);

  KafkaOptions options_;
  KafkaFound found_;
  RecordHash identity_;      // of record 0
  Fd event_, timer_, wake_;  // librdkafka writes to event_ as long as these live:
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<Tail> tail_;
  std::uint64_t doubts_ = 0;
  bool missing_ = false;  // the tail waits before it asks again
  Recheck recheck_;

  // The append in flight.
  Receipts receipts_;
  std::uintptr_t turn_ = 0;  // its number, in each message's private pointer
  SteadyTime since_;
  std::optional<std::string> unsure_;
  std::int64_t last_trip_us_ = 0;
  bool broken_ = false;
};

Status Real::begin(const KafkaGenesis& genesis, const Visitor& visit) {
  auto seen = look_at_kafka_topic(options_, options_.start_wait);
  if (!seen) return fail(std::move(seen.error()));
  if (!seen->exists) {
    if (auto made = make_topic(seen->listeners.size()); !made) return made;
    options_.say(fmt::format("topic {} made at {}", options_.topic, options_.brokers));
    seen = kafka::look_at_new_topic(options_);
    if (!seen) return fail(std::move(seen.error()));
  }
  if (auto safe = check_kafka_topic(*seen, options_); !safe) return safe;
  auto sender = Sender::open(options_);  // now: who misses a topic looks again a second later
  if (!sender) return fail(std::move(sender.error()));
  sender_ = *std::move(sender);
  if (auto replayed = replay(genesis, seen->end, visit); !replayed) return replayed;
  return open_wake();
}

// Brokers that have just come back may not be counted yet: what they refuse is asked again, soon.
Status Real::make_topic(std::size_t brokers) {
  for (const SteadyTime until = steady_now() + kTopicWithin;;) {
    auto made = kafka::create_topic(options_, brokers);
    if (made || steady_now() >= until) return made;
    std::this_thread::sleep_for(milliseconds(500));
  }
}

// Whether it was stored, the topic tells: record 0 may be ours or another node's.
Status Real::write_genesis(const KafkaGenesis& genesis) {
  const Record record{{genesis.node, {}}, Tick{genesis.rules, Position{}, Digest{}, genesis.nonce}};
  std::vector<std::byte> bytes;
  encode(record, bytes);
  if (const auto error = sender_->send({&record, 1}, {&bytes, 1}, 0); error != 0) {
    return fail(Error::Code::kFailed, fmt::format("journal/kafka: {}", kafka::text_of(error)));
  }
  const auto flushed = rd_kafka_flush(sender_->client(), static_cast<int>(kGenesisWithin.count()));
  std::string why = flushed == 0 ? "" : kafka::text_of(flushed);
  while (const Happened report{rd_kafka_queue_poll(sender_->reports(), 0)}) {
    if (rd_kafka_event_type(report.get()) != RD_KAFKA_EVENT_DR) continue;
    if (const auto* message = rd_kafka_event_message_next(report.get()); message->err != 0)
      why = kafka::text_of(message->err);
  }
  if (why.empty()) return {};
  return fail(Error::Code::kUnavailable,
              fmt::format("journal/kafka: topic {} takes no record: {}", options_.topic, why));
}

// All there was when we looked, from 0 on: a portion is visited while the next one is read. Then
// the tail begins at the last of these records, which must be the same.
Status Real::replay(const KafkaGenesis& genesis, std::int64_t end, const Visitor& visit) {
  auto reader = Tail::open(options_, Tail::For::kReplay);
  if (!reader) return fail(std::move(reader.error()));
  Tail& all = **reader;
  if (auto begun = all.start(Position{}); !begun) return begun;
  SteadyTime heard = steady_now();
  Visits visits(visit);  // behind `all`: a visit under way ends before its entries do
  while (all.next() == Position{} || static_cast<std::int64_t>(number(all.next())) < end) {
    const auto entries = all.take(Tail::kTakeMax, milliseconds(100));
    if (auto done = visits.outcome(); !done) return done;
    if (!entries) return fail(entries.error());
    if (!entries->empty()) {
      heard = steady_now();
      const Entry& first = entries->front();
      if (first.position == Position{} && !is_genesis(first.record)) {
        return fail(
            Error::Code::kCorrupt,
            fmt::format("journal/kafka: topic {} is not ours: its first record is no journal's "
                        "beginning; name another topic",
                        options_.topic));
      }
      if (first.position == Position{}) identity_ = hash_of(first.stamp, first.bytes);
      visits.start(*entries);
    } else if (all.at_end() && all.next() == Position{} && !std::exchange(found_.is_new, true)) {
      if (auto written = write_genesis(genesis); !written) return written;
    } else if (steady_now() - heard > options_.start_wait) {
      return fail(Error::Code::kUnavailable, fmt::format("journal/kafka: nothing comes from {} {}",
                                                         options_.brokers, all.trouble()));
    }
  }
  if (auto done = visits.outcome(); !done) return done;
  found_.records = number(all.next());
  found_.strangers = all.strangers();
  auto tail = Tail::open(options_, Tail::For::kReceipts);
  if (!tail) return fail(std::move(tail.error()));
  tail_ = *std::move(tail);
  return tail_->start(all.next(), all.last());
}

// One descriptor for two: what librdkafka writes to when it has something, and the deadline.
Status Real::open_wake() {
  event_ = Fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  timer_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  wake_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  for (const Fd* fd : {&event_, &timer_}) {
    epoll_event readable{};
    readable.events = EPOLLIN;
    if (!*fd || ::epoll_ctl(wake_.get(), EPOLL_CTL_ADD, fd->get(), &readable) != 0)
      return fail(Error::Code::kFailed, fmt::format("journal/kafka: {}", std::strerror(errno)));
  }
  static constexpr std::uint64_t kOne = 1;
  rd_kafka_queue_io_event_enable(sender_->reports(), event_.get(), &kOne, sizeof kOne);
  tail_->wake(event_.get());
  set_deadline();
  [[maybe_unused]] const auto put = ::write(event_.get(), &kOne, sizeof kOne);  // what came before
  return {};
}

void Real::append(std::span<const Record> records, RawTime) {
  invariant(!unsure_, "one append in flight");
  invariant(!records.empty() && records.size() <= kTurnMax, "1..kTurnMax records");
  receipts_.expect(records);
  ++turn_;
  since_ = steady_now();
  set_deadline();
  if (const auto error = sender_->send(records, receipts_.bytes(), turn_); error != 0) {
    give_up(kafka::text_of(error));
    static constexpr std::uint64_t kOne = 1;
    [[maybe_unused]] const auto put = ::write(event_.get(), &kOne, sizeof kOne);
  }
}

// Nobody knows what became of it; what was not sent yet is not sent any more.
void Real::give_up(std::string why) {
  if (!receipts_.missing() || unsure_) return;
  unsure_ = std::move(why);
  sender_->purge();
}

// Records first: what came back is certain, whatever a report says of it.
std::optional<JournalEvent> Real::poll() {
  if (broken_) return std::nullopt;
  clear_wake();
  auto entries = tail_->take(kTakeAtOnce, milliseconds(0));
  if (!entries) return broken(std::move(entries.error()));
  if (std::exchange(doubts_, tail_->doubts()) != tail_->doubts() ||
      recheck_.owed(options_.look_every)) {
    recheck_.start(options_, identity_, event_.get());
  }
  if (std::exchange(missing_, tail_->missing()) || missing_) set_deadline();
  if (!entries->empty()) {
    take_receipts(*entries);
    return CameBack{*entries};
  }
  if (auto bad = recheck_.bad()) return broken(*std::move(bad));
  hear_reports();
  if (receipts_.missing() && steady_now() - since_ >= kReceiptWithin)
    give_up("its records did not come back " + tail_->trouble());
  if (!unsure_) return std::nullopt;
  receipts_.forget();
  set_deadline();
  return Unsure{*std::exchange(unsure_, std::nullopt)};
}

std::optional<JournalEvent> Real::broken(Error error) {
  broken_ = true;
  return Broken{std::move(error)};
}

void Real::take_receipts(std::span<const Entry> entries) {
  if (!receipts_.take(entries)) return;
  unsure_.reset();
  last_trip_us_ = (steady_now() - since_).count();
  set_deadline();
}

void Real::hear_reports() {
  while (const Happened event{rd_kafka_queue_poll(sender_->reports(), 0)}) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
    while (const auto* message = rd_kafka_event_message_next(event.get())) {
      if (message->err != 0 && reinterpret_cast<std::uintptr_t>(message->_private) == turn_)
        give_up(fmt::format("journal/kafka: {}", kafka::text_of(message->err)));
    }
  }
}

// poll() is due then, though nothing is heard.
void Real::set_deadline() {
  milliseconds within = options_.look_every;
  if (receipts_.missing()) {
    const auto waited = std::chrono::duration_cast<milliseconds>(steady_now() - since_);
    within = std::max(kReceiptWithin - waited, milliseconds(1));
  }
  if (missing_) within = std::min(within, kLookAgain);
  itimerspec when{};
  when.it_value.tv_sec = within.count() / 1000;
  when.it_value.tv_nsec = within.count() % 1000 * 1'000'000;
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
}

void Real::clear_wake() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
  if (::read(timer_.get(), &count, sizeof count) > 0) set_deadline();
}

}  // namespace

Result<std::unique_ptr<KafkaJournal>> KafkaJournal::open(KafkaOptions options, KafkaGenesis genesis,
                                                         const Visitor& visit) {
  auto journal = std::make_unique<Real>(std::move(options));
  if (auto begun = journal->begin(genesis, visit); !begun) return fail(std::move(begun.error()));
  return journal;
}

}  // namespace seckill
