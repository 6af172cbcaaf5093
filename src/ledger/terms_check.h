// Decided: may these terms be, or follow those? One pure function, so an operator's page can ask it
// too.
#pragma once

#include <cstdint>

#include "model/order.h"
#include "model/sale_terms.h"
#include "model/verdict.h"

namespace seckill {

// What the ledger knows when terms are asked for. Null: there is none.
struct TermsBeside {
  const SaleView* same_uid = nullptr;
  const SaleView* same_name = nullptr;
  std::uint32_t holds = 0;         // of the sale: orders that are held and due one day
  std::uint32_t sales = 0;         // ever created in this journal
  std::uint64_t orders_total = 0;  // sum of orders_max of the sales that are not retired
};

// kSaleAccepted, or why not, in this order:
//   version 1:      kSaleExists (name or uid is known, also of a retired sale), then the terms
//                   themselves (kNotAllowed), then kSeasonFull;
//   other versions: kUnknownSale (by uid), kVersionConflict (not the present version + 1), then
//                   whether these terms may follow the present ones (kNotAllowed), kSeasonFull.
Outcome check_terms(const SaleTerms& terms, const TermsBeside& beside);

}  // namespace seckill
