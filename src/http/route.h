// Which of our paths a request names. Bytes are compared as they came: nothing is decoded, folded
// or collapsed (T28).
#pragma once

#include <cstdint>
#include <string_view>

namespace seckill {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPatch, kOther };
inline constexpr std::size_t kMethods = 5;
const char* to_text(Method method);

enum class Route : std::uint8_t {
  kDemo,
  kSales,
  kSale,
  kSaleOrders,
  kSaleVerb,
  kOrder,
  kOrderPay,
  kOrderCancel,
  kPayments,
  kMetrics,
  kLivez,
  kReadyz,
  kHealthz,
  kTime,
  kOpenapi,
  kProblems,
  kProblem,
  kIndex,
  kSaleEvents,
  kShop,
  kShopMine,
  kShopBuy,
  kShopGiveBack,
  kTill,
  kOps,
  kAsset,
  kUnknown,  // none of ours
};
inline constexpr std::size_t kRoutes = static_cast<std::size_t>(Route::kUnknown) + 1;

// What an operator does to a sale.
enum class SaleVerb : std::uint8_t {
  kCreate,
  kPatch,
  kStart,
  kPause,
  kResume,
  kClose,
  kRestock,
  kWithdraw,
  kRetire,
};
const char* to_text(SaleVerb verb);

struct Routed {
  Route route = Route::kUnknown;
  std::string_view name;  // the sale, order, problem or asset in the path, unchecked
  SaleVerb verb = SaleVerb::kCreate;
};

Routed route_of(std::string_view path);

std::string_view pattern_of(Route route);  // "/api/v1/sales/{sale}": the metrics' label
std::string_view methods_of(Route route);  // "GET, HEAD, POST": the value of Allow
bool allows(Route route, Method method);
// For browsers: no part of the API, free to change with the pages.
inline bool is_pages(Route route) { return route >= Route::kShop && route <= Route::kAsset; }
inline bool is_claim(Route route, Method method) {
  return method == Method::kPost && (route == Route::kDemo || route == Route::kSaleOrders);
}

}  // namespace seckill
