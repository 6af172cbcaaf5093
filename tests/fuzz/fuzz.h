// What the fuzz targets share. Each of them is one LLVMFuzzerTestOneInput: libFuzzer drives it in
// build/fuzz, replay.cc in the ordinary tests. A belief that fails is an invariant, which aborts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/invariant.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace seckill::fuzz {

// The input, taken piece by piece; where it ends, zeros follow.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const std::uint8_t taken = left_.front();
    left_ = left_.subspan(1);
    return taken;
  }
  std::uint32_t number(int bytes) {
    std::uint32_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | byte();
    return value;
  }
  std::span<const std::uint8_t> some(std::size_t most) {
    const auto taken = left_.first(std::min(most, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }
  bool ended() const { return left_.empty(); }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(left_.data()), left_.size()};
  }
  std::span<const std::byte> bytes() const { return std::as_bytes(left_); }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace seckill::fuzz
