// What the doctor finds: one thing that could keep `serve` from serving well, and its repair.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "app/settings.h"

namespace seckill::app {

enum class Health : std::uint8_t { kGood, kDoubtful, kBad };

struct Finding {
  std::string name;
  Health health = Health::kGood;
  std::string says;
  std::string fix;                      // of what is not good
  std::function<Status()> repair = {};  // does the fix, where that is safe
};

// The servers that the settings name; good where they name none. In doctor_servers.cc.
Finding look_at_rows(const Settings& settings);
Finding look_at_counter(const Settings& settings);
Finding look_at_brokers(const Settings& settings);

}  // namespace seckill::app
