#include "http/live.h"

#include <fmt/format.h>

#include "http/json_out.h"
#include "http/sale_json.h"

namespace seckill {
namespace {

struct Moment {
  const Office& office;
  const SaleView& sale;
  RawTime now;
  RawTime started;
  LiveFigures live;
};

// event: NAME, data: {"as_of":…, "position":…, what `fill` adds}
template <class Fill>
void append_event(std::string& to, const Moment& at, std::string_view name, Fill fill) {
  to.append("event: ").append(name).append("\ndata: ");
  JsonObject json(to);
  json.time("as_of", at.now).number("as_of_ms", at.now.ms);
  json.number("position", number(at.office.ledger().position()));
  fill(json);
  json.end();
  to += '\n';
}

void append_numbers(std::string& to, const auto& numbers) {
  to += '[';
  bool first = true;
  for (const auto number : numbers) {
    if (!std::exchange(first, false)) to += ',';
    const fmt::format_int digits(number);
    to.append(digits.data(), digits.size());
  }
  to += ']';
}

void append_state(std::string& to, const Moment& at) {
  append_event(to, at, "state", [&](JsonObject& json) {
    json.token("process", process_text(at.office)).time("since", at.started);
    json.text("version", at.office.options.version);
    append_sale(json.key("sale"), at.sale, at.now);
  });
}

void append_stock(std::string& to, const Moment& at) {
  append_event(to, at, "stock", [&](JsonObject& json) {
    const SaleTerms& terms = at.sale.terms;
    json.number("stock", terms.stock).number("withdrawn", terms.withdrawn);
    json.number("held", at.sale.held).number("paid", at.sale.paid);
    json.number("available", at.sale.available()).number("returned", at.sale.returned);
  });
}

void append_funnel(std::string& to, const Moment& at) {
  append_event(to, at, "funnel", [&](JsonObject& json) {
    const SaleFront none;
    const SaleFront* known = at.office.metrics.find_front(at.sale.terms.uid);
    const SaleFront& front = known == nullptr ? none : *known;
    std::uint64_t arrived = 0;
    for (const std::uint64_t attempts : front.attempts) arrived += attempts;
    json.number("arrived", arrived).number("admitted", front.admitted);
    JsonObject outcomes(json.key("outcomes"));
    for (std::size_t i = 0; i < kOutcomes; ++i) {
      if (front.attempts[i] > 0)
        outcomes.number(to_text(static_cast<Outcome>(i)), front.attempts[i]);
    }
    outcomes.end();
    json.number("orders", at.sale.orders);
    if (at.live.has_rows) {
      json.number("orders_stored", at.live.sale_orders_stored);
      json.number("orders_stored_at", number(at.live.sale_orders_at));
    }
    json.number("units_paid", at.sale.paid);
  });
}

void append_latency(std::string& to, const Moment& at) {
  append_event(to, at, "latency", [&](JsonObject& json) {
    const Buckets none;
    const SaleFront* front = at.office.metrics.find_front(at.sale.terms.uid);
    const Buckets& decision = front == nullptr ? none : front->decision;
    append_numbers(json.key("edges_us"), Buckets::kEdgesUs);
    append_numbers(json.key("decisions"), decision.counts());
    json.number("decisions_us", decision.sum_us());
    const SaleStats& stats = at.office.shell.sale().stats();
    json.number("turns", stats.turns).number("records", stats.records);
    json.number("flushes", at.live.flushes).number("flush_us", at.live.flush_us);
    json.number("stored", at.live.orders_stored).number("store_delay_ms", at.live.store_delay_ms);
  });
}

void append_health(std::string& to, const Moment& at) {
  append_event(to, at, "health", [&](JsonObject& json) {
    Readiness readiness;
    if (at.office.backstage.readiness) readiness = at.office.backstage.readiness();
    json.truth("ready", readiness.ready && !at.office.draining);
    std::string& checks = json.key("checks");
    checks += '[';
    for (std::size_t i = 0; i < readiness.checks.size(); ++i) {
      const HealthCheck& check = readiness.checks[i];
      if (i > 0) checks += ',';
      JsonObject one(checks);
      one.text("name", check.name).truth("pass", check.pass).text("says", check.says);
      if (!check.pass) one.text("repair", check.repair);
      one.end();
    }
    checks += ']';
    json.number("waiting", at.office.shell.sale().waiting());
    json.number("durable", number(at.live.durable));
    if (at.live.has_rows) json.number("rows_at", number(at.live.rows_at));
    json.number("unsure", at.office.shell.sale().stats().unsure);
    json.number("connections", at.office.metrics.connections).number("readers", at.office.readers);
  });
}

}  // namespace

std::string process_text(const Office& office) {
  return fmt::format("{:016x}", office.options.nonce);
}

void append_snapshot(std::string& to, const Office& office, const SaleView& sale, RawTime now,
                     RawTime started, std::uint64_t number) {
  Moment at{office, sale, now, started, {}};
  if (office.backstage.live) at.live = office.backstage.live(sale.terms.uid);
  append_state(to, at);
  to += '\n';
  append_stock(to, at);
  to += '\n';
  append_funnel(to, at);
  to += '\n';
  append_latency(to, at);
  to += '\n';
  append_health(to, at);
  to += fmt::format("id: {}-{}\n\n", process_text(office), number);
}

}  // namespace seckill
