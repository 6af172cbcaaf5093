#include "app/command.h"

namespace seckill::app {

std::vector<Command> commands() {
  std::vector<Command> all;
  for (const auto& part :
       {demo_commands(), serve_commands(), consume_commands(), sale_commands(), orders_commands(),
        drill_commands(), audit_commands(), journal_commands(), doctor_commands(),
        config_commands(), help_commands()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace seckill::app
