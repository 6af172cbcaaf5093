#include "drill/server_side.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace seckill {
namespace {

bool is_of(std::string_view sample, std::string_view name) {
  return sample.starts_with(name) && (sample.size() == name.size() || sample[name.size()] == '{');
}

// The value now; of a gauge there is no growth.
Json now(const Metrics& after, std::string_view name) {
  double sum = 0;
  bool any = false;
  for (const auto& [sample, value] : after) {
    if (!is_of(sample, name)) continue;
    sum += value;
    any = true;
  }
  return any ? Json(sum) : Json(nullptr);
}

Json mean_us(const Metrics& before, const Metrics& after, const std::string& name) {
  const Json sum = growth(before, after, name + "_sum");
  const Json count = growth(before, after, name + "_count");
  return number(count) > 0 ? Json(number(sum) / number(count) * 1e6) : Json(nullptr);
}

// {dependency="redis",operation="take"} → "redis take".
std::string label_values(std::string_view labels) {
  std::string values;
  for (std::size_t at = 0; (at = labels.find("=\"", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(labels.find('"', at + 2), labels.size());
    if (!values.empty()) values += ' ';
    values += labels.substr(at + 2, end - at - 2);
    at = end;
  }
  return values;
}

// Redis, Kafka and the database, as far as this server times them.
Json dependencies(const Metrics& before, const Metrics& after) {
  constexpr std::string_view kName = "seckill_dependency_duration_seconds";
  Json list = Json::array();
  for (const auto& [sample, count] : after) {
    if (!is_of(sample, std::string(kName) + "_count")) continue;
    const std::string labels =
        sample.substr(sample.find('{') == std::string::npos ? sample.size() : sample.find('{'));
    const Json calls = growth(before, after, sample);
    const Json seconds = growth(before, after, std::string(kName) + "_sum" + labels);
    if (number(calls) <= 0) continue;
    list.push_back({{"operation", label_values(labels)},
                    {"calls", calls},
                    {"mean_us", number(seconds) / number(calls) * 1e6}});
  }
  return list;
}

}  // namespace

Metrics metrics_of(std::string_view page) {
  constexpr std::size_t kMost = 500;
  Metrics metrics;
  while (!page.empty() && metrics.size() < kMost) {
    const std::size_t end = std::min(page.find('\n'), page.size());
    const std::string_view line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    const std::size_t blank = line.rfind(' ');
    const bool ours =
        line.starts_with("seckill_") || line.starts_with("process_") || line.starts_with("http_");
    if (!ours || blank == std::string_view::npos || line.find("_bucket{") != std::string_view::npos)
      continue;
    double value = 0;
    const auto [at, error] =
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), value);
    if (error == std::errc() && at == line.data() + line.size())
      metrics[std::string(line.substr(0, blank))] = value;
  }
  return metrics;
}

Json growth(const Metrics& before, const Metrics& after, std::string_view name) {
  double sum = 0;
  bool any = false;
  for (const auto& [sample, value] : after) {
    if (sample != name && !is_of(sample, name)) continue;
    const auto was = before.find(sample);
    sum += value - (was == before.end() ? 0 : was->second);
    any = true;
  }
  return any ? Json(sum) : Json(nullptr);
}

Json server_side(const Metrics& before, const Metrics& after, std::uint64_t requests,
                 std::int64_t lasted_us) {
  if (after.empty()) return nullptr;
  const auto grew = [&](std::string_view name) { return growth(before, after, name); };
  const auto per = [](const Json& sum, double count, double scale) {
    return sum.is_number() && count > 0 ? Json(number(sum) / count * scale) : Json(nullptr);
  };
  const Json cpu = grew("process_cpu_seconds_total");
  Json json = {{"cpu_us_per_request", per(cpu, static_cast<double>(requests), 1e6)}};
  json["cpu_share"] = per(cpu, static_cast<double>(lasted_us), 1e6);
  json["resident_bytes"] = now(after, "process_resident_memory_bytes");
  json["turns"] = grew("seckill_turn_size_count");
  json["records_per_turn"] = per(grew("seckill_turn_size_sum"), number(json["turns"]), 1);
  json["decision_mean_us"] = mean_us(before, after, "seckill_decision_duration_seconds");
  json["flush_mean_us"] = mean_us(before, after, "seckill_flush_duration_seconds");
  json["waiting"] = now(after, "seckill_waiting");
  json["pending_orders"] = now(after, "seckill_orders_pending");
  json["lag_records"] = now(after, "seckill_consumer_lag_records");
  json["store_delay_mean_us"] = mean_us(before, after, "seckill_order_store_delay_seconds");
  json["unsure"] = grew("seckill_journal_unsure_total");
  json["quarantined"] = grew("seckill_quarantined_total");
  json["shed_connections"] = grew("http_server_connections_shed_total");
  json["dependencies"] = dependencies(before, after);
  return json;
}

}  // namespace seckill
