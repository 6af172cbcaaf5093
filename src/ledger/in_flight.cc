#include "ledger/in_flight.h"

#include "base/invariant.h"

namespace seckill {
namespace {

template <class Map, class Key>
InFlight::Sum sum_in(const Map& map, const Key& key) {
  if (map.empty()) return {};  // whenever a record is applied
  const auto found = map.find(key);
  return found == map.end() ? InFlight::Sum{} : found->second;
}

// A sum that is used up leaves the table: a buyer costs nothing once his claims are answered (I12).
template <class Map, class Key>
void subtract(Map& map, const Key& key, std::uint32_t quantity) {
  const auto found = map.find(key);
  invariant(found != map.end() && found->second.units >= quantity && found->second.orders >= 1,
            "only what is in flight leaves it");
  found->second.units -= quantity;
  if (--found->second.orders == 0) map.erase(found);
}

}  // namespace

void InFlight::add(const Claim& claim) {
  for (Sum* sum : {&sales_[number_of(claim.sale)], &buyers_[{claim.sale, claim.buyer_hash}]}) {
    sum->units += claim.quantity;
    ++sum->orders;
  }
}

void InFlight::remove(SaleUid sale, BuyerHash buyer, std::uint32_t quantity) {
  subtract(sales_, number_of(sale), quantity);
  subtract(buyers_, PerBuyer{sale, buyer}, quantity);
}

InFlight::Sum InFlight::of(SaleUid sale) const { return sum_in(sales_, number_of(sale)); }
InFlight::Sum InFlight::of(SaleUid sale, BuyerHash buyer) const {
  return sum_in(buyers_, PerBuyer{sale, buyer});
}

void InFlight::clear() { sales_.clear(), buyers_.clear(); }

}  // namespace seckill
