// What may fail outside us is a Result; what it says is what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace seckill {

// A code tells the caller what to do, the sentence tells a person what happened and what to try:
// "what, where: why; next".
struct Error {
  enum class Code : std::uint8_t {
    kUnavailable,  // ask later: a service, a port or a disk does not answer (exit 3)
    kFull,         // shed load: a stated bound is reached (exit 1)
    kCorrupt,      // stop and do not restart: data is damaged, foreign or newer (exit 5)
    kInvalid,      // do not repeat: the input or the configuration is wrong (exit 2)
    kFailed,       // anything else (exit 1)
  };
  Code code = Code::kFailed;
  std::string message;
};

// C++23's std::expected by its names; g++ 12 has none, so moving later is a change in this file.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error> other) : tl::expected<T, Error>(std::move(other)) {}
};

using Status = Result<void>;

inline tl::unexpected<Error> fail(Error::Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace seckill
