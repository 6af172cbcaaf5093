// What HTTP shows but may not know: rows, health and metrics of the other stations, lent by the
// program as functions. All of them are called on the loop and must not wait.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/demo_seller.h"
#include "model/ids.h"
#include "model/order.h"
#include "model/text.h"

namespace seckill {

struct OrdersListQuery {
  SaleName sale;
  std::optional<Buyer> buyer;
  std::optional<OrderState> state;
  std::optional<OrderId> starting_after;
  std::uint32_t limit = 100;  // 1..1000
};

struct PaymentsListQuery {
  bool refunds_only = false;
  std::optional<PaymentId> starting_after;
  std::uint32_t limit = 100;  // 1..1000
};

// The reply's body, made by who has the rows:
//   {"orders":[{"id","sale","buyer","key","quantity","state","held_at","due_at"?,"paid_at"?,
//     "ended_at"?,"payment_id"?}],"has_more":false,"as_of":<position>}
//   {"payments":[{"id","order","amount_minor","outcome":"applied"|"refund"}],"has_more","as_of"}
// kUnavailable becomes 503, anything else 500.
using Listed = std::function<void(Result<std::string> json)>;

struct HealthCheck {
  std::string name;  // "journal", "orders": a key of the health reply
  bool pass = true;
  std::string says;    // "flushes in 0.4 ms"
  std::string repair;  // what to do, when it does not pass
};

struct Readiness {
  bool ready = true;
  std::vector<HealthCheck> checks;
};

// What the live page shows beside the sale's own figures. Sums are of this process.
struct LiveFigures {
  std::uint64_t flushes = 0;
  std::uint64_t flush_us = 0;  // sum
  Position durable{};          // first record that is not durable yet
  bool has_rows = true;  // false: another process stores them, and nothing of this is known here
  Position rows_at{};    // first record that is not in the rows yet
  std::uint64_t orders_stored = 0;       // rows made by this process
  std::int64_t store_delay_ms = 0;       // sum, of those: from the journal's stamp to COMMIT
  std::uint32_t sale_orders_stored = 0;  // orders of the sale that the rows have passed, ever …
  Position sale_orders_at{};             // … by records before this one
};

// An empty function means: there is none of it here.
struct Backstage {
  // `done` is to be called once, on the loop (posted back to it by the thread that reads the rows).
  std::function<void(OrdersListQuery query, Listed done)> list_orders;
  std::function<void(PaymentsListQuery query, Listed done)> list_payments;
  std::function<void(std::string& text)> metrics;  // appends text in Prometheus' format
  std::function<Readiness()> readiness;
  std::function<LiveFigures(SaleUid sale)> live;
  // Who sells on the demo's wire instead of a sale, and is all there is then. Outlives the server.
  DemoSeller* demo = nullptr;
  // A call that needs a token and changes something, for the log (T25): "pause", "car", 200; or
  // "pay", an order's id, 401.
  std::function<void(std::string_view act, std::string_view on, int status)> acted;
};

}  // namespace seckill
