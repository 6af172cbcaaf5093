// One node of the simulated world: what survives a process (platter, rows), and the process, which
// is the real Sale, Shell, Ledger, FileJournal and Consumer. A crash destroys the process's
// objects; a stop withholds its events. Whatever happens on a node is an event of the stage under
// its name, so several of them may share one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "canary.h"
#include "journal/file_journal.h"
#include "journal/file_reader.h"
#include "journal_watch.h"
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
  std::uint64_t journal_max = kNoCap;  // the season's cap, until somebody raises it
  SaleLimits limits;
  bool moves = false;  // now and then a restart finds the files on a disk with other sectors
  bool rival = false;  // a second consumer stores rows, too

  static constexpr std::uint64_t kNoCap = 16ULL << 30;
};

class Node {
 public:
  Node(NodeId id, Stage& stage, Witness& witness, Canary& canary, NodeShape shape, Hear hear);
  ~Node();

  // ---- its life ----

  void start();
  void crash(Crash how, Chance& chance);
  void drain();  // SIGTERM, and come back
  // SIGSTOP, SIGCONT; or when it has just been asked something.
  void stop_for(microseconds time, bool when_asked);
  // Within the recovery of the next start: it dies, or a call fails.
  void crash_within_next_start(int calls, Crash how) { fuse_ = {calls, how}; }
  void trouble_within_next_start(Failing failing) { next_calls_fail_ = failing; }
  void calm();  // nothing of that is left, what is damaged is noticed, and the season has no cap

  // ---- its machine ----

  void lose_power();  // while it is down
  // Durable blocks are damaged. The next start must refuse, and the consumer if it comes there
  // first; then somebody heals them.
  void rot();
  // While it is down: its rows get another bookmark. They must not be written to; then they are
  // sorted out.
  void mix_up_rows();

  // ---- what people do ----

  bool up() const { return process_ != nullptr; }
  // False: nobody listens there.
  bool ask(const Call& call);
  // The caller has left: nobody sits in his slot any more, until the next one comes.
  void leave(std::uint64_t call);
  void reload(OrderId order);  // somebody looks at his order

  // ---- what the world looks at ----

  const Ledger* ledger() const;
  bool has_journal() const {
    return rot_.empty() && !rows_.mixed_up() && !platter_.durable.empty();
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
  struct Asked;
  struct Fuse {
    int calls = 0;
    Crash how = Crash::kKill;
  };
  struct Slot {
    std::uint32_t generation = 0;
    std::optional<std::uint64_t> call;  // who waits in it
  };

  Result<std::unique_ptr<FileJournal>> open_journal(Process& p, Ledger& ledger,
                                                    const std::optional<Bookmark>& mark);
  void note_recovery(const FileJournal& journal);
  void forget_what_nobody_knows();
  void open_for_business(Ledger ledger, seckill::Node name);
  void failed_to_start(const Error& error, bool died, bool call_failed);
  bool was_to_be_refused();
  void hire_consumers(Process& p);
  void later(microseconds delay, std::function<void(Process&)> event);
  void touched();  // after whatever happened to the shell
  void check_bounds(Process& p);
  void tell(std::span<const Answer> answers);
  void check_refusal(const Process& p, const Asked& asked, const Verdict& verdict);
  void stopped(const std::string& why);
  void expect_drained();
  void drained();
  void consume();
  bool goes_on_after(const Error& error, bool call_failed);
  void take(const Call& call);
  void let_go(std::uint64_t call);
  std::uint64_t sale_records_at_first(const Ask& ask) const;
  Who seat(std::uint64_t call);
  void free_slot(std::uint32_t slot);

  const NodeId id_;
  Stage& stage_;
  Chance chance_;
  Witness& witness_;
  Canary& canary_;
  NodeShape shape_;
  Hear hear_;
  Platter platter_;
  SimOrders rows_;
  std::vector<Platter::Rot> rot_;
  MixUp mix_up_ = MixUp::kAhead;  // while rows_.mixed_up()
  std::optional<Fuse> fuse_;
  std::optional<Failing> next_calls_fail_;
  std::optional<microseconds> stops_when_asked_;
  std::unique_ptr<Process> process_;
  std::uint64_t starts_ = 0;
  std::uint64_t crashes_ = 0;
};

}  // namespace seckill::simulation
