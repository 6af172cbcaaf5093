// A server that dies in the middle of a rush, and shoppers who ask again with their keys. However
// it died, what they were told must come back: both auditors prove it, ours and the outside one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "system/binary.h"

namespace seckill::testing {

struct Crowd {
  int shoppers = 400;
  int stock = 60;
  int connections = 100;
  std::string over = "400ms";
};

// One directory, one port once a server has had one, one sale after another. Promises: whatever
// happens between open() and prove(), prove() fails the test unless every unit is sold once, every
// shopper's transcript holds, and both auditors exit 0 with the same sums.
class Torture {
 public:
  Torture(std::uint64_t seed, std::string orders = "");

  // Starts a server; whether it came up. With faults it may not.
  bool start(const Surroundings& setup = {});
  // A server without faults must come up: no false stop (I9).
  void restart(const Surroundings& setup = {});
  Server& server() { return *server_; }
  const TempDir& dir() const { return dir_; }

  // Opens a sale of this name, if the server can; whoever was told of it finds it for ever.
  bool open(const std::string& sale, const Crowd& crowd = {});
  // In the background; a shopper who hears nothing tries again with his key.
  void rush();
  bool rushes() { return crowd_ && !crowd_->ended(); }
  void wait_for_first_sale();
  bool told() const { return told_; }  // that the sale is there
  // Waits for the end of the crowd.
  void end_rush();
  // Starts one more server, and kills it so much later.
  void die_in_recovery(microseconds later);
  // SIGKILL, if it still runs; the exit code, or 137.
  int kill();

  // Needs: a server without faults.
  void prove();

 private:
  Program crowd(const std::string& out, const std::string& timeout);
  void take_transcript(const std::string& out);

  TempDir dir_;
  std::string orders_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  std::uint64_t seed_;
  std::string sale_;
  bool told_ = false;  // that the sale is there
  Crowd shape_;
  std::unique_ptr<Program> crowd_;
  int rushes_ = 0;
  std::string transcript_;
};

}  // namespace seckill::testing
