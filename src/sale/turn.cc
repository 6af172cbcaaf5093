#include "sale/turn.h"

namespace seckill {

void Twins::join(Chain& chain, Who who) {
  if (free_ == 0) {
    pool_.push_back({});
    free_ = static_cast<std::uint32_t>(pool_.size());
  }
  Twin& twin = pool_[free_ - 1];
  const std::uint32_t taken = std::exchange(free_, twin.next);
  twin = {who, chain.first};
  chain.first = taken;
  ++chain.count;
  ++size_;
}

}  // namespace seckill
