// Everything a sale over the three real servers stands on is killed, stopped, emptied and set back,
// in mid-rush, by the dice; then all is there again, and everybody hears the one truth.
// SECKILL_SEED replays the dice, SECKILL_ROUNDS makes it longer, SECKILL_BROKERS=3 lets leaders die
// (scripts/torture --stack).
#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <map>
#include <thread>

#include "stack/mysql_place.h"
#include "stack/nodes.h"
#include "stack/redis_place.h"
#include "support/dice.h"

namespace seckill::testing {
namespace {

int number_from(const char* name, int otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::atoi(given) : otherwise;
}

constexpr int kStock = 1'000;

class StackTorture {
 public:
  StackTorture(std::uint64_t seed, int brokers);

  void play(int round);
  // How often each fault happened, and what ended by itself.
  const std::map<std::string, int>& counts() const { return counts_; }

 private:
  // Broken, and some time later whole again.
  struct Fault {
    std::string name;
    std::function<void()> breaks, heals;
    bool program = false;  // ours
  };
  std::vector<Fault> faults();
  void add_programs(std::vector<Fault>& all);
  void add_redis(std::vector<Fault>& all);
  void add_servers(std::vector<Fault>& all);
  void throw_dice();

  Program crowd(std::size_t at, const std::string& name, const std::string& timeout,
                std::vector<std::string> more = {});
  void bring_up(std::size_t at);
  void bring_up_consumer();
  std::string leader() const;
  void pause(std::int64_t least_ms, std::int64_t most_ms) {
    std::this_thread::sleep_for(milliseconds(dice_.between(least_ms, most_ms)));
  }

