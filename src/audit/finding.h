// Audited: one check while it is being made: how often it was broken, and the first examples.
#pragma once

#include <fmt/format.h>
#include <string>
#include <utility>

#include "audit/audit.h"

namespace seckill {

class Finding {
 public:
  static constexpr std::size_t kExamplesMax = 10;

  explicit Finding(std::string name, Check::Weight weight = Check::Weight::kViolation) {
    check_.name = std::move(name);
    check_.weight = weight;
  }

  // Broken once more. The sentence is only made while examples are still wanted.
  template <class... Args>
  void broken(fmt::format_string<Args...> sentence, Args&&... args) {
    ++count_;
    check_.holds = false;
    if (check_.examples.size() < kExamplesMax) {
      check_.examples.push_back(fmt::format(sentence, std::forward<Args>(args)...));
    }
  }
  std::uint64_t count() const { return count_; }

  // What the check says when it holds; when it does not, how often.
  Check done(std::string says) {
    check_.says =
        check_.holds ? std::move(says) : fmt::format("{}: broken, {} found", says, count_);
    return std::move(check_);
  }

 private:
  Check check_;
  std::uint64_t count_ = 0;
};

}  // namespace seckill
