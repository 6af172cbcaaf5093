#include "support/real_servers.h"

#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

#include "base/invariant.h"

namespace seckill::testing {
namespace {

int stack(std::string_view arguments) {
  return std::system(fmt::format("'{}' {} >/dev/null", SECKILL_STACK, arguments).c_str());
}

}  // namespace

RealServers::RealServers(std::string directory, std::string_view only, int brokers)
    : directory_(std::move(directory)) {
  const auto started = fmt::format("start --dir '{}' --only {} --brokers {} --until-gone {}",
                                   directory_, only, brokers, ::getpid());
  invariant(stack(started) == 0, "scripts/stack starts: its words are on stderr");
  std::ifstream lines(directory_ + "/env");
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    values_[line.substr(0, equals)] = line.substr(equals + 1);
  }
}

RealServers::RealServers(std::string_view only, int brokers)
    : RealServers(std::make_unique<TempDir>(), only, brokers) {}

RealServers::RealServers(std::unique_ptr<TempDir> own, std::string_view only, int brokers)
    : RealServers(own->path().string(), only, brokers) {
  own_ = std::move(own);
}

RealServers::~RealServers() {
  if (own_) (void)stack(fmt::format("stop --wipe --dir '{}'", directory_));
}

const RealServers& RealServers::shared() {
  static const RealServers servers(SECKILL_STACK_DIR, "redis,mysql,kafka", 1);
  return servers;
}

std::string RealServers::operator[](const std::string& name) const {
  const auto at = values_.find(name);
  invariant(at != values_.end(), "the stack's env knows this name");
  return at->second;
}

void RealServers::act(std::string_view verb, std::string_view server) const {
  const auto done = fmt::format("{} {} --dir '{}'", verb, server, directory_);
  invariant(stack(done) == 0, "scripts/stack does as asked");
}

}  // namespace seckill::testing