  Dice dice_;
  const std::uint64_t seed_;
  const int brokers_;
  const RealServers servers_;
  const MysqlPlace rows_;
  const RedisOptions redis_;
  const Nodes nodes_;
  std::array<std::unique_ptr<Server>, 2> serve_;
  std::array<std::uint16_t, 2> port_{};
  std::unique_ptr<Program> consumer_;
  std::string sale_;
  int rushes_ = 0;
  std::vector<std::pair<std::string, std::string>> snapshot_;  // of Redis: key, DUMP
  std::string dead_;                                           // the broker that leads no more
  std::map<std::string, int> counts_;
};

StackTorture::StackTorture(std::uint64_t seed, int brokers)
    : dice_(seed),
      seed_(seed),
      brokers_(brokers),
      servers_("redis,kafka,mysql", brokers),
      rows_(servers_),
      redis_(redis_at(servers_["REDIS_URL"])),
      nodes_(servers_, {"--counter", servers_["REDIS_URL"]},
             {"--orders", mysql::to_text(rows_.target()), "--orders-password-file",
              servers_["MYSQL_PASSWORD_FILE"]}) {
  bring_up(0);
  bring_up(1);
  bring_up_consumer();
}

// A supervisor: whoever has ended is started again, on its own port. Nobody may end for damage.
void StackTorture::bring_up(std::size_t at) {
  for (int tries = 0; tries < 5; ++tries) {
    if (serve_[at] && serve_[at]->up() && !serve_[at]->program().ended()) return;
    if (serve_[at]) {
      const int code = serve_[at]->program().wait();
      if (code != 128 + SIGKILL) ++counts_[fmt::format("serve ended by itself with {}", code)];
      EXPECT_NE(code, 5) << "no false alarm (I9): " << serve_[at]->program().err();
    }
    serve_[at] = nodes_.serve(port_[at]);
    if (serve_[at]->up()) port_[at] = serve_[at]->port();
  }
  ASSERT_TRUE(serve_[at]->up()) << serve_[at]->program().err();
}

void StackTorture::bring_up_consumer() {
  if (consumer_ && !consumer_->ended()) return;
  if (consumer_) {
    const int code = consumer_->wait();
    if (code != 128 + SIGKILL) ++counts_[fmt::format("consume ended by itself with {}", code)];
    EXPECT_NE(code, 5) << "no false alarm (I9): " << consumer_->err();
  }
  consumer_ = nodes_.consume();
}

// As Kafka names it: the partition's leader.
std::string StackTorture::leader() const {
  const Ran seen =
      run(nodes_.dir.path(),
          {"-c", fmt::format("kcat -L -b {} -t {} | sed -n 's/.*leader \\([0-9]\\).*/\\1/p'",
                             servers_["KAFKA_ADDRESSES"], nodes_.topic())},
          {.command = {"/bin/bash"}});
  return "kafka" + seen.out.substr(0, 1);
}

void StackTorture::add_programs(std::vector<Fault>& all) {
  for (const std::size_t at : {0U, 1U}) {
    all.push_back(
        {"serve killed", [this, at] { serve_[at]->kill(); }, [this, at] { bring_up(at); }});
    all.push_back({"serve stopped for a while",
                   [this, at] { serve_[at]->program().signal(SIGSTOP); },
                   [this, at] {
                     serve_[at]->program().signal(SIGCONT);
                     bring_up(at);
                   }});
  }
  all.push_back({"consume killed", [this] { consumer_->signal(SIGKILL); },
                 [this] {
                   consumer_->signal(SIGKILL);
                   consumer_->wait();
                   bring_up_consumer();
                 }});
  all.push_back({"consume stopped for a while", [this] { consumer_->signal(SIGSTOP); },
                 [this] {
                   consumer_->signal(SIGCONT);
                   bring_up_consumer();
                 }});
  for (Fault& fault : all) fault.program = true;
}

void StackTorture::add_redis(std::vector<Fault>& all) {
  const auto act = [this](const char* verb) {
    return [this, verb] { servers_.act(verb, "redis"); };
  };
  all.push_back({"redis killed, empty again", act("kill"), act("empty")});
  all.push_back({"redis stopped for a while", act("pause"), act("resume")});
  all.push_back({"FLUSHALL", [this] { tell(redis_, {"FLUSHALL"}); }, [] {}});
  const auto keep = [this] {
    snapshot_.clear();
    const auto keys = tell(redis_, {"KEYS", "seckill:*"});
    for (std::size_t i = 0; keys && i < keys->elements; ++i) {
      const std::string key(redis::text_of(*keys->element[i]));
      if (const auto dump = tell(redis_, {"DUMP", key}))
        snapshot_.emplace_back(key, redis::text_of(*dump));
    }
  };
  const auto put_back = [this] {
    for (const auto& [key, dump] : snapshot_) tell(redis_, {"RESTORE", key, "0", dump, "REPLACE"});
  };
  all.push_back({"redis set back to an old state", keep, put_back});
}

void StackTorture::add_servers(std::vector<Fault>& all) {
  for (const char* server : {"mysql", "kafka"}) {
    const bool one = brokers_ == 1 || std::string_view(server) == "mysql";
    if (one) {
      all.push_back({fmt::format("{} killed", server),
                     [this, server] { servers_.act("kill", server); },
                     [this, server] { servers_.act("restart", server); }});
    }
    all.push_back({fmt::format("{} stopped for a while", server),
                   [this, server] { servers_.act("pause", server); },
                   [this, server] { servers_.act("resume", server); }});
  }
  if (brokers_ == 1) return;
  all.push_back({"the topic's leader killed",
                 [this] {
                   dead_ = leader();
                   if (dead_ != "kafka") servers_.act("kill", dead_);
                 },
                 [this] {
                   if (dead_ != "kafka") servers_.act("restart", dead_);
                 }});
}

std::vector<StackTorture::Fault> StackTorture::faults() {
  std::vector<Fault> all;
  add_programs(all);
  add_redis(all);
  add_servers(all);
  return all;
}

// Two to four faults, none of them twice; some last while the next one comes.
void StackTorture::throw_dice() {
  auto all = faults();
  std::vector<Fault> broken;
  const auto heal = [&] {
    // A program that starts wants the servers it stands on.
    std::ranges::stable_partition(broken, [](const Fault& fault) { return !fault.program; });
    for (const Fault& fault : broken) fault.heals();
    broken.clear();
  };
  for (auto left = dice_.between(2, 4); left > 0; --left) {
    const std::size_t chosen = dice_.below(all.size());
    broken.push_back(all[chosen]);
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(chosen));
    pause(100, 900);
    ++counts_[broken.back().name];
    broken.back().breaks();
    if (dice_.one_in(3)) continue;
    pause(200, 3'000);
    heal();
  }
  heal();
  for (const std::size_t at : {0U, 1U}) bring_up(at);
  bring_up_consumer();
}

Program StackTorture::crowd(std::size_t at, const std::string& name, const std::string& timeout,
                            std::vector<std::string> more) {
  std::vector<std::string> words{
      "drill",          sale_,
      "--server",       fmt::format("http://127.0.0.1:{}", port_[at]),
      "--users",        "1500",
      "--over",         "6s",
      "--connections",  "100",
      "--double-click", "20%",
      "--retries",      "8",
      "--timeout",      timeout,
      "--seed",         std::to_string(seed_ + static_cast<std::uint64_t>(rushes_)),
      "--out",          fmt::format("{}-{}", sale_, name),
      "--quiet"};
  words.insert(words.end(), more.begin(), more.end());
  return Program(nodes_.dir.path(), words);
}

void StackTorture::play(int round) {
  sale_ = fmt::format("car{}", round);
  ++rushes_;
  create_sale(*serve_[0], fmt::format(R"({{"id":"{}","stock":{},"per_buyer":1}})", sale_, kStock));
  Program at_a = crowd(0, "a1", "4s"), at_b = crowd(1, "b1", "4s");
  throw_dice();
  at_a.wait();
  at_b.wait();
  // The same shoppers, with their keys, at the other node: now each has a final answer, also where
  // a server that has just come back lets a turn wait.
  for (const std::size_t at : {0U, 1U}) {
    Program again = crowd(at, at == 0 ? "b2" : "a2", "15s", {"--threshold", "errors==0"});
    ASSERT_EQ(again.wait(), 0) << again.out() << again.err() << serve_[at]->program().err();
  }
  std::vector<std::string> outs;
  for (const char* name : {"a1", "b1", "a2", "b2"})
    outs.push_back(fmt::format("{}-{}", sale_, name));
  const Ran audit =
      nodes_.audit({"audit", sale_, "--transcript", nodes_.told(outs), "--wait", "30s"});
  ASSERT_EQ(audit.code, 0) << audit.out << audit.err << consumer_->err();
  for (const char* says :
       {"left = available of 1 of 1 sale", "(stock 1000, won 1000, stored 1000,"})
    EXPECT_NE(audit.out.find(says), std::string::npos) << audit.out;
}

// I1 to I5, I8 to I11, N1 to N30 where they speak of servers.
TEST(StackTorture, NothingIsLostWhateverDies) {
  const std::uint64_t seed = seed_of_this_run();
  SCOPED_TRACE(fmt::format("SECKILL_SEED={}", seed));
  StackTorture torture(seed, number_from("SECKILL_BROKERS", 1));
  const int rounds = number_from("SECKILL_ROUNDS", 2);
  for (int round = 1; round <= rounds && !::testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    torture.play(round);
    if (round % 10 == 0) std::fprintf(stderr, "round %d of %d\n", round, rounds);
  }
  for (const auto& [fault, count] : torture.counts())
    std::fprintf(stderr, "%5d %s\n", count, fault.c_str());
}

}  // namespace
}  // namespace seckill::testing
