// Those who follow a sale live. A reader costs a file and nothing else: he gets what the others
// get, as far as his socket takes it, and whoever falls behind is let go.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "http/office.h"

namespace seckill {

inline constexpr std::uint32_t kReadersMax = 64;

// Promises: (1) a snapshot at once, then one each kTick, encoded once for all readers of a sale;
// (2) a comment each limits.comment, 15 s; (3) a reader whose socket does not take a snapshot whole
// is dropped: nothing is kept for him, nothing waits for him; (4) whoever comes back with an id of
// another process is told `restarted` first; (5) nobody reads: nothing is done. Threads: the
// loop's.
class Streams {
 public:
  static constexpr milliseconds kTick{250};
  static constexpr unsigned kSteps = 10;  // of a tick, a part of the readers in each: a purchase
                                          // does not wait until all of them have been written to

  Streams(boost::asio::io_context& context, Office& office);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // Takes over a connection whose head has been sent. Needs: `file` does not block.
  void adopt(int file, const StreamAsk& ask);
  void close_all();

 private:
  struct Reader {
    int file;
    SaleUid sale;
    unsigned step;  // of the tick, in which he is told
  };
  void step_later();
  void step();
  const std::string& snapshot(SaleUid sale);
  static bool give(const Reader& reader, const std::string& bytes);
  static bool has_left(const Reader& reader);
  void drop(std::size_t at);

  Office& office_;
  boost::asio::steady_timer timer_;
  const RawTime started_ = raw_now();
  std::uint64_t number_ = 0;  // of snapshots
  SteadyTime comment_at_ = kNever;
  bool commenting_ = false;  // in this tick
  bool ticking_ = false;
  unsigned step_ = 0;
  unsigned next_step_ = 0;       // for who comes next
  std::vector<Reader> readers_;  // by sale
  std::string text_;             // the last snapshot …
  SaleUid of_{};                 // … and whose it is
};

}  // namespace seckill
