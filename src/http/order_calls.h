// Orders after they were won: read, paid, cancelled; and the lists that operators read from rows.
#pragma once

#include "http/office.h"
#include "http/request.h"

namespace seckill {

class OrderCalls {
 public:
  explicit OrderCalls(Office& office) : office_(office) {}

  // GET /api/v1/orders/{order}. Whoever knows the id may read it: it cannot be guessed, and an
  // unknown one is answered like a malformed one (T16). Beside other nodes it waits for a barrier:
  // whoever was told of his order anywhere sees it here.
  Step get(Call& call, std::string_view id, std::string& out);
  Step pay(Call& call, const Request& request, std::string_view id, std::string& out);
  Step cancel(Call& call, const Request& request, std::string_view id, std::string& out);
  // Needs: call.verdict is there, of a get, pay or cancel.
  void reply(Call& call, std::string& out);

  // GET /api/v1/sales/{sale}/orders, GET /api/v1/payments
  Step list_orders(Call& call, const Request& request, std::string_view sale, std::string& out);
  Step list_payments(Call& call, const Request& request, std::string& out);
  void reply_list(Call& call, std::string& out);

 private:
  Step unknown(Call& call, std::string& out);
  Listed listed(Who who);
  Step wait_for_list(Call& call);

  Office& office_;
};

}  // namespace seckill
