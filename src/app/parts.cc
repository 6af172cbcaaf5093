#include "app/parts.h"

#include <algorithm>
#include <fmt/format.h>
#include <thread>

#include "app/process.h"
#include "base/counted.h"
#include "base/entropy.h"
#include "base/file_disk.h"
#include "journal/file_journal.h"
#include "journal/file_reader.h"
#include "model/codec.h"

namespace seckill::app {
namespace {

namespace fs = std::filesystem;
using Code = Error::Code;

// Who was killed a moment ago may still hold the lock.
Result<std::unique_ptr<FileDisk>> lock_disk(const std::string& directory) {
  const SteadyTime since = machine_now().steady;
  for (;;) {
    auto disk = FileDisk::open(directory);
    const bool taken = !disk && disk.error().code == Code::kUnavailable;
    if (!taken || machine_now().steady - since >= kLockWait) return disk;
    std::this_thread::sleep_for(milliseconds(20));
  }
}
tl::unexpected<Error> other_rows(std::string_view what, const Settings& settings) {
  return fail(
      Code::kCorrupt,
      fmt::format(
          "{} {}; nothing was changed. If {} is the right journal, move the rows away: they are "
          "rebuilt from it (docs/runbook.md)",
          settings.orders_url(), what, settings.journal_dir.string()));
}

class FileParts final : public Parts {
 public:
  FileParts(const Settings& settings, Log& log) : settings_(settings), log_(log) {}

  Status open(Node node);

  Journal& journal() override { return *journal_; }
  bool shared() const override { return false; }
  Orders* orders() override { return orders_.get(); }
  JournalReader* durable_journal() override { return reader_.get(); }
  Ledger take_ledger() override { return std::move(ledger_); }
  Position durable() const override {
    return Position{journal_->durable().load(std::memory_order_acquire)};
  }
  std::int64_t last_flush_us() const override { return journal_->last_flush_us(); }
  const Found& found() const override { return found_; }

 private:
  Status open_orders();
  Status open_journal(Node node);
  Status replay(std::span<const Entry> entries);
  Status check_rows() const;

  const Settings settings_;
  Log& log_;
  Found found_;
  Ledger ledger_;
  std::optional<Bookmark> bookmark_;
  std::unique_ptr<FileDisk> disk_;
  std::unique_ptr<Orders> orders_;
  std::unique_ptr<FileDiskReader> reader_disk_;
  std::unique_ptr<FileJournal> journal_;
  std::unique_ptr<FileJournalReader> reader_;
};

Status FileParts::open(Node node) {
  const std::string directory = settings_.journal_dir.string();
  if (auto fine = check_directory(settings_); !fine) return fine;
  auto disk = lock_disk(directory);
  if (!disk) return fail(std::move(disk.error()));
  disk_ = std::move(*disk);
  if (auto opened = open_orders(); !opened) return opened;
  if (auto opened = open_journal(node); !opened) return opened;

  auto reader_disk = FileDiskReader::open(directory);
  if (!reader_disk) return fail(std::move(reader_disk.error()));
  reader_disk_ = std::move(*reader_disk);
  reader_ = std::make_unique<FileJournalReader>(*reader_disk_, [this] { return durable(); });
  return {};
}

Status FileParts::open_orders() {
  auto orders = open_rows(settings_, log_);
  if (!orders) return fail(std::move(orders.error()));
  orders_ = std::move(*orders);
  auto bookmark = orders_->bookmark();
  if (!bookmark) return fail(std::move(bookmark.error()));
  bookmark_ = *bookmark;
  return {};
}

Status FileParts::open_journal(Node node) {
  FileJournalOptions options{.segment_bytes = settings_.segment_size,
                             .journal_max = settings_.journal_max};
  if (bookmark_) options.rows_at = bookmark_->next;
  options.genesis = {.node = node, .nonce = random_u64(), .stamp = machine_now().raw};
  options.say = [this](std::string_view line) {
    log_.warn("journal", {{"says", std::string(line)}});
  };
  auto journal =
      FileJournal::open(*disk_, std::move(options),
                        [this](std::span<const Entry> entries) { return replay(entries); });
  if (!journal) return fail(std::move(journal.error()));
  journal_ = std::move(*journal);
  found_ = {journal_->recovered().is_new, number(ledger_.position()), ledger_.sales().size(),
            journal_->recovered().torn_bytes};
  return {};
}

Status FileParts::replay(std::span<const Entry> entries) {
  Changes ignored;
  Status fine;
  ledger_.apply_all(entries, ignored, [&](const Entry&, const Verdict&) {
    ignored.clear();
    if (ledger_.halted()) fine = fail(Code::kCorrupt, "ledger: " + *ledger_.halted());
    if (fine) fine = check_rows();
    return fine.has_value();
  });
  return fine;
}

// J7, A14: are these rows of this journal, made by these rules?
Status FileParts::check_rows() const {
  if (!bookmark_) return {};
  if (ledger_.position() == Position{1} && ledger_.identity() != bookmark_->journal) {
    return other_rows("are rows of another journal", settings_);
  }
  if (ledger_.position() != bookmark_->next) return {};
  if (ledger_.last_hash() != bookmark_->last)
    return other_rows("were made from another record than the journal has", settings_);
  if (ledger_.digest() != bookmark_->digest)
    return other_rows("were made by other rules", settings_);
  return {};
}

}  // namespace

Status check_directory(const Settings& settings) {
  const fs::path& directory = settings.journal_dir;
  std::error_code error;
  if (!fs::exists(directory, error)) return {};
  if (!fs::is_directory(directory, error)) {
    return fail(Code::kInvalid,
                fmt::format("{} is no directory; --journal takes file:DIR", directory.string()));
  }
  if (fs::is_empty(directory, error) || fs::exists(directory / "lock", error)) return {};
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const std::string extension = at->path().extension();
    // A copy without its lock file; tokens of a node over Kafka, or of --compat demo.
    if (extension == ".seg" || extension == ".db" || extension == ".token") return {};
  }
  if (error) return {};  // may not be read: opening it says so better
  return fail(
      Code::kInvalid,
      fmt::format("{} holds files, but none of seckill's: nothing was touched; name an empty or a "
                  "new directory with --journal file:DIR",
                  directory.string()));
}

