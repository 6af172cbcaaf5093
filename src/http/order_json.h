// An order as its buyer sees it.
#pragma once

#include <string>

#include "http/office.h"
#include "model/claim.h"
#include "model/order.h"

namespace seckill {

// {id, sale, quantity, units, state, held_at, due_at?, paid_at?, ended_at?, server_time}: no buyer,
// memory has only a hash of him. due_at is an estimate: the hold ends by the ledger's clock.
// `outcome`: of a payment, if any.
void append_order(std::string& to, Office& office, const Order& order,
                  std::string_view outcome = {});

// The same for one who has just asked, with his buyer; an order whose sale was retired meanwhile
// says what its claim said.
void append_order(std::string& to, Office& office, OrderId id, const Buy& buy);

}  // namespace seckill
