#include "app/command.h"

namespace seckill::app {

std::vector<Command> commands() {
  std::vector<Command> all;
  for (const auto& part :
       {sale_commands(), orders_commands(), config_commands(), help_commands()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace seckill::app
