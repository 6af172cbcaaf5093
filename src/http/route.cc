#include "http/route.h"

#include <array>
#include <optional>
#include <utility>

namespace seckill {
namespace {

using std::string_view;

struct Fixed {
  string_view path;
  Route route;
};
constexpr std::array kFixed{
    Fixed{"/seckill/seckill", Route::kDemo},     Fixed{"/livez", Route::kLivez},
    Fixed{"/metrics", Route::kMetrics},          Fixed{"/readyz", Route::kReadyz},
    Fixed{"/healthz", Route::kHealthz},          Fixed{"/time", Route::kTime},
    Fixed{"/openapi.yaml", Route::kOpenapi},     Fixed{"/", Route::kIndex},
    Fixed{"/api/v1/payments", Route::kPayments}, Fixed{"/api/v1/sales", Route::kSales},
    Fixed{"/docs/problems", Route::kProblems},   Fixed{"/ops", Route::kOps},
};

constexpr std::array kVerbs{
    std::pair{string_view("start"), SaleVerb::kStart},
    std::pair{string_view("pause"), SaleVerb::kPause},
    std::pair{string_view("resume"), SaleVerb::kResume},
    std::pair{string_view("close"), SaleVerb::kClose},
    std::pair{string_view("restock"), SaleVerb::kRestock},
    std::pair{string_view("withdraw"), SaleVerb::kWithdraw},
    std::pair{string_view("retire"), SaleVerb::kRetire},
};

bool take(string_view& from, string_view start) {
  if (!from.starts_with(start)) return false;
  from.remove_prefix(start.size());
  return true;
}

// "car/orders" -> {"car", "orders"}; nothing behind the slash is not the same as no slash.
std::pair<string_view, std::optional<string_view>> split(string_view rest) {
  const auto slash = rest.find('/');
  if (slash == string_view::npos) return {rest, std::nullopt};
  return {rest.substr(0, slash), rest.substr(slash + 1)};
}

Routed sale_route(string_view rest) {
  const auto [name, below] = split(rest);
  if (!below) return {Route::kSale, name};
  if (*below == "orders") return {Route::kSaleOrders, name};
  if (*below == "events") return {Route::kSaleEvents, name};
  for (const auto& [word, verb] : kVerbs) {
    if (*below == word) return {Route::kSaleVerb, name, verb};
  }
  return {};
}

Routed order_route(string_view rest) {
  const auto [id, below] = split(rest);
  if (!below) return {Route::kOrder, id};
  if (*below == "pay") return {Route::kOrderPay, id};
  if (*below == "cancel") return {Route::kOrderCancel, id};
  return {};
}

Routed shop_route(string_view rest) {
  const auto [name, below] = split(rest);
  if (!below) return {Route::kShop, name};
  if (*below == "mine") return {Route::kShopMine, name};
  if (*below == "buy") return {Route::kShopBuy, name};
  if (*below == "give-back") return {Route::kShopGiveBack, name};
  if (*below == "till") return {Route::kTill, name};
  return {};
}

}  // namespace

Routed route_of(string_view path) {
  string_view rest = path;
  if (take(rest, "/api/v1/sales/")) return sale_route(rest);
  if (take(rest, "/api/v1/orders/")) return order_route(rest);
  if (take(rest, "/s/")) return shop_route(rest);
  if (take(rest, "/assets/")) return {Route::kAsset, rest};
  if (take(rest, "/docs/problems/")) return {Route::kProblem, rest};
  for (const Fixed& fixed : kFixed) {
    if (path == fixed.path) return {fixed.route};
  }
  return {};
}

string_view pattern_of(Route route) {
  switch (route) {
    case Route::kDemo: return "/seckill/seckill";
    case Route::kSales: return "/api/v1/sales";
    case Route::kSale: return "/api/v1/sales/{sale}";
    case Route::kSaleOrders: return "/api/v1/sales/{sale}/orders";
    case Route::kSaleVerb: return "/api/v1/sales/{sale}/{verb}";
    case Route::kOrder: return "/api/v1/orders/{order}";
    case Route::kOrderPay: return "/api/v1/orders/{order}/pay";
    case Route::kOrderCancel: return "/api/v1/orders/{order}/cancel";
    case Route::kPayments: return "/api/v1/payments";
    case Route::kMetrics: return "/metrics";
    case Route::kLivez: return "/livez";
    case Route::kReadyz: return "/readyz";
    case Route::kHealthz: return "/healthz";
    case Route::kTime: return "/time";
    case Route::kOpenapi: return "/openapi.yaml";
    case Route::kProblems: return "/docs/problems";
    case Route::kProblem: return "/docs/problems/{code}";
    case Route::kIndex: return "/";
    case Route::kSaleEvents: return "/api/v1/sales/{sale}/events";
    case Route::kShop: return "/s/{sale}";
    case Route::kShopMine: return "/s/{sale}/mine";
    case Route::kShopBuy: return "/s/{sale}/buy";
    case Route::kShopGiveBack: return "/s/{sale}/give-back";
    case Route::kTill: return "/s/{sale}/till";
    case Route::kOps: return "/ops";
    case Route::kAsset: return "/assets/{name}";
    case Route::kUnknown: break;
  }
  return "unknown";
}

string_view methods_of(Route route) {
  switch (route) {
    case Route::kDemo:
    case Route::kSaleVerb:
    case Route::kOrderPay:
    case Route::kShopBuy:
    case Route::kShopGiveBack:
    case Route::kOrderCancel: return "POST";
    case Route::kTill:
    case Route::kSales:
    case Route::kSaleOrders: return "GET, HEAD, POST";
    case Route::kSale: return "GET, HEAD, PATCH";
    default: return "GET, HEAD";
  }
}

bool allows(Route route, Method method) {
  if (method == Method::kOther) return false;
  const string_view methods = methods_of(route);
  return methods.find(to_text(method)) != string_view::npos;
}

const char* to_text(Method method) {
  switch (method) {
    case Method::kGet: return "GET";
    case Method::kHead: return "HEAD";
    case Method::kPost: return "POST";
    case Method::kPatch: return "PATCH";
    case Method::kOther: break;
  }
  return "_OTHER";  // OpenTelemetry's word for a method that may not become a label
}

const char* to_text(SaleVerb verb) {
  switch (verb) {
    case SaleVerb::kCreate: return "create";
    case SaleVerb::kPatch: return "patch";
    case SaleVerb::kStart: return "start";
    case SaleVerb::kPause: return "pause";
    case SaleVerb::kResume: return "resume";
    case SaleVerb::kClose: return "close";
    case SaleVerb::kRestock: return "restock";
    case SaleVerb::kWithdraw: return "withdraw";
    case SaleVerb::kRetire: return "retire";
  }
  return "?";
}

}  // namespace seckill
