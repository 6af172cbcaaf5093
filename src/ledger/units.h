// Decided: which piece of the stock is whose. The lowest free number is always the next, so the
// audit can count gaps.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace seckill {

// Numbers 1..stock, free or taken. A tree of words over "taken" bits: a bit of an upper level says
// that the 64 below it are all taken, so the lowest free number is one look per level (four for
// 10 million). A claim of several units chains them: each unit may carry the number of the next.
//
// Promises: (1) take() gives the lowest free number; (2) no number is taken twice (invariant, I1);
// (3) giving back needs the number to be taken. Memory: a bit a unit, and four bytes a unit only
// where claims of more than one unit were served.
class Units {
 public:
  explicit Units(std::uint32_t stock) { grow(stock); }

  void grow(std::uint32_t stock);  // never shrinks

  // Needs: taken() < stock.
  std::uint32_t take();
  void give_back(std::uint32_t unit);
  std::uint32_t taken() const { return taken_; }

  // The unit that follows in its order's chain; 0: none. Kept while taken.
  std::uint32_t next_of(std::uint32_t unit) const;
  void link(std::uint32_t unit, std::uint32_t next);

 private:
  using Words = std::vector<std::uint64_t>;
  static constexpr std::uint32_t kLinksInChunk = 4096;

  std::vector<Words> levels_;  // levels_[0] has a bit a unit; the last has one word
  std::vector<std::unique_ptr<std::uint32_t[]>> links_;
  std::uint32_t stock_ = 0;
  std::uint32_t taken_ = 0;
};

}  // namespace seckill
