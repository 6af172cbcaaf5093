// Real Redis, MariaDB and Kafka for tests, started by scripts/stack in folders and on ports of
// their own; they end with the test, also when it dies.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "support/temp_dir.h"

namespace seckill::testing {

class RealServers {
 public:
  // What this ctest run shares: its fixture `stack` starts it; by hand, this process does. Others
  // use it at the same time: only add to it, under names of your own.
  static const RealServers& shared();

  // One's own, in a fresh folder, for tests that kill, pause or empty them: "mysql", "redis,kafka".
  explicit RealServers(std::string_view only, int brokers = 1);
  ~RealServers();
  RealServers(const RealServers&) = delete;
  RealServers& operator=(const RealServers&) = delete;

  // A line of `scripts/stack env`: MYSQL_URL, KAFKA_ADDRESSES, …
  std::string operator[](const std::string& name) const;

  const std::string& directory() const { return directory_; }  // a folder for each server in it

  // kill, pause, resume, restart (also what was killed), empty (kill, and start without data).
  void act(std::string_view verb, std::string_view server) const;

 private:
  RealServers(std::unique_ptr<TempDir> own, std::string_view only, int brokers);
  RealServers(std::string directory, std::string_view only, int brokers);

  std::unique_ptr<TempDir> own_;  // nothing: shared
  std::string directory_;
  std::map<std::string, std::string> values_;
};

}  // namespace seckill::testing
