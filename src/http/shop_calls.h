// The shop page: what a buyer's browser asks. With scripts it gets JSON, without it a form and a
// page; either way the buyer is who the cookie says, so nobody can name another's order (T16).
#pragma once

#include "http/claim_calls.h"
#include "http/office.h"
#include "http/order_calls.h"
#include "http/request.h"
#include "http/route.h"
#include "http/site.h"

namespace seckill {

class ShopCalls {
 public:
  ShopCalls(Office& office, ClaimCalls& claims, OrderCalls& orders)
      : office_(office), claims_(claims), orders_(orders) {}

  // GET /s/{sale} and /s/{sale}/mine: the page, and what its script refreshes it from.
  Step page(Call& call, const Request& request, std::string_view sale, std::string& out);
  Step mine(Call& call, const Request& request, std::string_view sale, std::string& out);
  // POST /s/{sale}/buy: the key is in the body (a form), or in Idempotency-Key (a script).
  Step buy(Call& call, const Request& request, std::string_view sale, std::string& out);
  // POST /s/{sale}/give-back {key}
  Step give_back(Call& call, const Request& request, std::string_view sale, std::string& out);

  // /s/{sale}/till: stands in for a payment provider, whom only this machine may play (T30).
  Step till(Call& call, const Request& request, std::string_view sale, std::string& out);
  Step pay(Call& call, const Request& request, std::string_view sale, std::string& out);

  // GET / of a browser: the way to the sales, to /ops and to what is said of the API.
  Step front(Call& call, const Request& request, std::string& out);

  // The files, and the operator's page.
  Step asset(Call& call, const Request& request, std::string_view name, std::string& out);
  Step ops(Call& call, const Request& request, std::string& out);

  // Needs: call.verdict is there.
  void reply(Call& call, std::string& out);

 private:
  // What a buyer's POST is about; nothing: it is refused, and that is written.
  struct Wish;
  std::optional<Wish> wish(Call& call, const Request& request, std::string_view name,
                           std::string& out);
  const SaleView* sale_of(std::string_view name) const;
  bool is_till_here(const Request& request) const;
  Step lost(Call& call, const Request& request, std::string& out);
  Step write(Call& call, const PageText& page, PageText::Slots slots, unsigned status,
             const Visitor& visitor, std::string& out);
  Step write(Call& call, unsigned status, const Visitor& visitor, std::string& out);
  Step see(Call& call, std::string_view where, std::string_view said, std::string& out);

  Office& office_;
  ClaimCalls& claims_;
  OrderCalls& orders_;
  Site site_{office_.replies};
};

}  // namespace seckill
