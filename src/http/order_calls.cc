#include "http/order_calls.h"

#include <utility>

#include "http/fields.h"
#include "http/order_json.h"
#include "http/query.h"

namespace seckill {
namespace {

constexpr std::int64_t kAmountMax = 1'000'000'000'000'000;

std::optional<OrderState> state_from(std::string_view text) {
  for (const auto state :
       {OrderState::kHeld, OrderState::kPaid, OrderState::kCancelled, OrderState::kExpired}) {
    if (text == to_text(state)) return state;
  }
  return std::nullopt;
}

template <class T>
bool set(std::optional<T>& to, std::optional<T> value) {
  to = std::move(value);
  return to.has_value();
}

bool set(std::optional<OrderId>& to, Result<OrderId> value) {
  if (!value) return false;
  to = *value;
  return true;
}

constexpr ProblemMore kBadQuery{.detail = "A query parameter is unknown or does not fit."};

}  // namespace

Step OrderCalls::unknown(Call& call, std::string& out) {
  return problem(office_, call, out, problem_of(Outcome::kUnknownOrder),
                 {.detail = "There is no such order."});
}

Step OrderCalls::get(Call& call, std::string_view text, std::string& out) {
  const auto id = order_id_from(text);
  return id ? office_.put(call, LookAsk{*id}) : unknown(call, out);
}

Step OrderCalls::pay(Call& call, const Request& request, std::string_view text, std::string& out) {
  if (const auto why = office_.json.read(request.body))
    return problem(office_, call, out, why->problem, {.detail = why->detail});
  Fields fields(office_.json.fields());
  const auto payment = fields.token<PaymentId>("payment_id");
  const auto amount = fields.integer("amount_minor", 0, kAmountMax);
  fields.require(payment.has_value(), "payment_id");
  fields.require(amount.has_value(), "amount_minor");
  if (const auto wrong = fields.wrong())
    return problem(office_, call, out, wrong->problem,
                   {.detail = wrong->detail, .members = wrong->members});
  const auto id = order_id_from(text);
  if (!id) return unknown(call, out);
  return office_.put(call, PayAsk{*id, *payment, *amount});
}

Step OrderCalls::cancel(Call& call, const Request& request, std::string_view text,
                        std::string& out) {
  if (!request.body.empty()) {
    if (const auto why = office_.json.read(request.body))
      return problem(office_, call, out, why->problem, {.detail = why->detail});
    if (const auto wrong = Fields(office_.json.fields()).wrong())
      return problem(office_, call, out, wrong->problem, {.detail = wrong->detail});
  }
  const auto id = order_id_from(text);
  if (!id) return unknown(call, out);
  return office_.put(call, CancelAsk{*id});
}

void OrderCalls::reply(Call& call, std::string& out) {
  const Verdict& verdict = call.verdict;
  const bool paid = verdict.outcome == Outcome::kPaid || verdict.outcome == Outcome::kRefund;
  const bool shown =
      paid || verdict.outcome == Outcome::kCancelled || verdict.outcome == Outcome::kFound;
  const Order* order = office_.ledger().find(verdict.order);
  if (!shown || order == nullptr) {
    const Outcome what = shown ? Outcome::kUnknownOrder : verdict.outcome;
    const bool unsure = what == Outcome::kUnsure || what == Outcome::kLate;
    return reply_problem(
        office_, call, out, problem_of(what),
        {.detail = what == Outcome::kOrderState      ? "A paid order cannot be cancelled."
                   : what == Outcome::kPaymentReused ? "This payment_id came with another order or "
                                                       "amount."
                   : unsure                          ? "It may or may not have been recorded. Ask "
                                                       "again: the same payment counts once."
                   : what == Outcome::kBusy          ? "Nothing was recorded. Ask again."
                                                     : "There is no such order."});
  }
  office_.desk.clear();
  append_order(office_.desk, office_, *order,
               !paid                                 ? std::string_view{}
               : verdict.outcome == Outcome::kRefund ? "refund"
                                                     : "applied");
  office_.replies.write(out, call, {200, content::kJson, "Cache-Control: no-store\r\n"},
                        office_.desk);
}

// ---- Lists: read from rows, on a thread of the program's ----

Step OrderCalls::list_orders(Call& call, const Request& request, std::string_view sale,
                             std::string& out) {
  OrdersListQuery query;
  const auto name = SaleName::from(sale);
  if (!name || office_.ledger().sale(*name) == nullptr)
    return problem(office_, call, out, problem_of(Outcome::kUnknownSale),
                   {.detail = "There is no such sale."});
  query.sale = *name;
  const bool fits = each_pair(request.query, [&](std::string_view what, std::string_view value) {
    if (what == "limit") return read_limit(value, query.limit);
    if (what == "buyer") return set(query.buyer, Buyer::from(value));
    if (what == "state") return set(query.state, state_from(value));
    return what == "starting_after" && set(query.starting_after, order_id_from(value));
  });
  if (!fits) return problem(office_, call, out, problems::kMalformed, kBadQuery);
  if (!office_.backstage.list_orders)
    return problem(office_, call, out, problems::kUnavailable,
                   {.detail = "This server has no rows."});
  const Step step = wait_for_list(call);
  office_.backstage.list_orders(query, listed(call.who));
  return call.state == Call::State::kAnswered ? Step::kAnswered : step;
}

Step OrderCalls::list_payments(Call& call, const Request& request, std::string& out) {
  PaymentsListQuery query;
  const bool fits = each_pair(request.query, [&](std::string_view what, std::string_view value) {
    if (what == "limit") return read_limit(value, query.limit);
    if (what == "refunds") {
      query.refunds_only = value == "true";
      return value == "true" || value == "false";
    }
    return what == "starting_after" && set(query.starting_after, PaymentId::from(value));
  });
  if (!fits) return problem(office_, call, out, problems::kMalformed, kBadQuery);
  if (!office_.backstage.list_payments)
    return problem(office_, call, out, problems::kUnavailable,
                   {.detail = "This server has no rows."});
  const Step step = wait_for_list(call);
  office_.backstage.list_payments(query, listed(call.who));
  return call.state == Call::State::kAnswered ? Step::kAnswered : step;
}

Step OrderCalls::wait_for_list(Call& call) {
  call.lane = std::make_unique<CallLane>();
  call.state = Call::State::kWaiting;
  return Step::kWaits;
}

Listed OrderCalls::listed(Who who) {
  return [this, who](Result<std::string> json) {
    Call* call = office_.calls.waiting(who);
    if (call == nullptr) return;  // he was told that it takes too long
    call->lane->listed = std::move(json);
    call->state = Call::State::kAnswered;
    call->caller->answered();
  };
}

void OrderCalls::reply_list(Call& call, std::string& out) {
  const auto& listed = call.lane->listed;
  if (listed && *listed)
    return office_.replies.write(out, call, {200, content::kJson, "Cache-Control: no-store\r\n"},
                                 **listed);
  const bool later = !listed || listed->error().code == Error::Code::kUnavailable;
  reply_problem(office_, call, out, later ? problems::kUnavailable : problems::kInternal,
                {.detail = later ? "The rows do not answer now." : "The rows could not be read."});
}

}  // namespace seckill
