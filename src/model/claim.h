// Something is asked of the sale: what HTTP's bytes become once they have entered.
#pragma once

#include <cstdint>
#include <variant>

#include "model/ids.h"
#include "model/sale_terms.h"
#include "model/text.h"

namespace seckill {

// A buyer asks for units, with the key he chose: asked again with the same key, it is the same
// claim.
struct Buy {
  SaleName sale;
  Buyer buyer;
  Key key;
  std::uint32_t quantity = 1;  // 1..kQuantityMax
  bool anonymous =
      false;  // the demo's wire: sold only by a sale without a limit and without a hold (A8)
};

// The shop's till says that money came (or came again, or came late) for an order.
struct PayAsk {
  OrderId order;
  PaymentId payment;
  std::int64_t amount_minor = 0;
};

struct CancelAsk {
  OrderId order;
};

// Somebody wants to see an order. It leaves no record.
struct LookAsk {
  OrderId order;
};

// … or a sale, as it is and not as this node knows it.
struct SaleLookAsk {
  SaleName sale;
  bool to_change = false;  // an operator's
};

// An operator wants these terms; terms.version - 1 is what he saw.
struct SaleAsk {
  SaleTerms terms;
};

using Ask = std::variant<Buy, PayAsk, CancelAsk, SaleAsk, LookAsk, SaleLookAsk>;

// A Buy under a sale's secret: all the ledger needs to judge it.
struct Claim {
  SaleUid sale{};
  OrderId order;
  BuyerHash buyer_hash;
  std::uint64_t body = 0;  // hash of what was asked for; the same key with another body is 422 (I5)
  std::uint32_t quantity = 1;
  Buyer buyer;
  Key key;
};

// The keyed hashes under the sale's secret. Each hashes a distinct leading byte, so no buyer can be
// made to collide with a (buyer, key) pair, and lengths, so that ("ab", "c") is not ("a", "bc").
BuyerHash buyer_hash_of(const SaleTerms& terms, const Buyer& buyer);
OrderId order_id_of(const SaleTerms& terms, const Buyer& buyer, const Key& key);
std::uint64_t body_hash_of(const SaleTerms& terms, std::uint32_t quantity);

// Needs: terms are those of the sale that `buy` names.
Claim claim_of(const Buy& buy, const SaleTerms& terms);

}  // namespace seckill
