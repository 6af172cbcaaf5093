#include "http/api.h"

#include "http/door.h"
#include "http/visitor.h"

namespace seckill {
namespace {

bool is_admins(Route route, Method method) {
  switch (route) {
    case Route::kSaleVerb:
    case Route::kPayments:
    case Route::kSaleEvents:
    case Route::kMetrics: return true;
    case Route::kSales: return method == Method::kPost;
    case Route::kSale: return method == Method::kPatch;
    case Route::kSaleOrders: return method != Method::kPost;
    default: return false;
  }
}

bool changes(Method method) { return method == Method::kPost || method == Method::kPatch; }

// Buyers are known by a cookie there, which a browser sends whoever makes it ask.
bool is_shops(Route route) {
  return route == Route::kShopBuy || route == Route::kShopGiveBack || route == Route::kTill;
}

// What is written down of each call that needs a token and changes something (T25).
std::string_view act_of(Route route, Method method, SaleVerb verb) {
  if (!changes(method)) return {};
  switch (route) {
    case Route::kSales: return to_text(SaleVerb::kCreate);
    case Route::kSale: return to_text(SaleVerb::kPatch);
    case Route::kSaleVerb: return to_text(verb);
    case Route::kOrderPay:
    case Route::kTill: return "pay";
    default: return {};
  }
}

// What there is where the demo's wire is all that is sold by.
bool is_beside_demo(Route route) {
  switch (route) {
    case Route::kDemo:
    case Route::kMetrics:
    case Route::kLivez:
    case Route::kReadyz:
    case Route::kHealthz:
    case Route::kTime:
    case Route::kProblems:
    case Route::kProblem: return true;
    default: return false;
  }
}

std::string_view hint_of(Route route) {
  if (route == Route::kDemo) return "Buying changes something: curl -X POST this URL.";
  return "See Allow.";
}

}  // namespace

std::optional<Refusal> Api::at_the_door(const Request& request, const Routed& to) const {
  if (to.route == Route::kUnknown)
    return Refusal{problems::kNotFound, "There is nothing here; GET / lists what there is."};
  if (office_.backstage.demo != nullptr && !is_beside_demo(to.route))
    return Refusal{problems::kNotFound,
                   "With --compat demo there is POST /seckill/seckill, and beside it /metrics "
                   "/livez /readyz /healthz /time /docs/problems."};
  if (!allows(to.route, request.method)) return Refusal{problems::kMethod, hint_of(to.route)};
  if (changes(request.method) &&
      (is_cross_origin(request) || (is_shops(to.route) && is_cross_site(request))))
    return Refusal{problems::kCrossOrigin, "A page of another site may not do that."};
  if (is_admins(to.route, request.method))
    return may_enter(request, office_.options, office_.loopback, Need::kAdmin);
  if (to.route == Route::kOrderPay || (to.route == Route::kTill && request.method == Method::kPost))
    return may_enter(request, office_.options, office_.loopback, Need::kTill);
  return std::nullopt;
}

Step Api::ask(Call& call, const Request& request, const Routed& to, std::string& out) {
  call.route = to.route;
  call.method = request.method;
  const auto why = at_the_door(request, to);
  const Step step = why ? problem(office_, call, out, why->problem, {.detail = why->detail})
                        : dispatch(call, request, to, out);
  if (step == Step::kReplied && office_.backstage.acted) {
    const std::string_view act = act_of(to.route, request.method, to.verb);
    const std::string_view on = is_token(to.name) ? to.name : "";
    if (!act.empty()) office_.backstage.acted(act, on, office_.replies.last_status());
  }
  return step;
}

Step Api::dispatch(Call& call, const Request& request, const Routed& to, std::string& out) {
  const bool post = request.method == Method::kPost;
  switch (to.route) {
    case Route::kDemo: return claims_.ask_demo(call);
    case Route::kSaleOrders:
      return post ? claims_.ask(call, request, to.name, out)
                  : orders_.list_orders(call, request, to.name, out);
    case Route::kSales:
      return post ? sales_.create(call, request, out) : sales_.list(call, request, out);
    case Route::kSale:
      return request.method == Method::kPatch ? sales_.change(call, request, to, out)
                                              : sales_.get(call, request, to.name, out);
    case Route::kSaleVerb: return sales_.change(call, request, to, out);
    case Route::kOrder: return orders_.get(call, to.name, out);
    case Route::kOrderPay: return orders_.pay(call, request, to.name, out);
    case Route::kOrderCancel: return orders_.cancel(call, request, to.name, out);
    case Route::kPayments: return orders_.list_payments(call, request, out);
    case Route::kMetrics: return service_.metrics(call, out);
    case Route::kLivez: return service_.live(call, out);
    case Route::kReadyz:
    case Route::kHealthz: return service_.ready(call, out);
    case Route::kTime: return service_.time(call, out);
    case Route::kOpenapi: return service_.openapi(call, out);
    case Route::kProblems: return service_.problems(call, out);
    case Route::kProblem: return service_.problem_page(call, to.name, out);
    case Route::kIndex:
      return takes_html(request) ? shop_.front(call, request, out) : service_.index(call, out);
    case Route::kSaleEvents: return service_.events(call, request, to.name, out);
    case Route::kShop: return shop_.page(call, request, to.name, out);
    case Route::kShopMine: return shop_.mine(call, request, to.name, out);
    case Route::kShopBuy: return shop_.buy(call, request, to.name, out);
    case Route::kShopGiveBack: return shop_.give_back(call, request, to.name, out);
    case Route::kTill:
      return post ? shop_.pay(call, request, to.name, out)
                  : shop_.till(call, request, to.name, out);
    case Route::kOps: return shop_.ops(call, request, out);
    case Route::kAsset: return shop_.asset(call, request, to.name, out);
    case Route::kUnknown: break;
  }
  return problem(office_, call, out, problems::kNotFound);
}

Step Api::reply(Call& call, std::string& out) {
  switch (call.route) {
    case Route::kDemo: claims_.reply(call, out); return Step::kReplied;
    case Route::kSaleOrders:
      if (call.method == Method::kPost) {
        claims_.reply(call, out);
      } else {
        orders_.reply_list(call, out);
      }
      return Step::kReplied;
    case Route::kPayments: orders_.reply_list(call, out); return Step::kReplied;
    case Route::kShopBuy:
    case Route::kShopGiveBack: shop_.reply(call, out); return Step::kReplied;
    case Route::kTill:
      shop_.reply(call, out);
      if (office_.backstage.acted)
        office_.backstage.acted("pay", to_text(call.verdict.order), office_.replies.last_status());
      return Step::kReplied;
    case Route::kOrder:
    case Route::kOrderPay:
    case Route::kOrderCancel:
      orders_.reply(call, out);
      if (office_.backstage.acted && call.route == Route::kOrderPay)
        office_.backstage.acted("pay", to_text(call.verdict.order), office_.replies.last_status());
      return Step::kReplied;
    case Route::kSale:
      if (call.method == Method::kPatch) return reply_change(call, out);
      sales_.reply_get(call, out);
      return Step::kReplied;
    default: return reply_change(call, out);
  }
}

Step Api::reply_change(Call& call, std::string& out) {
  const Step step = sales_.reply(call, out);
  if (step == Step::kReplied && office_.backstage.acted)
    office_.backstage.acted(act_of(call.route, call.method, call.lane->wish.verb),
                            call.buy.sale.view(), office_.replies.last_status());
  return step;
}

void Api::refuse(Call& call, const Refusal& refusal, std::string& out) {
  call.route = Route::kUnknown;
  call.method = Method::kOther;
  reply_problem(office_, call, out, refusal.problem, {.detail = refusal.detail});
}

}  // namespace seckill
