// A real run of the file journal on the machine's disk, of one seed, recorded: lives that begin
// with recovery, take turns and die; each next one begins on what a power cut left of the one
// before.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "crash/medium.h"
#include "journal/journal_testing.h"

namespace seckill::testing {

// One life of it.
struct Life {
  Files before;             // the directory as it began
  std::vector<Step> steps;  // the first: kAsked, what its recovery found
  std::vector<Kept> asked;  // all records ever asked for, in order; those of earlier lives first
  std::size_t told_before = 0;  // how many of them were told before it began
  std::size_t sector = 0;
};

class Run {
 public:
  Run(std::uint64_t seed, std::string directory);

  // Lives one more life. An error is a finding: the journal did not start, or lost something.
  Result<Life> live();

 private:
  void put_files(const Files& files) const;
  Status recover(Disk& disk, std::unique_ptr<FileJournal>& journal, Life& life);
  Status work(FileJournal& journal, Life& life);
  void ask(FileJournal& journal, Life& life);

  std::uint64_t seed_;
  std::mt19937_64 dice_;
  std::string directory_;
  std::vector<Kept> told_;
  Files files_;
  std::vector<Record> crowd_;  // what will be asked
  std::size_t next_ = 0;       // of them
  RawTime now_;
};

FileJournalOptions crash_options(std::uint64_t seed);
// Which orders these records won, by position: replayed by the ledger.
std::vector<std::pair<Position, OrderId>> won_by(const std::vector<Kept>& records);

}  // namespace seckill::testing
