// A wire between a client and a server that breaks at a chosen word: the only way to lose exactly
// the answer to a COMMIT.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "base/fd.h"

namespace seckill::testing {

class CutWire {
 public:
  enum class Cut : std::uint8_t { kNever, kBeforeItArrives, kBeforeItIsAnswered };

  // 127.0.0.1 on both sides.
  explicit CutWire(std::uint16_t server_port);
  ~CutWire();
  CutWire(const CutWire&) = delete;
  CutWire& operator=(const CutWire&) = delete;

  std::uint16_t port() const { return port_; }

  // The next time that a client says `word`; once. deaf: no connection is made after that, either.
  void cut(std::string word, Cut how, bool deaf = false);
  bool is_cut() const { return cut_ == Cut::kNever; }

 private:
  void run();
  void join(int client, int server);
  bool pass(int from, int to, bool is_client);

  std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  Fd listener_;
  std::string word_;
  std::atomic<Cut> cut_{Cut::kNever};
  std::atomic<bool> deaf_{false}, stop_{false}, is_deaf_{false};
  std::thread thread_;
};

}  // namespace seckill::testing
