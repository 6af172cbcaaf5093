// One node of the simulated world: what survives a process (platter, rows), and the process, which
// is the real Sale, Shell, Ledger, FileJournal and Consumer. A crash destroys the process's
// objects.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "canary.h"
#include "journal/file_journal.h"
#include "journal/file_reader.h"
#include "orders/consumer.h"
#include "sale/shell.h"
#include "sim_disk.h"
#include "sim_orders.h"
#include "stage.h"
#include "witness.h"

namespace seckill::simulation {

// What is asked over a connection, and by whom; the answer comes to him, or never.
struct Call {
  std::uint64_t id = 0;
  Ask ask;
};
using Hear = std::function<void(std::uint64_t call, const Verdict&)>;

struct NodeShape {
  std::size_t sector = 512;
  std::uint64_t segment_bytes = 65'536;
  SaleLimits limits;
  bool moves = false;  // now and then a restart finds the files on a disk with other sectors
  bool rival = false;  // a second consumer stores rows, too
};

class Node {
 public:
  Node(Stage& stage, Witness& witness, Canary& canary, NodeShape shape, Hear hear);
  ~Node();

  void start();
  // Within this start's recovery, or now.
  void crash(Crash how);
  void drain();  // and come back
  void crash_within_next_start(int calls, Crash how) { fuse_ = {calls, how}; }
  // While it is down: a durable block is damaged. The next start must refuse; then it is healed.
  void rot();
  // While it is down: its rows get another bookmark. They must not be written to; then they are
  // sorted out.
  void mix_up_rows();

  void fail_next_write() { write_failed_ = disk_mood.next_write_fails = true; }
  void calm() { fuse_.reset(); }

  void lose_power();  // while it is down

  bool up() const { return process_ != nullptr; }
  // False: nobody listens there.
  bool ask(const Call& call);
  // The caller has left: nobody sits in his slot any more, until the next one comes.
  void leave(std::uint64_t call);

  const Ledger* ledger() const;
  bool has_journal() const {
    return !rot_ && !rows_.mixed_up() && !platter_.durable.empty();
  }  // whole, as it lies there
  bool quiet() const;
  bool rows_complete() const;
  SimOrders& rows() { return rows_; }
  Platter& platter() { return platter_; }
  std::uint64_t starts() const { return starts_; }
  std::uint64_t crashes() const { return crashes_; }

  DiskMood disk_mood;
  DatabaseMood database_mood;

 private:
  struct Process;
  struct Fuse {
    int calls = 0;
    Crash how = Crash::kKill;
  };
  struct Slot {
    std::uint32_t generation = 0;
    std::optional<std::uint64_t> call;  // who waits in it
  };

  void failed_to_start(const Error& error, bool died);
  bool was_to_be_refused();
  void hire_consumers(Process& p);
  void later(microseconds delay, std::function<void(Process&)> event);
  void touched();  // after whatever happened to the shell
  void tell(std::span<const Answer> answers);
  void stopped(const std::string& why);
  void drained();
  void consume();
  Who seat(std::uint64_t call);
  void free_slot(std::uint32_t slot);

  Stage& stage_;
  Witness& witness_;
  Canary& canary_;
  NodeShape shape_;
  Hear hear_;
  Platter platter_;
  SimOrders rows_;
  std::optional<Platter::Rot> rot_;
  MixUp mix_up_ = MixUp::kAhead;  // while rows_.mixed_up()
  std::optional<Fuse> fuse_;
  bool write_failed_ = false;
  std::unique_ptr<Process> process_;
  std::uint64_t starts_ = 0;
  std::uint64_t crashes_ = 0;
};

}  // namespace seckill::simulation
