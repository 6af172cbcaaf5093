// A small HTTP server inside a test: speaks both wires, with the manners that a test wants.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

namespace seckill {

struct ToyAsk {
  std::uint32_t n = 0;  // 1, 2, … in order of arrival
  std::uint32_t connection = 0;
  std::string method, path, key, body;
};

struct ToyAnswer {
  std::string bytes;      // written as they are; empty and no hang-up: silence
  microseconds after{0};  // slowly
  std::size_t piece = 0;  // bytes written at a time; 0: all at once
  bool hang_up = false;   // closes behind the bytes
  bool reset = false;     // RST instead
};

// "HTTP/1.1 200 OK…" with a Content-Length.
std::string toy_reply(int status, std::string_view body, std::string_view more_headers = "");

class ToyShop {
 public:
  using Manner = std::function<ToyAnswer(const ToyAsk&)>;
  explicit ToyShop(Manner manner);  // listens on a free port of 127.0.0.1, in a thread of its own
  ~ToyShop();
  std::uint16_t port() const;
  std::string url(std::string_view path = "") const;
  std::vector<ToyAsk> asked() const;  // so far

 private:
  class Inside;
  std::unique_ptr<Inside> inside_;
};

// Sells this many units honestly: over the demo's wire, and over the API as sale "car" with keys
// before state. GET /api/v1/sales/car and /metrics answer, too.
ToyShop::Manner honest(std::uint32_t stock);

}  // namespace seckill
