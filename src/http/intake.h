// The bytes of one connection while a request is in progress, and the requests found in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "http/chunks.h"
#include "http/head.h"
#include "http/options.h"
#include "http/request.h"

namespace seckill {

// A small buffer serves almost everybody; who sends more gets a larger one until he is served. The
// loop: receive into room(), received(n), then next() until kMore; consume() each request found.
class Intake {
 public:
  explicit Intake(const HttpLimits& limits);

  std::span<char> room();  // never empty: what cannot fit has been refused
  void received(std::size_t size) { end_ += size; }

  enum class Found : std::uint8_t { kMore, kRequest, kRefused };
  Found next();
  const Request& request() const { return request_; }  // after kRequest, until consume()
  const Refusal& refusal() const { return refusal_; }  // after kRefused; nothing can follow it
  void consume();

  bool empty() const { return begin_ == end_; }
  bool awaits_body() const { return head_read_; }  // after kMore
  // True once for a request that expects "100 Continue" and whose body has not come.
  bool take_expectation();
  void clear();  // ready for another connection

  static constexpr std::size_t kPadding = 64;  // bytes that may be read behind a body (simdjson)

 private:
  static constexpr std::size_t kSmall = 4096;
  std::size_t large() const;
  Found refuse(const Refusal& why);
  Found look();
  Found read_body();
  void move_to(char* to);

  const HttpLimits& limits_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = kSmall;
  std::size_t begin_ = 0;  // of the request that is looked at
  std::size_t end_ = 0;    // of what was received
  std::size_t size_ = 0;   // of the request found, framing included
  HeadScan scan_;
  ChunkWalk chunks_;
  BodyPlan body_;
  bool head_read_ = false;
  bool continued_ = false;
  bool refused_ = false;
  Request request_;
  Refusal refusal_;
};

}  // namespace seckill
