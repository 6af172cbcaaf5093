// The parts of a process whose journal is a Kafka topic: several such processes share one sale.
// Rows are stored by `seckill consume`, tokens lie in the data directory.
#include <fmt/format.h>
#include <malloc.h>

#include "app/parts.h"
#include "app/process.h"
#include "base/entropy.h"

namespace seckill::app {
namespace {

namespace fs = std::filesystem;
using Code = Error::Code;

// What librdkafka's thread allocates for a message the loop frees. glibc gives each thread a heap
// of its own that grows a page at a time, a system call each, and shrinks as often: a node that
// joined spent a tenth of its time on that. So all threads share one heap that moves in large
// steps.
void share_heap() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TOP_PAD, 16 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 128 << 20);
}

class KafkaParts final : public Parts {
 public:
  Status open(const Settings& settings, Node node, Log& log) {
    KafkaOptions options = kafka_options(settings);
    options.say = [&log](std::string_view line) {
      log.warn("journal", {{"says", std::string(line)}});
    };
    auto journal =
        KafkaJournal::open(std::move(options), {.node = node, .nonce = random_u64()},
                           [this](std::span<const Entry> entries) { return replay(entries); });
    if (!journal) return fail(std::move(journal.error()));
    journal_ = *std::move(journal);
    found_ = {journal_->found().is_new, number(ledger_.position()), ledger_.sales().size(), 0};
    return {};
  }

  Journal& journal() override { return *journal_; }
  bool shared() const override { return true; }
  Orders* orders() override { return nullptr; }
  JournalReader* durable_journal() override { return nullptr; }
  Ledger take_ledger() override { return std::move(ledger_); }
  Position durable() const override { return journal_->next(); }
  std::int64_t last_flush_us() const override { return journal_->last_trip_us(); }
  const Found& found() const override { return found_; }

 private:
  Status replay(std::span<const Entry> entries) {
    Changes ignored;
    ledger_.apply_all(entries, ignored, [&](const Entry&, const Verdict&) {
      ignored.clear();
      return !ledger_.halted();
    });
    if (ledger_.halted()) return fail(Code::kCorrupt, "ledger: " + *ledger_.halted());
    return {};
  }

  Found found_;
  Ledger ledger_;
  std::unique_ptr<KafkaJournal> journal_;
};

}  // namespace

KafkaOptions kafka_options(const Settings& settings) {
  KafkaOptions options;
  options.brokers = settings.kafka->brokers;
  options.topic = settings.kafka->topic;
  options.replication = static_cast<int>(settings.kafka_replication);
  options.min_insync = static_cast<int>(settings.kafka_min_insync);
  options.allow_unsafe = settings.allow_unsafe_kafka;
  options.client = settings.kafka_client;
  options.start_wait = settings.start_wait;
  return options;
}

Result<std::unique_ptr<Parts>> open_kafka_parts(const Settings& settings, Node node, Log& log) {
  std::error_code error;
  fs::create_directories(settings.journal_dir, error);  // for the tokens
  if (error) {
    return fail(Code::kInvalid, fmt::format("{}: {}; --data names where tokens lie",
                                            settings.journal_dir.string(), error.message()));
  }
  share_heap();
  auto parts = std::make_unique<KafkaParts>();
  if (auto opened = parts->open(settings, node, log); !opened)
    return fail(std::move(opened.error()));
  return parts;
}

}  // namespace seckill::app
