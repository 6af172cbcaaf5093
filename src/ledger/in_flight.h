// What this node has gathered or journaled and not yet seen come back: the whole "memory counter"
// (decision 5).
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

#include "base/siphash.h"
#include "model/claim.h"

namespace seckill {

// A node admits while available - own in flight > 0, and per buyer likewise. Owned by the Sale; the
// Ledger reads it.
class InFlight {
 public:
  void add(const Claim& claim);
  void remove(SaleUid sale, BuyerHash buyer, std::uint32_t quantity);

  std::uint32_t units(SaleUid sale) const;                   // claimed of this sale
  std::uint32_t orders(SaleUid sale) const;                  // claims of this sale
  std::uint32_t units(SaleUid sale, BuyerHash buyer) const;  // claimed by this buyer
  std::uint32_t orders(SaleUid sale, BuyerHash buyer) const;
  void clear();

 private:
  struct Sum {
    std::uint32_t units = 0, orders = 0;
  };
  struct PerBuyer {
    SaleUid sale{};
    BuyerHash buyer;
    bool operator==(const PerBuyer&) const = default;
  };
  struct PerBuyerHash {
    using is_avalanching = void;
    std::size_t operator()(const PerBuyer& key) const noexcept { return key.buyer.bits.lo; }
  };
  boost::unordered_flat_map<std::uint32_t, Sum> sales_;
  boost::unordered_flat_map<PerBuyer, Sum, PerBuyerHash> buyers_;
};

}  // namespace seckill
