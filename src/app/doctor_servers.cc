// How the doctor looks at the servers: MySQL, Redis, Kafka. Nothing is changed there.
#include <cstdlib>
#include <fmt/format.h>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>

#include "app/doctor.h"
#include "app/parts.h"
#include "base/fd.h"

namespace seckill::app {
namespace {

constexpr milliseconds kLookWait{3'000};
constexpr std::int64_t kSkewMax = 1'000;  // milliseconds

// Errors of the adapters end with what to do.
Finding bad(const char* name, const Error& error) {
  const std::string& says = error.message;
  const std::size_t hint = says.rfind("; ");
  if (hint == std::string::npos) return {name, Health::kBad, says, "docs/runbook.md"};
  return {name, Health::kBad, says.substr(0, hint), says.substr(hint + 2)};
}

// Whether somebody listens there, as this host sees it, within a second.
bool reachable(const std::string& listener) {
  const std::size_t colon = listener.rfind(':');
  addrinfo* found = nullptr;
  const addrinfo wanted{.ai_socktype = SOCK_STREAM};
  if (::getaddrinfo(listener.substr(0, colon).c_str(), listener.substr(colon + 1).c_str(), &wanted,
                    &found) != 0) {
    return false;
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, ::freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const Fd fd(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval wait{1, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (::connect(fd.get(), at->ai_addr, at->ai_addrlen) == 0) return true;
  }
  return false;
}

std::string repair_of(const KafkaWeakness& weak, const KafkaOptions& options) {
  if (weak.setting == "partitions")
    return "name a new topic with --journal: serve makes it with one partition";
  if (weak.setting == "replication.factor") {
    return "kafka-reassign-partitions.sh to more brokers, or, with a laptop's single broker, "
           "--allow-unsafe-kafka";
  }
  const std::string value = weak.should.substr(0, weak.should.find(' '));
  return fmt::format(
      "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} "
      "--add-config {}={}",
      options.brokers, options.topic, weak.setting, value);
}

}  // namespace

Finding look_at_rows(const Settings& settings) {
  if (!settings.orders_mysql)
    return {"rows", Health::kGood, "in a file, " + settings.orders_file.string(), ""};
  const LookedAtRows found = look_at_mysql(settings);
  if (!found.trouble) {
    return {"rows", found.advice.empty() ? Health::kGood : Health::kDoubtful, found.says,
            found.advice};
  }
  if (!found.advice.empty()) return {"rows", Health::kBad, found.trouble->message, found.advice};
  return bad("rows", *found.trouble);
}

Finding look_at_counter(const Settings& settings) {
  if (!settings.counter) return {"redis", Health::kGood, "no counter, and none is needed", ""};
  const auto look = look_at_redis(redis_options(settings));
  if (!look) return bad("redis", look.error());
  const std::string says =
      fmt::format("{} is version {}, answers in {:.2f} ms, functions work", settings.counter_url(),
                  look->version, static_cast<double>(look->trip_us) / 1e3);
  if (std::abs(look->skew_ms) > kSkewMax) {
    return {"redis", Health::kDoubtful,
            fmt::format("{}; its clock is {} ms {} ours", says, std::abs(look->skew_ms),
                        look->skew_ms > 0 ? "before" : "behind"),
            "run an NTP client on both machines"};
  }
  if (look->evicts) {
    return {"redis", Health::kDoubtful, says + "; it may evict counters",
            "CONFIG SET maxmemory-policy noeviction (an evicted one heals, at some surplus)"};
  }
  return {"redis", Health::kGood, says, ""};
}

// From what brokers say of themselves to what can be reached: a broker in a container likes to
// advertise a name that only its neighbours know.
Finding look_at_brokers(const Settings& settings) {
  if (!settings.kafka) return {"kafka", Health::kGood, "not used: the journal is in files", ""};
  const KafkaOptions options = kafka_options(settings);
  const auto listeners = kafka_listeners(options, kLookWait);
  if (!listeners) return bad("kafka", listeners.error());
  for (const std::string& listener : *listeners) {
    if (reachable(listener)) continue;
    return {"kafka", Health::kBad,
            fmt::format("{} answers, but tells clients to use {}, which this host cannot reach",
                        options.brokers, listener),
            "set advertised.listeners of that broker to an address that this host can reach"};
  }
  const auto topic = look_at_kafka_topic(options, kLookWait);
  if (!topic) return bad("kafka", topic.error());
  const std::string says =
      fmt::format("{} answer{}, topic {}", counted(listeners->size(), "broker"),
                  listeners->size() == 1 ? "s" : "", options.topic);
  if (!topic->exists)
    return {"kafka", Health::kGood, says + " will be made by the first serve", ""};
  if (topic->start != 0) {
    return {"kafka", Health::kBad, fmt::format("{} starts at {}, not at 0", says, topic->start),
            "records were deleted: restore it, or begin a new season with a new topic"};
  }
  Finding finding{
      "kafka", Health::kGood,
      fmt::format("{} has {}", says, counted(static_cast<std::uint64_t>(topic->end), "record")),
      ""};
  for (const KafkaWeakness& weak : weaknesses_of(*topic, options)) {
    const bool allowed = weak.laptop && options.allow_unsafe;
    finding.health = std::max(finding.health, allowed ? Health::kDoubtful : Health::kBad);
    finding.says += fmt::format("; {} is {} and must be {}", weak.setting, weak.is, weak.should);
    finding.fix += (finding.fix.empty() ? "" : "; ") + repair_of(weak, options);
  }
  return finding;
}

}  // namespace seckill::app
