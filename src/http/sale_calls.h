// Sales: shown to everybody, changed by operators.
#pragma once

#include "http/office.h"
#include "http/request.h"
#include "http/route.h"

namespace seckill {

class SaleCalls {
 public:
  explicit SaleCalls(Office& office) : office_(office) {}

  Step list(Call& call, const Request& request, std::string& out);
  // A sale that is not known here is looked for first: another node may have made it just now.
  Step get(Call& call, const Request& request, std::string_view name, std::string& out);
  void reply_get(Call& call, std::string& out);

  // POST /sales, PATCH /sales/{sale}, POST /sales/{sale}/{verb}. What is wanted is tried against
  // the sale as it is known here; before a no, or "already so", as it is. Lost to another change it
  // is tried again, unless If-Match said which version.
  Step create(Call& call, const Request& request, std::string& out);
  Step change(Call& call, const Request& request, const Routed& to, std::string& out);
  // Needs: call.verdict is there. kWaits or kAnswered: it was asked again.
  Step reply(Call& call, std::string& out);

 private:
  Step propose(Call& call, std::string& out);
  Step reply_sale(Call& call, unsigned status, std::string& out);
  Step unknown(Call& call, std::string& out);
  Step refuse(Call& call, const Problem& what, const ProblemMore& more, std::string& out);
  std::optional<Refusal> read_wish(const Request& request, CallLane& lane);
  std::optional<Refusal> read_if_match(const Request& request, SaleWish& wish);
  std::uint32_t new_uid();

  Office& office_;
  std::string members_;  // of a body that does not fit
};

}  // namespace seckill
