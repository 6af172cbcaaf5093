// A wire between a client and a server that breaks at a chosen word, or garbles it: the only way to
// lose exactly the answer to a COMMIT, and to ask a broker about a topic that it does not know yet.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace seckill::testing {

class CutWire {
 public:
  // Garbled: the server hears another word and answers about that one; the client sees its own.
  enum class Cut : std::uint8_t { kNever, kBeforeItArrives, kBeforeItIsAnswered, kGarbled, kLie };

  // 127.0.0.1 on both sides; `at` is where the client finds it, "127.0.0.2" and the server's own
  // port for a server that tells its clients where to go.
  explicit CutWire(std::uint16_t server_port, const char* at = "127.0.0.1", std::uint16_t port = 0);
  ~CutWire();
  CutWire(const CutWire&) = delete;
  CutWire& operator=(const CutWire&) = delete;

  std::uint16_t port() const { return port_; }

  // The next time that a client says `word`; once. deaf: no connection is made after that, either.
  void cut(std::string word, Cut how, bool deaf = false);
  // The next time that the server says `word`, the client hears `lie`, which is as long; once.
  void lie(std::string word, std::string lie);
  int heard() const { return heard_; }  // how often clients said the last such word since
  bool is_cut() const { return cut_ == Cut::kNever; }

 private:
  void run();
  void join(const Fd& client, const Fd& server);
  bool pass(int from, int to, bool is_client, std::string& garbled);

  std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  Fd listener_;
  std::string word_, lie_;
  std::atomic<Cut> cut_{Cut::kNever};
  std::atomic<bool> deaf_{false}, stop_{false}, is_deaf_{false};
  std::atomic<bool> has_word_{false};
  std::atomic<int> heard_{0};
  std::vector<std::thread> joins_;  // a thread for each client
  std::thread thread_;
};

}  // namespace seckill::testing
