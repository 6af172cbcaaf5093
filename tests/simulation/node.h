// A `seckill serve` of the simulated world, as people meet it: the real Sale and Shell behind a
// door. What they stand on (a disk of one's own, or a log that is shared) is the affair of who
// derives from it. A crash destroys the process's objects; a stop withholds its events. Whatever
// happens on a node is an event of the stage under its name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "canary.h"
#include "journal_watch.h"
#include "sale/shell.h"
#include "sim_disk.h"
#include "stage.h"
#include "witness.h"

namespace seckill::simulation {

// What is asked over a connection, and by whom; the answer comes to him, or never.
struct Call {
  std::uint64_t id = 0;
  Ask ask;
};
using Hear = std::function<void(std::uint64_t call, const Verdict&)>;

class Node {
 public:
  Node(NodeId id, std::string name, Stage& stage, Witness& witness, Canary& canary,
       const SaleLimits& limits, Hear hear);
  virtual ~Node();

  // ---- its life ----

  virtual void start() = 0;
  virtual void crash(Crash how, Chance& chance) = 0;
  void drain();  // SIGTERM, and come back
  // SIGSTOP, SIGCONT; or when it has just been asked something.
  void stop_for(microseconds time, bool when_asked);

  // ---- what people do ----

  bool up() const { return process_ != nullptr; }
  // False: nobody listens there.
  bool ask(const Call& call);
  // The caller has left: nobody sits in his slot any more, until the next one comes.
  void leave(std::uint64_t call);

  // ---- what the world looks at ----

  const std::string& name() const { return name_; }
  const Ledger* ledger() const;
  bool quiet() const;
  bool is_stopped() const { return stage_.is_withheld(id_); }
  // It has run since then, and nothing kept it from seeing what happens.
  bool has_watched_since(SteadyTime then) const { return up() && disturbed_until_ <= then; }
  std::uint64_t starts() const { return starts_; }
  std::uint64_t crashes() const { return crashes_; }

 protected:
  struct Asked {
    Ask ask;
    Known known;             // what had been told when he asked
    std::uint64_t news = 0;  // that had come back when he asked
    bool alone = false;      // nothing else was gathered or in flight
  };
  struct Slot {
    std::uint32_t generation = 0;
    std::optional<std::uint64_t> call;  // who waits in it
  };
  struct Process {
    std::unique_ptr<JournalWatch> watch;
    std::unique_ptr<Sale> sale;
    std::unique_ptr<Shell> shell;
    std::vector<Slot> slots;
    std::vector<std::uint32_t> free;
    std::map<Who, Asked> waiting;  // for an answer of the engine, their askers may have left
    bool idle_comes = false;
    SteadyTime wakes_at = kNever;
    bool stopping = false;
    bool draining = false;
    bool was_stopped = false;                                       // since it began to drain
    std::uint64_t unknown = 0, doubts = 0, put_off = 0, stale = 0;  // noted
  };

  // counter: null, or the limits say that there is one.
  void open_for_business(Ledger ledger, seckill::Node name, Journal& journal,
                         Counter* counter = nullptr);
  void end_process();
  // Not for a later process.
  void later(microseconds delay, std::function<void()> event);
  void touched();  // after whatever happened to the shell
  void start_again(microseconds usual, microseconds most);

  // It stopped itself: was it right to (I9)?
  virtual void check_stop(const std::string& why) = 0;
  virtual void check_bounds();
  virtual Now clock() const { return stage_.now(); }  // the machine's own

  const NodeId id_;
  const std::string name_;
  Stage& stage_;
  Chance chance_;
  Witness& witness_;
  Canary& canary_;
  const SaleLimits limits_;
  std::unique_ptr<Process> process_;
  std::uint64_t starts_ = 0;
  std::uint64_t crashes_ = 0;
  SteadyTime disturbed_until_;
  std::optional<microseconds> stops_when_asked_;

 private:
  void tell(std::span<const Answer> answers);
  void check_refusal(const Asked& asked, const Verdict& verdict);
  void note_branches();
  void stopped(const std::string& why);
  void expect_drained();
  void drained();
  void take(const Call& call);
  void let_go(std::uint64_t call);
  std::uint64_t news_at_first(const Ask& ask) const;
  std::uint64_t news() const;
  Who seat(std::uint64_t call);
  void free_slot(std::uint32_t slot);

  Hear hear_;
};

}  // namespace seckill::simulation
