#include "http/http_metrics.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace seckill {
namespace {

auto end_of(std::string& text) { return std::back_inserter(text); }

void help(std::string& to, std::string_view name, std::string_view type, std::string_view says) {
  fmt::format_to(end_of(to), "# HELP {} {}\n# TYPE {} {}\n", name, says, name, type);
}

void one(std::string& to, std::string_view name, std::string_view type, std::string_view says,
         auto value) {
  help(to, name, type, says);
  fmt::format_to(end_of(to), "{} {}\n", name, value);
}

// One line a sale.
template <class Value>
void each_sale(std::string& to, const Ledger& ledger, std::string_view name, std::string_view type,
               std::string_view says, Value value) {
  help(to, name, type, says);
  for (const SaleView* sale : ledger.sales()) {
    fmt::format_to(end_of(to), "{}{{sale=\"{}\"}} {}\n", name, sale->terms.name.view(),
                   value(*sale));
  }
}

void append_states(std::string& to, const Ledger& ledger, RawTime now) {
  help(to, "seckill_sale_state", "gauge", "1 for the state a sale is in, 0 for the others.");
  for (const SaleView* sale : ledger.sales()) {
    const Phase is = phase_at(sale->terms, now);
    for (const Phase phase :
         {Phase::kScheduled, Phase::kOpen, Phase::kPaused, Phase::kClosed, Phase::kRetired}) {
      fmt::format_to(end_of(to), "seckill_sale_state{{sale=\"{}\",state=\"{}\"}} {}\n",
                     sale->terms.name.view(), to_text(phase), phase == is ? 1 : 0);
    }
  }
}

void append_sales(std::string& to, const Ledger& ledger, RawTime now) {
  each_sale(to, ledger, "seckill_stock_initial", "gauge", "Units ever put on sale.",
            [](const SaleView& sale) { return sale.terms.stock; });
  each_sale(to, ledger, "seckill_stock_remaining", "gauge",
            "Units that can be sold now: initial - withdrawn - held - paid.",
            [](const SaleView& sale) { return sale.available(); });
  each_sale(to, ledger, "seckill_stock_held", "gauge", "Units of orders that wait for money.",
            [](const SaleView& sale) { return sale.held; });
  each_sale(to, ledger, "seckill_stock_paid", "gauge", "Units of orders that are paid.",
            [](const SaleView& sale) { return sale.paid; });
  each_sale(to, ledger, "seckill_units_returned_total", "counter", "Units that ever came back.",
            [](const SaleView& sale) { return sale.returned; });
  each_sale(to, ledger, "seckill_orders_granted_total", "counter", "Orders ever granted.",
            [](const SaleView& sale) { return sale.orders; });
  each_sale(to, ledger, "seckill_sold_out_timestamp_seconds", "gauge",
            "When the last unit went; 0 while there are some.", [](const SaleView& sale) {
              return sale.available() > 0 ? 0.0 : static_cast<double>(sale.sold_out_at.ms) / 1e3;
            });
  append_states(to, ledger, now);
}

void append_turns(std::string& to, const Sale& sale) {
  const SaleStats& stats = sale.stats();
  help(to, "seckill_turn_size", "summary", "Records of ours in a turn.");
  fmt::format_to(end_of(to), "seckill_turn_size_sum {}\nseckill_turn_size_count {}\n",
                 stats.records, stats.turns);
  one(to, "seckill_journal_unsure_total", "counter", "Appends whose outcome stayed unknown.",
      stats.unsure);
  one(to, "seckill_stale_answers_total", "counter", "Verdicts that nobody waited for any more.",
      stats.stale_answers);
  one(to, "seckill_waiting", "gauge", "Asks gathered or in flight.", sale.waiting());
  one(to, "seckill_journal_position", "gauge", "Position of the next record.",
      number(sale.ledger().position()));
}

std::string_view name_of(const Ledger& ledger, std::uint32_t uid) {
  const SaleView* sale = uid == 0 ? nullptr : ledger.sale(SaleUid{uid});
  return sale == nullptr ? std::string_view{} : sale->terms.name.view();
}

}  // namespace

bool Buckets::empty() const {
  return std::all_of(counts_.begin(), counts_.end(), [](auto count) { return count == 0; });
}

