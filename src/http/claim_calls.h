// Claims: the buy API and the demo's wire. The hot path; nothing is allocated for a refusal.
#pragma once

#include "http/office.h"
#include "http/request.h"
#include "http/route.h"

namespace seckill {

class ClaimCalls {
 public:
  explicit ClaimCalls(Office& office);

  // POST /seckill/seckill: every request is a shopper nobody knows.
  Step ask_demo(Call& call);
  // POST /api/v1/sales/{sale}/orders
  Step ask(Call& call, const Request& request, std::string_view sale, std::string& out);
  // Needs: call.verdict is there.
  void reply(Call& call, std::string& out);
  // What every claim is counted under, whoever writes its reply and adds how long it took.
  SaleFront& count(const Call& call, const SaleView* sale);

 private:
  std::optional<Refusal> read(Call& call, const Request& request, std::string_view sale);
  void write_reply(Call& call, SaleFront& front, const SaleView* sale, std::string& out);
  void reply_order(Call& call, std::string& out);
  void reply_demo(Call& call, std::string& out);
  void refuse(Call& call, SaleFront& front, const SaleView* sale, std::string& out);
  void refuse_plainly(Call& call, const SaleView* sale, std::string& out);
  void reply_unknown(Call& call, const SaleView* sale, std::string& out);

  Office& office_;
  std::string members_;        // of a body that does not fit
  const std::string nobody_;   // how the demo's buyers are called, before their number
  const Key only_key_;         // each of them asks once
  const ReadyReply sold_out_;  // on the demo's wire
};

}  // namespace seckill
