#include "app/front.h"

#include <algorithm>
#include <fmt/format.h>

#include "app/process.h"
#include "base/entropy.h"

namespace seckill::app {
namespace {

// A crowd must not take the files that journal and rows need: a journal that cannot open its next
// segment ends the process.
std::uint32_t connections_within(std::uint64_t open_files) {
  constexpr std::uint64_t kOurs = 64;
  const std::uint64_t rest = open_files > 2 * kOurs ? open_files - kOurs : open_files / 2;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(rest, UINT32_MAX));
}

template <class Value>
void metric(std::string& text, std::string_view name, std::string_view type, std::string_view says,
            Value value) {
  text += fmt::format("# HELP {} {}\n# TYPE {} {}\n{} {}\n", name, says, name, type, name, value);
}

}  // namespace

HttpOptions http_options(const Settings& settings, const std::string& admin_token,
                         const std::string& till_token) {
  HttpOptions options;
  options.address = settings.listen.host;
  options.port = settings.listen.port;
  options.limits.body_max = settings.body_max;
  options.limits.request = settings.request_deadline;
  options.limits.connections_max =
      std::min(options.limits.connections_max, connections_within(raise_open_files()));
  options.admin_token = hash_of_token(admin_token);
  options.till_token = hash_of_token(till_token);
  options.demo_sale = *SaleName::from(settings.demo_sale);
  options.nonce = random_u64();
  options.random = fill_random;
  options.version = SECKILL_VERSION;
  return options;
}

void append_process_metrics(std::string& text) {
  const ProcessFigures process = process_figures();
  metric(text, "process_cpu_seconds_total", "counter", "User and system time.",
         process.cpu_seconds);
  metric(text, "process_resident_memory_bytes", "gauge", "Resident memory.",
         process.resident_bytes);
  metric(text, "process_open_fds", "gauge", "Open files.", process.open_files);
  metric(text, "process_max_fds", "gauge", "Open files that are allowed.", process.open_files_max);
  metric(text, "process_start_time_seconds", "gauge", "When this process started, since 1970.",
         process.started_at);
}

}  // namespace seckill::app