void Buckets::append(std::string& to, std::string_view name, std::string_view labels) const {
  const std::string_view comma = labels.empty() ? "" : ",";
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < kEdgesUs.size(); ++i) {
    count += counts_[i];
    fmt::format_to(end_of(to), "{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma,
                   static_cast<double>(kEdgesUs[i]) / 1e6, count);
  }
  count += counts_.back();
  fmt::format_to(end_of(to), "{}_bucket{{{}{}le=\"+Inf\"}} {}\n", name, labels, comma, count);
  fmt::format_to(end_of(to), "{}_sum{{{}}} {}\n{}_count{{{}}} {}\n", name, labels,
                 static_cast<double>(sum_us_) / 1e6, name, labels, count);
}

std::size_t HttpMetrics::index_of(unsigned status) {
  static constexpr auto kIndexes = [] {
    std::array<std::uint8_t, 600> indexes{};
    indexes.fill(kStatuses.size() - 1);
    for (std::size_t i = 0; i + 1 < kStatuses.size(); ++i)
      indexes[kStatuses[i]] = static_cast<std::uint8_t>(i);
    return indexes;
  }();
  return status < kIndexes.size() ? kIndexes[status] : kStatuses.size() - 1;
}

void HttpMetrics::served(Route route, Method method, unsigned status, microseconds took) {
  auto& buckets = requests_[static_cast<std::size_t>(route)][static_cast<std::size_t>(method)]
                           [index_of(status)];
  if (!buckets) buckets = std::make_unique<Buckets>();
  buckets->add(took);
}

SaleFront& HttpMetrics::front(SaleUid sale) {
  auto& front = fronts_[static_cast<std::uint32_t>(sale)];
  if (!front) front = std::make_unique<SaleFront>();
  return *front;
}

const SaleFront* HttpMetrics::find_front(SaleUid sale) const {
  const auto found = fronts_.find(static_cast<std::uint32_t>(sale));
  return found == fronts_.end() ? nullptr : found->second.get();
}

void HttpMetrics::append(std::string& to, const Sale& sale, RawTime now) const {
  append_http(to);
  append_attempts(to, sale.ledger());
  append_decisions(to, sale.ledger());
  append_sales(to, sale.ledger(), now);
  append_turns(to, sale);
}

void HttpMetrics::append_http(std::string& to) const {
  one(to, "http_server_active_requests", "gauge", "Requests in progress.", active);
  one(to, "http_server_open_connections", "gauge", "Connections that are open.", connections);
  one(to, "http_server_connections_total", "counter", "Connections accepted.",
      connections_accepted);
  one(to, "http_server_connections_shed_total", "counter",
      "Connections refused: too many, or no file left.", connections_shed);
  static constexpr std::string_view kName = "http_server_request_duration_seconds";
  help(to, kName, "histogram", "From a request's last byte to its reply.");
  for (std::size_t route = 0; route < kRoutes; ++route) {
    for (std::size_t method = 0; method < kMethods; ++method) {
      for (std::size_t status = 0; status < kStatuses.size(); ++status) {
        const auto& buckets = requests_[route][method][status];
        if (!buckets) continue;
        buckets->append(
            to, kName,
            fmt::format("http_request_method=\"{}\",http_route=\"{}\",http_response_status_code="
                        "\"{}\"",
                        to_text(static_cast<Method>(method)), pattern_of(static_cast<Route>(route)),
                        kStatuses[status]));
      }
    }
  }
}

void HttpMetrics::append_attempts(std::string& to, const Ledger& ledger) const {
  help(to, "seckill_attempts_total", "counter",
       "Claims answered, by outcome; those for no sale of ours have an empty name.");
  for (const auto& [uid, front] : fronts_) {
    for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
      if (front->attempts[outcome] == 0) continue;
      fmt::format_to(end_of(to), "seckill_attempts_total{{sale=\"{}\",outcome=\"{}\"}} {}\n",
                     name_of(ledger, uid), to_text(static_cast<Outcome>(outcome)),
                     front->attempts[outcome]);
    }
  }
  help(to, "seckill_admitted_total", "counter",
       "Attempts that were not refused at the door, and waited for the journal.");
  for (const auto& [uid, front] : fronts_)
    fmt::format_to(end_of(to), "seckill_admitted_total{{sale=\"{}\"}} {}\n", name_of(ledger, uid),
                   front->admitted);
}

void HttpMetrics::append_decisions(std::string& to, const Ledger& ledger) const {
  static constexpr std::string_view kName = "seckill_decision_duration_seconds";
  help(to, kName, "histogram", "From a claim's last byte to its verdict.");
  for (const auto& [uid, front] : fronts_) {
    if (front->decision.empty()) continue;
    front->decision.append(to, kName, fmt::format("sale=\"{}\"", name_of(ledger, uid)));
  }
}

}  // namespace seckill
