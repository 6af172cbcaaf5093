// How HTTP is set up from the settings, whatever is sold behind it.
#pragma once

#include <string>

#include "app/settings.h"
#include "http/options.h"

namespace seckill::app {

HttpOptions http_options(const Settings& settings, const std::string& admin_token,
                         const std::string& till_token);

// process_*: CPU, memory, files.
void append_process_metrics(std::string& text);

}  // namespace seckill::app
