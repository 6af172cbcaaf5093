// Which counter: none, or one in Redis.
#include "app/parts.h"

namespace seckill::app {

Result<RedisOptions> redis_options(const Settings& settings) {
  RedisOptions options{.target = *settings.counter, .start_wait = settings.start_wait};
  auto password = password_in(settings.counter_password_file);
  if (!password) return fail(std::move(password.error()));
  options.password = *std::move(password);
  return options;
}

Result<std::unique_ptr<RedisCounter>> open_counter(const Settings& settings, RecordHash journal,
                                                   Log& log) {
  if (!settings.counter) return nullptr;
  auto options = redis_options(settings);
  if (!options) return fail(std::move(options.error()));
  options->say = [&log](std::string_view line) {
    log.warn("counter", {{"says", std::string(line)}});
  };
  return RedisCounter::open(*std::move(options), journal);
}

}  // namespace seckill::app
