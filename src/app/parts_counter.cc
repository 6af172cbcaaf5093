// Which counter: none, or one in Redis.
#include "app/parts.h"

namespace seckill::app {

RedisOptions redis_options(const Settings& settings) {
  return {.target = *settings.counter,
          .password = PasswordFile(settings.counter_password_file),
          .start_wait = settings.start_wait};
}

Result<std::unique_ptr<RedisCounter>> open_counter(const Settings& settings, RecordHash journal,
                                                   Log& log) {
  if (!settings.counter) return nullptr;
  auto options = redis_options(settings);
  options.say = [&log](std::string_view line) {
    log.warn("counter", {{"says", std::string(line)}});
  };
  return RedisCounter::open(std::move(options), journal);
}

}  // namespace seckill::app
