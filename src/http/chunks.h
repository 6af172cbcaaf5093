// A chunked body, decoded strictly and in place (T3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "http/options.h"
#include "http/problem.h"

namespace seckill {

// Fed with the body's raw bytes from its first one on, each time there are more of them. Data moves
// down to the front; what has been walked over is never looked at again. Trailers are dropped.
class ChunkWalk {
 public:
  enum class Found : std::uint8_t { kMore, kBody, kRefused };
  Found walk(std::span<char> raw, const HttpLimits& limits);

  std::size_t body() const { return body_; }  // decoded bytes, at the front of `raw`
  std::size_t raw() const { return at_; }     // bytes walked over
  const Refusal& refusal() const { return refusal_; }

 private:
  enum class Part : std::uint8_t { kSize, kData, kDataEnd, kTrailer };
  Found refuse(std::string_view detail);
  Found too_large();
  Found size_line(std::span<char> raw, const HttpLimits& limits);
  Found trailer_line(std::span<char> raw, const HttpLimits& limits);

  Part part_ = Part::kSize;
  std::size_t at_ = 0;
  std::size_t body_ = 0;
  std::size_t left_ = 0;      // of the present chunk
  std::size_t trailers_ = 0;  // bytes of them
  Refusal refusal_;
};

}  // namespace seckill
