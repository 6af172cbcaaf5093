#include "http/order_json.h"

#include "http/json_out.h"

namespace seckill {
namespace {

void append_units(std::string& to, Office& office, const Order& order) {
  office.units.clear();
  office.ledger().units_of(order, office.units);
  to += '[';
  for (std::size_t i = 0; i < office.units.size(); ++i) {
    if (i > 0) to += ',';
    const fmt::format_int digits(office.units[i]);
    to.append(digits.data(), digits.size());
  }
  to += ']';
}

void append_times(JsonObject& json, Office& office, const Order& order, RawTime now) {
  json.time("held_at", order.held_at);
  switch (order.state) {
    case OrderState::kHeld:
      if (order.hold_ms > 0) json.time("due_at", now + (order.due - office.ledger().clock_at(now)));
      break;
    case OrderState::kPaid: json.time("paid_at", order.ended_at); break;
    case OrderState::kCancelled:
    case OrderState::kExpired: json.time("ended_at", order.ended_at); break;
  }
  json.token("server_time", office.time_text(now));
}

void append(std::string& to, Office& office, const Order& order, const Buyer* buyer,
            std::string_view outcome) {
  const SaleView* sale = office.ledger().sale(order.id.sale());
  JsonObject json(to);
  json.token("id", to_text(order.id));
  if (sale != nullptr) json.token("sale", sale->terms.name.view());
  if (buyer != nullptr) json.token("buyer", buyer->view());
  if (!outcome.empty()) json.token("outcome", outcome);
  json.number("quantity", order.quantity);
  append_units(json.key("units"), office, order);
  json.token("state", to_text(order.state));
  append_times(json, office, order, raw_now());
  json.end();
}

}  // namespace

void append_order(std::string& to, Office& office, const Order& order, std::string_view outcome) {
  append(to, office, order, nullptr, outcome);
}

void append_order(std::string& to, Office& office, OrderId id, const Buy& buy) {
  if (const Order* order = office.ledger().find(id))
    return append(to, office, *order, &buy.buyer, {});
  JsonObject json(to);
  json.token("id", to_text(id)).token("sale", buy.sale.view()).token("buyer", buy.buyer.view());
  json.number("quantity", buy.quantity);
  json.token("server_time", office.time_text(raw_now()));
  json.end();
}

}  // namespace seckill
