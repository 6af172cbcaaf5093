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
  struct Sum {
    std::uint32_t units = 0, orders = 0;
  };

  // Needs: a quantity that judge let pass (1..kQuantityMax), so no sum overflows.
  void add(const Claim& claim);
  // Needs: a claim of that buyer and quantity was added and not yet removed.
  void remove(SaleUid sale, BuyerHash buyer, std::uint32_t quantity);
  void clear();

  Sum of(SaleUid sale) const;                   // claimed of this sale
  Sum of(SaleUid sale, BuyerHash buyer) const;  // claimed by this buyer
  std::uint32_t units(SaleUid sale) const { return of(sale).units; }
  std::uint32_t orders(SaleUid sale) const { return of(sale).orders; }
  std::uint32_t units(SaleUid sale, BuyerHash buyer) const { return of(sale, buyer).units; }
  std::uint32_t orders(SaleUid sale, BuyerHash buyer) const { return of(sale, buyer).orders; }

 private:
  static constexpr std::uint32_t number_of(SaleUid sale) {
    return static_cast<std::uint32_t>(sale);
  }
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
