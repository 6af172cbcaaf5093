// From a request to who answers it, and back: the one switch over all routes.
#pragma once

#include "http/claim_calls.h"
#include "http/office.h"
#include "http/order_calls.h"
#include "http/request.h"
#include "http/route.h"
#include "http/sale_calls.h"
#include "http/service_calls.h"
#include "http/shop_calls.h"

namespace seckill {

class Api {
 public:
  explicit Api(Office& office)
      : office_(office),
        claims_(office),
        orders_(office),
        sales_(office),
        service_(office),
        shop_(office, claims_, orders_) {}

  // Needs: call.close, .http_1_0, .began and .request_id are set. kReplied: it is in `out`.
  Step ask(Call& call, const Request& request, const Routed& to, std::string& out);
  // Needs: the call is answered. May ask again.
  Step reply(Call& call, std::string& out);
  // Bytes that became no request.
  void refuse(Call& call, const Refusal& refusal, std::string& out);
  // Whether a request may send its body: what "100 Continue" promises.
  std::optional<Refusal> at_the_door(const Request& request, const Routed& to) const;

 private:
  Step reply_change(Call& call, std::string& out);
  Step dispatch(Call& call, const Request& request, const Routed& to, std::string& out);

  Office& office_;
  ClaimCalls claims_;
  OrderCalls orders_;
  SaleCalls sales_;
  ServiceCalls service_;
  ShopCalls shop_;
};

}  // namespace seckill
