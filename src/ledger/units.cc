#include "ledger/units.h"

#include <bit>

#include "base/invariant.h"

namespace seckill {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint64_t bit_of(std::size_t at) { return std::uint64_t{1} << (at % 64); }

}  // namespace

void Units::grow(std::uint32_t stock) {
  invariant(stock >= stock_, "I1: a stock never shrinks");
  stock_ = stock;
  if (levels_.empty()) levels_.emplace_back();
  levels_.resize(1);
  levels_[0].resize((std::size_t{stock} + 63) / 64);
  while (levels_.back().size() > 1) {
    const Words& below = levels_.back();
    Words above((below.size() + 63) / 64);
    for (std::size_t at = 0; at < below.size(); ++at) {
      if (below[at] == kAll) above[at / 64] |= bit_of(at);
    }
    levels_.push_back(std::move(above));
  }
  links_.resize((std::size_t{stock} + kLinksInChunk - 1) / kLinksInChunk);
}

std::uint32_t Units::take() {
  invariant(taken_ < stock_, "I1: a unit is free when one is taken");
  std::size_t at = 0;  // the word that we look at, from the top down
  for (std::size_t level = levels_.size(); level-- > 0;) {
    at = at * 64 + static_cast<std::size_t>(std::countr_one(levels_[level][at]));
  }
  invariant(at < stock_, "I1: a unit number is at most the stock");
  ++taken_;
  std::size_t bit = at;
  for (Words& level : levels_) {
    std::uint64_t& word = level[bit / 64];
    word |= bit_of(bit);
    if (word != kAll) break;  // else the level above learns that these 64 are full
    bit /= 64;
  }
  return static_cast<std::uint32_t>(at + 1);
}

void Units::give_back(std::uint32_t unit) {
  std::size_t bit = unit - 1;
  invariant(unit >= 1 && unit <= stock_ && (levels_[0][bit / 64] & bit_of(bit)) != 0,
            "I1: only a taken unit comes back");
  --taken_;
  for (Words& level : levels_) {
    std::uint64_t& word = level[bit / 64];
    const bool was_full = word == kAll;
    word &= ~bit_of(bit);
    if (!was_full) break;
    bit /= 64;
  }
}

std::uint32_t Units::next_of(std::uint32_t unit) const {
  const auto& chunk = links_[(unit - 1) / kLinksInChunk];
  return chunk == nullptr ? 0 : chunk[(unit - 1) % kLinksInChunk];
}

void Units::link(std::uint32_t unit, std::uint32_t next) {
  auto& chunk = links_[(unit - 1) / kLinksInChunk];
  if (chunk == nullptr) {
    if (next == 0) return;  // sales of single units never need a chunk
    chunk = std::make_unique<std::uint32_t[]>(kLinksInChunk);
  }
  chunk[(unit - 1) % kLinksInChunk] = next;
}

}  // namespace seckill
