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
#include "journal/journal.h"
#include "journal/verify.h"
#include "ledger/ledger.h"
#include "orders/orders.h"

namespace seckill::app {

// What is written while it serves: one process at a time, under the directory's lock.
class Parts {
 public:
  virtual ~Parts() = default;

  virtual Journal& journal() = 0;
  virtual Orders& orders() = 0;
  virtual JournalReader&
  durable_journal() = 0;             // only what is durable: for the consumer, on its thread
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

// Nothing is put into a directory that is somebody else's: it is ours, empty, or not there.
Status check_directory(const Settings& settings);

// What only reads, beside whoever writes: audit, journal verify and dump, lists. Takes no lock.
Result<std::unique_ptr<DiskReader>> open_disk_reader(const Settings& settings);
// Every whole block there is, also one whose flush is still under way. Needs: disk outlives it.
std::unique_ptr<JournalReader> open_journal_reader(DiskReader& disk);
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
