#include "compat/stand.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <thread>
#include <utility>

#include "base/invariant.h"
#include "compat/car_topic.h"
#include "compat/counter_key.h"
#include "compat/keeper.h"
#include "compat/seller.h"

namespace seckill::compat {
namespace {

using Code = Error::Code;

constexpr milliseconds kTick{250};      // between looks at the counter, when nobody asks
constexpr milliseconds kAgain{200};     // between tries at the start
constexpr milliseconds kWithin{5'000};  // for the topic's answers

// `open` until it succeeds or fails for another reason than that the server does not answer.
template <class Open>
auto waited_for(Open open, const StandOptions& options) -> decltype(open()) {
  const SteadyTime until = steady_now() + options.topic.start_wait;
  for (bool said = false;; said = true) {
    auto opened = open();
    if (opened || opened.error().code != Code::kUnavailable || steady_now() >= until) return opened;
    if (!said)
      options.say(fmt::format("waiting, {} s at most: {}", options.topic.start_wait.count() / 1'000,
                              opened.error().message));
    std::this_thread::sleep_for(kAgain);
  }
}

std::optional<RowsPlace> place_of(const StandOptions& options) {
  if (!options.rows) return std::nullopt;
  return RowsPlace{*options.rows, options.rows_password};
}

// One descriptor for three: the counter's, the topic's, and time.
class Bell {
 public:
  Bell()
      : timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
        all_(::epoll_create1(EPOLL_CLOEXEC)) {
    const timespec tick{0, kTick.count() * 1'000'000};
    const itimerspec when{tick, tick};
    ::timerfd_settime(timer_.get(), 0, &when, nullptr);
    add(timer_.get());
  }
  void add(int fd) {
    epoll_event readable{};
    readable.events = EPOLLIN;
    invariant(::epoll_ctl(all_.get(), EPOLL_CTL_ADD, fd, &readable) == 0, "a bell can be hung");
  }
  bool ticked() const {
    std::uint64_t times = 0;
    return ::read(timer_.get(), &times, sizeof times) > 0;
  }
  int fd() const { return all_.get(); }

 private:
  Fd timer_, all_;
};

class Real final : public Stand {
 public:
  Real(StandOptions options, Tell tell)
      : options_(std::move(options)), tell_(std::move(tell)), seller_(options_.waiting_max) {}

  Status begin();

  void ask(Who who) override { step(AskedOne{who}); }
  void idle() override { step(Idle{}); }
  void pump() override;
  int wake_fd() const override { return bell_.fd(); }
  bool quiet() const override { return seller_.quiet(); }

  const Found& found() const override { return found_; }
  Health health() const override;
  void append_metrics(std::string& text) const override;
  void finish(milliseconds within) override { keeper_->finish(within); }

 private:
  Status open_topic_and_rows();
  Status open_counter();
  Result<std::optional<std::int64_t>> find_counter();
  void step(const Happened& event);
  void say_trouble();

  const StandOptions options_;
  const Tell tell_;
  Found found_;
  std::string said_;
  Seller seller_;
  Bell bell_;
  std::unique_ptr<CarTopic> topic_;
  std::unique_ptr<CounterKey> counter_;
  std::unique_ptr<Keeper> keeper_;
};

// The counter comes last: it is what opens the sale.
Status Real::begin() {
  if (auto opened = open_topic_and_rows(); !opened) return opened;
  if (auto opened = open_counter(); !opened) return opened;
  bell_.add(counter_->wake_fd());
  bell_.add(topic_->wake_fd());
  return {};
}

Status Real::open_topic_and_rows() {
  const auto topic = open_topic(options_.topic);
  if (!topic) return fail(topic.error());
  found_.messages = static_cast<std::uint64_t>(topic->end);
  auto producer = CarTopic::open(options_.topic, options_.node);
  if (!producer) return fail(std::move(producer.error()));
  topic_ = *std::move(producer);
  if (options_.rows) {  // what is wrong with them is better known now
    const auto rows = waited_for(
        [this] {
          return LegacyRows::open(*options_.rows, options_.rows_password, options_.topic.topic);
        },
        options_);
    if (!rows) return fail(rows.error());
  }
  auto reader = TopicReader::open(options_.topic);
  if (!reader) return fail(std::move(reader.error()));
  keeper_ = std::make_unique<Keeper>(*std::move(reader), options_.topic.topic, place_of(options_),
                                     options_.say);
  return {};
}

Status Real::open_counter() {
  const auto counter = waited_for([this] { return find_counter(); }, options_);
  if (!counter) return fail(counter.error());
  found_.counter = *counter;
  counter_ = std::make_unique<CounterKey>(options_.counter);
  return {};
}

// As one thing to wait for: a Redis that is still loading lets us in, and refuses the rest.
Result<std::optional<std::int64_t>> Real::find_counter() {
  auto redis = redis::Line::open(options_.counter, kRedisWithin);
  if (!redis) return fail(std::move(redis.error()));
  if (found_.messages == 0) {
    const auto made = make_counter(*redis, options_.stock);
    if (!made) return fail(made.error());
    found_.counter_made |= *made;
  }
  return read_counter(*redis);
}

void Real::step(const Happened& event) {
  const SellerWishes wishes = seller_.step(event);
  if (wishes.take) counter_->turn(*wishes.take);
  if (!wishes.append.empty()) topic_->append(wishes.append);
  if (!wishes.answers.empty()) tell_(wishes.answers);
}

void Real::pump() {
  if (bell_.ticked()) {
    step(Passed{});
    say_trouble();
  }
  if (const auto taken = counter_->poll()) step(*taken);
  while (const auto delivered = topic_->poll()) step(*delivered);
}

// Once, and once more when it is over.
void Real::say_trouble() {
  std::string trouble = counter_->trouble();
  if (trouble.empty()) trouble = topic_->trouble();
  if (trouble == said_) return;
  said_ = std::move(trouble);
  options_.say(said_.empty() ? "counter and topic are well again" : said_);
}

Stand::Health Real::health() const {
  const Keeper::State kept = keeper_->state();
  return {.counter = counter_->trouble(),
          .topic = kept.topic_trouble,
          .rows = kept.rows_trouble,
          .behind = options_.rows && kept.end > kept.next ? kept.end - kept.next : 0};
}

void Real::append_metrics(std::string& text) const {
  const auto metric = [&text](std::string_view name, std::string_view type, std::string_view says,
                              std::uint64_t value) {
    text += fmt::format(
        "# HELP seckill_compat_{0} {2}\n# TYPE seckill_compat_{0} {1}\n"
        "seckill_compat_{0} {3}\n",
        name, type, says, value);
  };
  const SellerStats& stats = seller_.stats();
  const Keeper::State kept = keeper_->state();
  metric("counter", "gauge", "The Redis key, as last heard.", stats.left);
  metric("waiting", "gauge", "Shoppers who wait.", seller_.waiting());
  metric("takes_total", "counter", "Script calls that asked for units.", stats.takes);
  metric("taken_total", "counter", "Units taken by this process.", stats.taken);
  metric("won_total", "counter", "... and recorded.", stats.won);
  metric("given_back_total", "counter", "... and given back: their message failed for certain.",
         stats.given_back);
  metric("unsure_total", "counter", "... whose message may or may not be there: they stay taken.",
         stats.unsure);
  metric("lost_takes_total", "counter", "Script calls without an answer: what they took is lost.",
         stats.lost_takes);
  metric("topic_messages", "gauge", "Messages of the topic, anybody's.", kept.end);
  metric("rows_stored_total", "counter", "Rows stored by this process.", kept.stored);
}

}  // namespace

Result<std::unique_ptr<Stand>> Stand::open(StandOptions options, Tell tell) {
  options.topic.say = options.say;
  auto stand = std::make_unique<Real>(std::move(options), std::move(tell));
  if (auto begun = stand->begin(); !begun) return fail(std::move(begun.error()));
  return stand;
}

Result<Figures> look_at_stand(const StandOptions& options) {
  Figures figures{.stock = options.stock};
  const auto topic = look_at_kafka_topic(options.topic, kWithin);
  if (!topic) return fail(topic.error());
  if (!topic->exists)
    return fail(Code::kUnavailable, fmt::format("there is no topic {}", options.topic.topic));
  figures.messages = static_cast<std::uint64_t>(topic->end);
  auto reader = TopicReader::open(options.topic);
  if (!reader) return fail(std::move(reader.error()));
  for (int partition = 1; partition < topic->partitions; ++partition) {
    const auto other = (*reader)->ends(kWithin, partition);
    if (!other) return fail(other.error());
    figures.astray += other->end;
  }
  auto redis = redis::Line::open(options.counter);
  if (!redis) return fail(std::move(redis.error()));
  const auto counter = read_counter(*redis);
  if (!counter) return fail(counter.error());
  figures.counter = *counter;
  if (!options.rows) return figures;
  const auto rows = count_rows(*options.rows, options.rows_password, options.topic.topic);
  if (!rows) return fail(rows.error());
  figures.rows = *rows ? (*rows)->rows : 0;
  if (*rows) figures.stored = (*rows)->next;
  return figures;
}

}  // namespace seckill::compat
