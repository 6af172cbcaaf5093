// A node that is alone: it stands on a disk of its own, with the real FileJournal, and stores its
// rows itself. What survives its process: the platter and the rows.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "journal/file_journal.h"
#include "journal/file_reader.h"
#include "node.h"
#include "orders/consumer.h"
#include "sim_orders.h"

namespace seckill::simulation {

struct NodeShape {
  std::size_t sector = 512;
  std::uint64_t segment_bytes = 65'536;
  std::uint64_t journal_max = kNoCap;  // the season's cap, until somebody raises it
  SaleLimits limits;
  bool moves = false;  // now and then a restart finds the files on a disk with other sectors
  bool rival = false;  // a second consumer stores rows, too

  static constexpr std::uint64_t kNoCap = 16ULL << 30;
};

class FileNode final : public Node {
 public:
  FileNode(NodeId id, Stage& stage, Witness& witness, Canary& canary, NodeShape shape, Hear hear);
  ~FileNode() override;

  void start() override;
  void crash(Crash how, Chance& chance) override;
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

  // ---- what the world looks at ----

  bool has_journal() const {
    return rot_.empty() && !rows_.mixed_up() && !platter_.durable.empty();
  }  // whole, as it lies there
  bool rows_complete() const;
  SimOrders& rows() { return rows_; }
  Platter& platter() { return platter_; }

  DiskMood disk_mood;
  DatabaseMood database_mood;

 private:
  struct Files;  // what a process has open
  struct Fuse {
    int calls = 0;
    Crash how = Crash::kKill;
  };

  void check_stop(const std::string& why) override;
  void check_bounds() override;
  Result<std::unique_ptr<FileJournal>> open_journal(Ledger& ledger,
                                                    const std::optional<Bookmark>& mark);
  void note_recovery(const FileJournal& journal);
  void forget_what_nobody_knows();
  void open(Ledger ledger);
  void failed_to_start(const Error& error, bool died, bool call_failed);
  bool was_to_be_refused();
  void hire_consumers();
  void consume();
  bool goes_on_after(const Error& error, bool call_failed);

  NodeShape shape_;
  Platter platter_;
  SimOrders rows_;
  std::vector<Platter::Rot> rot_;
  MixUp mix_up_ = MixUp::kAhead;  // while rows_.mixed_up()
  std::optional<Fuse> fuse_;
  std::optional<Failing> next_calls_fail_;
  std::unique_ptr<Files> files_;
};

}  // namespace seckill::simulation