// A topic is checked as it is read: every record's bytes, place and stamp.
static Result<Verified> verify_topic(const Settings& settings) {
  Verified found;
  const Status read = dump_journal(settings, Position{}, [&](const Entry& entry) -> Status {
    if (found.records++ == 0) {
      found.identity = hash_of(entry.stamp, entry.bytes);
      found.first_stamp = entry.stamp;
    }
    found.last_stamp = entry.stamp;
    found.bytes += entry.bytes.size();
    found.end = next(entry.position);
    return {};
  });
  if (!read && read.error().code != Code::kCorrupt) return fail(read.error());
  if (!read) found.damage = read.error();
  return found;
}

static Result<Verified> verify_files(const Settings& settings) {
  auto disk = FileDiskReader::open(settings.journal_dir.string());
  if (!disk) return fail(std::move(disk.error()));
  return verify(**disk);
}

Result<CheckedJournal> check_journal(const Settings& settings) {
  CheckedJournal checked;
  if (const auto rows = open_rows_reader(settings)) {  // first: a live server writes on
    if (const auto page = (*rows)->orders({.limit = 1})) checked.rows_at = page->as_of;
  }
  auto found = settings.kafka ? verify_topic(settings) : verify_files(settings);
  if (!found) return fail(std::move(found.error()));
  checked.found = *std::move(found);
  if (!checked.found.damage && checked.rows_at && *checked.rows_at > checked.found.end) {
    checked.found.damage =
        Error{Code::kCorrupt,
              fmt::format("the rows know {}, the journal's whole blocks hold {}: what was durable "
                          "behind them has rotted or is gone (docs/runbook.md)",
                          counted(number(*checked.rows_at), "record"),
                          grouped(number(checked.found.end)))};
  }
  return checked;
}

Result<std::unique_ptr<Parts>> open_parts(const Settings& settings, Node node, Log& log) {
  if (settings.kafka) return open_kafka_parts(settings, node, log);
  auto parts = std::make_unique<FileParts>(settings, log);
  if (auto opened = parts->open(node); !opened) return fail(std::move(opened.error()));
  return parts;
}

Result<ReadJournal> open_journal_reader(const Settings& settings) {
  if (settings.kafka) {
    auto reader = open_kafka_reader(kafka_options(settings));
    if (!reader) return fail(std::move(reader.error()));
    return ReadJournal{nullptr, *std::move(reader)};
  }
  auto disk = FileDiskReader::open(settings.journal_dir.string());
  if (!disk) return fail(std::move(disk.error()));
  auto reader = std::make_unique<FileJournalReader>(**disk);
  return ReadJournal{*std::move(disk), std::move(reader)};
}

Status dump_journal(const Settings& settings, Position from,
                    const std::function<Status(const Entry&)>& each) {
  if (!settings.kafka) {
    auto disk = FileDiskReader::open(settings.journal_dir.string());
    return disk ? dump(**disk, from, each) : Status(fail(std::move(disk.error())));
  }
  auto journal = open_journal_reader(settings);
  if (!journal) return fail(std::move(journal.error()));
  for (;;) {
    const auto entries = journal->reader->read(from, 1'000);
    if (!entries) return fail(entries.error());
    if (entries->empty()) return {};
    for (const Entry& entry : *entries) {
      if (auto taken = each(entry); !taken) return taken;
    }
    from = next(entries->back().position);
  }
}

}  // namespace seckill::app
