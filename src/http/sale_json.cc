#include "http/sale_json.h"

#include "http/json_out.h"

namespace seckill {

void append_sale(std::string& to, const SaleView& sale, RawTime now) {
  const SaleTerms& terms = sale.terms;
  JsonObject json(to);
  json.token("id", terms.name.view()).text("title", terms.title.view());
  json.token("state", to_text(phase_at(terms, now)));
  json.number("stock", terms.stock).number("available", sale.available());
  json.number("held", sale.held).number("paid", sale.paid).number("withdrawn", terms.withdrawn);
  json.number("returned", sale.returned).number("orders", sale.orders);
  json.number("orders_max", terms.orders_max).number("per_buyer", terms.per_buyer);
  json.number("price_minor", terms.price_minor).token("currency", terms.currency.view());
  json.number("hold_s", terms.hold_ms / 1000).time("starts_at", terms.starts_at);
  if (terms.ends_at != kNoEnd) json.time("ends_at", terms.ends_at);
  if (sale.first_win_at.ms > 0) json.time("first_win_at", sale.first_win_at);
  if (sale.available() == 0 && sale.sold_out_at.ms > 0) json.time("sold_out_at", sale.sold_out_at);
  json.number("version", terms.version);
  json.end();
}

std::string etag_of(const SaleView& sale, RawTime now) {
  return fmt::format("\"{}.{}.{}.{}.{}.{}\"", sale.terms.version,
                     to_text(phase_at(sale.terms, now)), sale.held, sale.paid, sale.returned,
                     sale.orders);
}

}  // namespace seckill
