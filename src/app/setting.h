// One row of the table of settings: what the loader, the help and `config` read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"

namespace seckill::app {

// How a setting is called, read and shown, and what it does.
struct Setting {
  std::string key;
  std::string flag;   // empty: only in the file and the environment
  std::string value;  // what the flag takes
  std::string says;
  std::function<Status(Settings&, std::string_view)> put;
  std::function<std::string(const Settings&)> show;
};

// All of them, in the order in which they are shown.
const std::vector<Setting>& setting_table();

}  // namespace seckill::app
