// The parts of a process, built bottom-up from the settings. parts.cc is the only file that names
// implementations, beside parts_rows.cc: a journal in files, rows in SQLite or MySQL.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/settings.h"
#include "base/disk.h"
#include "base/log.h"
#include "counter/redis_counter.h"
#include "journal/journal.h"
#include "journal/kafka_journal.h"
#include "journal/verify.h"
#include "ledger/ledger.h"
#include "orders/orders.h"

namespace seckill::app {

// What is written while it serves: with a journal in files one process at a time, under the
// directory's lock; over Kafka any number of them, and rows are stored by `seckill consume`.
class Parts {
 public:
  virtual ~Parts() = default;

  virtual Journal& journal() = 0;
  virtual bool shared() const = 0;  // other processes write to this journal, too
  // Null where this process stores no rows. durable_journal: only what is durable, for the
  // consumer, on its thread.
  virtual Orders* orders() = 0;
  virtual JournalReader* durable_journal() = 0;
  virtual Ledger take_ledger() = 0;  // replayed to the journal's end; once

  virtual Position durable() const = 0;
  virtual std::int64_t last_flush_us() const = 0;

  struct Found {
    bool is_new = false;
    std::uint64_t records = 0;
    std::size_t sales = 0;
    std::uint64_t torn_bytes = 0;
  };
  virtual const Found& found() const = 0;
};

// Opens, or makes, what the settings name: lock, rows, bookmark, journal replayed into a ledger.
// `node` and now are the first record's, if this is a new journal. Errors, before anything is
// written: kCorrupt (damaged, short, foreign or newer journal; rows ahead of it, or of another
// one), kUnavailable (another process has it), kInvalid (no directory of ours, not writable),
// kFull.
Result<std::unique_ptr<Parts>> open_parts(const Settings& settings, Node node, Log& log);

// In parts_kafka.cc: the same over a topic. kUnavailable when no broker answers in time.
Result<std::unique_ptr<Parts>> open_kafka_parts(const Settings& settings, Node node, Log& log);
KafkaOptions kafka_options(const Settings& settings);

// In parts_counter.cc: the shared hint; null where the settings name none. A server that does not
// answer is waited for, with a line in the log; kUnavailable after start_wait. kInvalid: it cannot
// be our counter's home, and why.
Result<std::unique_ptr<RedisCounter>> open_counter(const Settings& settings, RecordHash journal,
                                                   Log& log);
RedisOptions redis_options(const Settings& settings);

// Nothing is put into a directory that is somebody else's: it is ours, empty, or not there.
Status check_directory(const Settings& settings);

// What only reads, beside whoever writes: audit, journal verify and dump, consume. Takes no lock.
// In files: every whole block there is, also one whose flush is still under way.
struct ReadJournal {
  std::unique_ptr<DiskReader> disk;  // of files; the reader needs it
  std::unique_ptr<JournalReader> reader;
};
Result<ReadJournal> open_journal_reader(const Settings& settings);
// Every record from `from` on, as journal/verify.h's dump; stops at what `each` refuses.
Status dump_journal(const Settings& settings, Position from,
                    const std::function<Status(const Entry&)>& each);
// kUnavailable when there are none yet.
Result<std::unique_ptr<OrdersReader>> open_rows_reader(const Settings& settings);

// The rows' writer, in SQLite or MySQL. A server that does not answer is waited for, with a line in
// the log; kUnavailable after kServerWait.
Result<std::unique_ptr<Orders>> open_rows(const Settings& settings, Log& log);

// A server of MySQL's kind, as the doctor looks at it. Nothing is made or changed there.
struct LookedAtRows {
  std::string says;  // version, encryption, whose login
  std::optional<Error> trouble;
  std::string advice;  // how to mend it, or what is only doubtful; may be empty
};
LookedAtRows look_at_mysql(const Settings& settings);

// Every block looked at. Only the rows can tell a last block that has rotted from a last write that
// never became durable: without them (no rows_at) it counts as torn.
struct CheckedJournal {
  Verified found;
  std::optional<Position> rows_at;
};
Result<CheckedJournal> check_journal(const Settings& settings);

}  // namespace seckill::app
