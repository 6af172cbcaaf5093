// What a power cut leaves of a recorded run, at any step of it.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <random>

#include "crash/recording_disk.h"

namespace seckill::testing {

using Files = std::map<std::string, std::vector<std::byte>, std::less<>>;

// How what was begun and not yet durable fares. Units are what a device writes whole: 512 bytes.
enum class Fate : std::uint8_t {
  kNothing,   // none of it reached the medium
  kAll,       // all of it did
  kPrefix,    // its first units
  kSuffix,    // its last ones: the device writes in any order
  kSubset,    // some
  kGarbled,   // some, and some others hold bytes that nobody wrote
  kTornUnit,  // some, and one of them only in part
};
inline constexpr std::array kFates{Fate::kNothing, Fate::kAll,     Fate::kPrefix,  Fate::kSuffix,
                                   Fate::kSubset,  Fate::kGarbled, Fate::kTornUnit};

class Medium {
 public:
  // A lying disk says that a write is durable when only the one before it is: for a test of the
  // tests.
  explicit Medium(Files files, bool lies = false) : files_(std::move(files)), lies_(lies) {}

  void take(const Step& step);
  // The step that is under way; nothing: all is durable. A write may be beside a make.
  const std::optional<Step>& write() const { return write_; }
  const std::optional<Step>& other() const { return other_; }

  Files after_power_cut(Fate fate, std::mt19937_64& dice) const;

 private:
  std::optional<Step> write_, other_;
  std::optional<Step> lied_;  // said to be durable, and is not
  Files files_;
  bool lies_;
};

}  // namespace seckill::testing
