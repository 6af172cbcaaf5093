// seckill consume: stores the rows of a shared journal, as a process of its own.
#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <sys/resource.h>
#include <system_error>
#include <thread>

#include "app/parts.h"
#include "app/process.h"
#include "app/settings.h"
#include "base/log.h"
#include "base/thread_name.h"
#include "orders/consumer.h"

namespace seckill::app {
namespace {

constexpr std::size_t kBatchMax = 2'048;      // a COMMIT, and what is said around it, for so many
constexpr int kYields = 5;                    // nice
constexpr milliseconds kPause{200};           // nothing new
constexpr milliseconds kGather{50};           // little was new: a rush makes few transactions
constexpr milliseconds kTroubleEvery{1'000};  // rows that cannot be reached, journals that are away
constexpr milliseconds kStandBy{3'000};  // another one works: it is gone when the bookmark rests

std::atomic<bool> ending = false;
static_assert(std::atomic<bool>::is_always_lock_free);

// The second yields to the first, and to a database on the same machine (Linux: a thread has its
// own nice value). One after the other where there is no thread to be had.
void side_by_side(const std::function<void()>& one, const std::function<void()>& other) {
  std::jthread beside;
  try {
    beside = std::jthread([&other] {
      name_thread("read-ahead");
      (void)::setpriority(PRIO_PROCESS, 0, kYields);
      other();
    });
  } catch (const std::system_error&) {
    other();
  }
  one();
}

void wait_a_little(milliseconds time) {
  for (const SteadyTime until = steady_now() + time; !ending && steady_now() < until;)
    std::this_thread::sleep_for(milliseconds(10));
}

// Another consumer stores: we stand by until its bookmark has not moved for a while.
void stand_by(Orders& orders) {
  std::optional<Bookmark> last;
  for (SteadyTime since = steady_now(); !ending && steady_now() - since < kStandBy;) {
    const auto mark = orders.bookmark();
    if (mark && *mark != last) {
      last = *mark;
      since = steady_now();
    }
    wait_a_little(kPause);
  }
}

// A serve that starts at the same time makes it.
Result<KafkaTopic> topic_once_made(const KafkaOptions& options) {
  const SteadyTime until = steady_now() + options.start_wait;
  for (bool said = false;; said = true) {
    auto topic = look_at_kafka_topic(options, options.start_wait);
    if (!topic || topic->exists) return topic;
    if (ending || steady_now() >= until) {
      return fail(
          Error::Code::kUnavailable,
          fmt::format("topic {} is not there yet: `seckill serve` makes it", options.topic));
    }
    if (!said) {
      options.say(fmt::format("waiting for topic {}, {} s at most: `seckill serve` makes it",
                              options.topic, options.start_wait.count() / 1'000));
    }
    wait_a_little(kPause);
  }
}

class Consume {
 public:
  Consume(JournalReader& journal, Orders& orders, Log& log, bool until_empty)
      : orders_(orders),
        consumer_(journal, orders, {.batch_max = kBatchMax, .side_by_side = side_by_side}),
        log_(log),
        until_empty_(until_empty) {}

  Exit run() {
    while (!ending) {
      const std::uint64_t races = consumer_.stats().lost_races;
      const std::uint64_t before = number(consumer_.stats().next);
      const auto more = consumer_.turn(machine_now());
      if (!more) {
        if (const auto exit = trouble(more.error())) return *exit;
        wait_a_little(kTroubleEvery);
        continue;
      }
      if (!std::exchange(said_, {}).empty()) log_.info("rows-again");
      if (consumer_.stats().lost_races != races) {
        log_.info("standing-by", {{"why", "another consumer stores these rows"}});
        stand_by(orders_);
      } else if (!*more) {
        if (until_empty_) break;
        wait_a_little(kPause);
      } else if (const auto stored = number(consumer_.stats().next) - before;
                 stored > 0 && stored < consumer_.batch_max()) {
        wait_a_little(kGather);
      }
    }
    const ConsumerStats& stats = consumer_.stats();
    log_.info("stopped", {{"next", std::to_string(number(stats.next))},
                          {"orders_stored", std::to_string(stats.orders_stored)},
                          {"batches", std::to_string(stats.batches)},
                          {"quarantined", std::to_string(stats.quarantined)},
                          {"lost_races", std::to_string(stats.lost_races)}});
    return Exit::kDone;
  }

 private:
  // Nothing: it heals by itself.
  std::optional<Exit> trouble(const Error& error) {
    const bool ends = Consumer::ends(error);
    if (ends || said_ != error.message) {
      log_.error(ends ? "rows-stopped" : "rows-behind",
                 {{"why", error.message},
                  {"next", ends ? "see docs/runbook.md" : "selling goes on; trying again"}});
      said_ = error.message;
    }
    return ends ? std::optional(exit_of(error.code)) : std::nullopt;
  }

  Orders& orders_;
  Consumer consumer_;
  Log& log_;
  bool until_empty_;
  std::string said_;
};

Exit run_consume(const Args& args, Talk& talk) {
  const auto loaded = load_settings(args);
  if (!loaded) return talk.fail(loaded.error());
  const Settings& settings = loaded->settings;
  if (!settings.kafka) {
    return talk.fail({Error::Code::kInvalid,
                      "with a journal in files `seckill serve` stores the rows itself; consume is "
                      "for --journal kafka://HOST:PORT/TOPIC"});
  }
  forbid_core_dumps();
  for (const int number : ending_signals()) std::signal(number, [](int) { ending = true; });
  Log log(talk.log_options());
  KafkaOptions options = kafka_options(settings);
  options.say = [&log](std::string_view line) {
    log.warn("journal", {{"says", std::string(line)}});
  };
  const auto topic = topic_once_made(options);
  if (!topic) return talk.fail(topic.error());
  if (const auto safe = check_kafka_topic(*topic, options); !safe) return talk.fail(safe.error());
  const auto journal = open_journal_reader(settings);
  if (!journal) return talk.fail(journal.error());
  std::error_code ignored;
  if (!settings.orders_mysql)
    std::filesystem::create_directories(settings.orders_file.parent_path(), ignored);
  const auto orders = open_rows(settings, log);
  if (!orders) return talk.fail(orders.error());
  log.info("consuming", {{"journal", settings.journal_url()}});
  return Consume(*journal->reader, **orders, log, args.has("until-empty")).run();
}

}  // namespace

std::vector<Command> consume_commands() {
  auto flags =
      settings_flags({"journal", "data", "orders", "orders-password-file", "allow-unsafe-kafka"});
  flags.push_back({"until-empty", "", "end with 0 once all that the journal holds is stored"});
  return {{.name = "consume",
           .summary = "store the rows of a shared journal: one works, others stand by",
           .examples = {"seckill consume --journal kafka://127.0.0.1:9092/seckill "
                        "--allow-unsafe-kafka --orders sqlite:orders.db"},
           .flags = flags,
           .run = run_consume,
           .more = "Any number may run: whoever loses the race for the rows' bookmark stores "
                   "nothing and stands by."}};
}

}  // namespace seckill::app
