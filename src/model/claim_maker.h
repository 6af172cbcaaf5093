// Claims of one journal's sales, made one after another.
#pragma once

#include "model/claim.h"

namespace seckill {

// Most claims ask for as much of the same sale as the one before: that hash is not made again.
class ClaimMaker {
 public:
  // As claim_of does. Needs: terms are those of the sale that `buy` names, and that sale's secret
  // never changes.
  Claim make(const Buy& buy, const SaleTerms& terms);

 private:
  SaleUid sale_{};  // of the last claim: no sale has 0
  std::uint32_t quantity_ = 0;
  std::uint64_t body_ = 0;
};

}  // namespace seckill
