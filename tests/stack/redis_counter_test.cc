// A real Redis, held to the numbered lines of counter.h, and its bad days: each is a clear line,
// and selling goes on without it.
#include <csignal>
#include <random>
#include <sstream>
#include <thread>

#include "stack/redis_place.h"
#include "support/counter_contract.h"
#include "support/real_servers.h"

namespace seckill::counter_contract {
namespace {

using namespace testing;

RecordHash new_journal() {
  std::random_device random;
  return {{.hi = random(), .lo = std::uint64_t{random()} << 32 | random()}};
}

class RedisParts {
 public:
  ~RedisParts() { wipe(); }
  std::unique_ptr<Counter> connect() { return RedisCounter::open(options_, journal_).value(); }
  Counted answer(Counter& counter) { return word_of(counter).value(); }
  std::map<SaleUid, Left> lefts(const std::vector<SaleUid>& sales) {
    return read_redis_counters(options_, journal_, sales).value();
  }
  void wipe() {
    redis::Words all{"DEL"};
    for (std::uint32_t n = 1; n <= kWantsMax; ++n) all.push_back(key(SaleUid{n}));
    all.push_back(key(SaleUid{4'000'000'000}));
    tell(options_, all);
  }
  void age(SaleUid sale, milliseconds by) {
    tell(options_, {"HINCRBY", key(sale), "at", std::to_string(-by.count())});
  }
  void spoil(SaleUid sale) { tell(options_, {"SET", key(sale), "nobody's"}); }

 private:
  std::string key(SaleUid sale) const { return redis_key_of(journal_, sale); }
  const RecordHash journal_ = new_journal();
  const RedisOptions options_ = redis_at(RealServers::shared()["REDIS_URL"]);
};
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, CounterContract, RedisParts);

// ---- bad days ----

class RedisBadDays : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!LoneRedis::is_installed()) GTEST_SKIP() << "redis-server is not installed";
  }
  void open(LoneRedis& redis, PasswordFile password = {}) {
    redis.start();
    options = redis_at(redis.url(), std::move(password));
    options.say = [this](std::string_view line) { said += std::string(line) + "\n"; };
    auto opened = RedisCounter::open(options, journal);
    ASSERT_TRUE(opened) << opened.error().message;
    counter = *std::move(opened);
    const auto first = word_of(*counter);
    ASSERT_TRUE(first && first->number == 0);
  }
  // What is granted of one unit; nothing: nobody knows.
  std::optional<std::uint32_t> take() {
    const std::vector<Want> wants{{SaleUid{1}, 1, 100}};
    counter->take({++number, Position{number}, wants});
    for (;;) {
      const auto counted = word_of(*counter);
      if (!counted) return std::nullopt;
      if (counted->number == number) {
        return counted->granted.empty() ? std::nullopt : std::optional(counted->granted[0]);
      }
    }
  }
  // Until it counts again.
  bool recovers() {
    for (int i = 0; i < 100; ++i) {
      if (take() == 1u) return true;
      std::this_thread::sleep_for(milliseconds(100));
    }
    return false;
  }
  bool troubled_by(std::string_view error) const {
    return counter->figures().trouble.find(error) != std::string::npos;
  }
  // `serve` with it, which must not come up.
  Ran refused(const std::string& url, std::vector<std::string> more = {}) {
    const TempDir dir;
    std::vector<std::string> words{"serve", "--counter", url, "--listen", "127.0.0.1:0"};
    words.insert(words.end(), more.begin(), more.end());
    return run(dir.path(), words, {.environment = {{"SECKILL_JOURNAL_START_WAIT", "1s"}}});
  }

  const RecordHash journal = new_journal();
  RedisOptions options;
  std::string said;
  std::unique_ptr<RedisCounter> counter;
  std::uint64_t number = 0;
};

bool says(const Ran& ran, const char* what) { return ran.err.find(what) != std::string::npos; }

TEST_F(RedisBadDays, AbsentAtTheStartItIsWaitedFor) {
  const Ran ran = refused("redis://127.0.0.1:1/0");
  EXPECT_EQ(ran.code, 3) << ran.err;
  EXPECT_TRUE(says(ran, "waiting") && says(ran, "redis://127.0.0.1:1/0")) << ran.err;
}

TEST_F(RedisBadDays, AWrongPasswordIsNamed) {
  LoneRedis redis({"--requirepass", "right"});
  redis.start();
  const TempDir dir;
  for (const char* password : {"wrong", "right"})
    put_secret(dir.file(password), std::string(password) + "\n");
  for (const auto& more :
       {std::vector<std::string>{},
        std::vector<std::string>{"--counter-password-file", dir.file("wrong")}}) {
    const Ran ran = refused(redis.url(), more);
    EXPECT_EQ(ran.code, 2) << ran.err;
    EXPECT_TRUE(says(ran, "--counter-password-file FILE")) << ran.err;
  }
  const Server server(dir.path(),
                      {"--counter", redis.url(), "--counter-password-file", dir.file("right")});
  EXPECT_TRUE(server.up());
}

// T27: where AUTH is renamed away, the server's error quotes what it was asked.
TEST_F(RedisBadDays, APasswordIsNotSaidByItsErrorsEither) {
  LoneRedis redis({"--rename-command", "AUTH", ""});
  redis.start();
  const TempDir dir;
  put_secret(dir.file("password"), "sesame\n");
  const Ran ran = refused(redis.url(), {"--counter-password-file", dir.file("password")});
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_TRUE(says(ran, "unknown command")) << ran.err;
  EXPECT_FALSE(says(ran, "sesame")) << ran.err;
}

TEST_F(RedisBadDays, WithoutFunctionsItIsRefused) {
  LoneRedis redis({"--rename-command", "FUNCTION", ""});
  redis.start();
  const Ran ran = refused(redis.url());
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_TRUE(says(ran, "renamed away") && says(ran, "--counter none")) << ran.err;
}

TEST_F(RedisBadDays, AReplicaOrAClusterIsRefused) {
  LoneRedis replica({"--replicaof", "127.0.0.1 1"}), cluster({"--cluster-enabled", "yes"});
  replica.start(), cluster.start();
  const Ran ran = refused(replica.url()), other = refused(cluster.url());
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_TRUE(says(ran, "read-only replica")) << ran.err;
  EXPECT_EQ(other.code, 2) << other.err;
  EXPECT_TRUE(says(other, "is a cluster")) << other.err;
}

// Rights that do not suffice are named, with the line that gives them; and that line suffices.
TEST_F(RedisBadDays, MissingRightsAreNamedAndTheirRepairWorks) {
  LoneRedis redis;
  redis.start();
  const auto root = redis_at(redis.url());
  tell(root, {"ACL", "SETUSER", "app", "on", ">pw", "~seckill:*", "+select", "+info"});
  auto app = root;
  const TempDir dir;
  put_secret(dir.file("password"), "pw\n");
  app.target.user = "app", app.password = PasswordFile(dir.file("password"));
  app.start_wait = milliseconds(0);
  const auto refusal = RedisCounter::open(app, journal);
  ASSERT_FALSE(refusal);
  const std::string& says = refusal.error().message;
  const auto at = says.find("ACL SETUSER app ");
  ASSERT_NE(at, says.npos) << says;
  std::istringstream line(says.substr(at));
  redis::Words words;
  for (std::string word; line >> word;) words.push_back(word);
  ASSERT_TRUE(tell(root, words));
  auto opened = RedisCounter::open(app, journal);
  ASSERT_TRUE(opened) << opened.error().message;
  counter = *std::move(opened);
  EXPECT_EQ(word_of(*counter)->number, 0u);
  EXPECT_EQ(take(), 1u);
}

// A password is changed at the server, and then in its file: nobody is started anew for that.
TEST_F(RedisBadDays, ANewPasswordIsReadWhereTheOldOneWas) {
  LoneRedis redis({"--requirepass", "old"});
  const TempDir dir;
  put_secret(dir.file("password"), "old\n");
  ASSERT_NO_FATAL_FAILURE(open(redis, PasswordFile(dir.file("password"))));
  auto operator_line = redis::Line::open(options);
  ASSERT_TRUE(operator_line->ask({"CONFIG", "SET", "requirepass", "new"}));
  EXPECT_EQ(take(), 1u) << "whoever is in stays in";
  ASSERT_TRUE(operator_line->ask({"CLIENT", "KILL", "TYPE", "normal"}));
  for (int i = 0; i < 100 && !troubled_by("refuses the login"); ++i) {
    take();
    std::this_thread::sleep_for(milliseconds(100));
  }
  EXPECT_TRUE(troubled_by("refuses the login")) << counter->figures().trouble;
  put_secret(dir.file("password"), "new\n");
  EXPECT_TRUE(recovers()) << counter->figures().trouble;
  EXPECT_TRUE(counter->figures().up);
}

TEST_F(RedisBadDays, FullItIsDoneWithoutUntilThereIsRoom) {
  LoneRedis redis;
  ASSERT_NO_FATAL_FAILURE(open(redis));
  tell(options, {"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(take(), std::nullopt);
  EXPECT_FALSE(counter->figures().up);
  EXPECT_NE(said.find("raise its maxmemory"), std::string::npos) << said;
  tell(options, {"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(recovers());
  EXPECT_TRUE(counter->figures().up);
  tell(options, {"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(refused(redis.url()).code, 3);
}

// Emptied and full: it has no function, and takes none. Each call hears that nobody knows.
TEST_F(RedisBadDays, FullAndWithoutItsFunctionItAnswersAllTheSame) {
  LoneRedis redis;
  ASSERT_NO_FATAL_FAILURE(open(redis));
  tell(options, {"FUNCTION", "FLUSH"});
  tell(options, {"CONFIG", "SET", "maxmemory", "1"});
  const std::vector<Want> wants{{SaleUid{1}, 1, 100}};
  counter->take({++number, Position{number}, wants});
  const auto counted = word_of(*counter);
  ASSERT_TRUE(counted);
  EXPECT_EQ(counted->number, number);
  EXPECT_TRUE(counted->granted.empty());
  EXPECT_NE(said.find("raise its maxmemory"), std::string::npos) << said;
  tell(options, {"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(take(), 1u);
  EXPECT_TRUE(counter->figures().up);
}

TEST_F(RedisBadDays, EmptiedItIsRightAtTheNextCall) {
  LoneRedis redis;
  ASSERT_NO_FATAL_FAILURE(open(redis));
  take();
  tell(options, {"FLUSHALL"});
  EXPECT_EQ(take(), 1u);
  tell(options, {"FUNCTION", "FLUSH"});
  EXPECT_EQ(take(), 1u) << "the function is loaded again";
  EXPECT_TRUE(said.empty()) << said;
}

TEST_F(RedisBadDays, RestartedEmptyItCountsAgain) {
  LoneRedis redis;
  ASSERT_NO_FATAL_FAILURE(open(redis));
  take();
  redis.kill();
  EXPECT_EQ(take(), std::nullopt);
  EXPECT_FALSE(counter->figures().up);
  redis.start();
  EXPECT_TRUE(recovers()) << said;
  EXPECT_TRUE(counter->figures().up) << counter->figures().trouble;
}

// A new connection says so before it answers anything: what it knows may be old.
TEST_F(RedisBadDays, ANewConnectionSaysSo) {
  LoneRedis redis;
  ASSERT_NO_FATAL_FAILURE(open(redis));
  redis.kill();
  redis.start();
  const auto counted = word_of(*counter);
  ASSERT_TRUE(counted);
  EXPECT_EQ(counted->number, 0u);
}

TEST_F(RedisBadDays, StoppedItIsGivenUpAndFoundAgain) {
  LoneRedis redis;
  ASSERT_NO_FATAL_FAILURE(open(redis));
  redis.signal(SIGSTOP);
  const SteadyTime before = steady_now();
  EXPECT_EQ(take(), std::nullopt);
  EXPECT_GE(steady_now() - before, milliseconds(900));
  EXPECT_NE(said.find("no answer"), std::string::npos) << said;
  redis.signal(SIGCONT);
  EXPECT_TRUE(recovers());
}

// Somebody's script runs on and on, so our greeting is refused, too. Nothing else would be asked
// there: only coming again can mend it, and no buyer has to come for that.
TEST_F(RedisBadDays, BusyWithAScriptItIsGivenUpAndFoundAgain) {
  LoneRedis redis({"--busy-reply-threshold", "5000"});  // well behind "no answer"
  ASSERT_NO_FATAL_FAILURE(open(redis));
  auto operator_line = redis::Line::open(options);
  const std::jthread script([this] { (void)tell(options, {"EVAL", "while true do end", "0"}); });
  while (take() == 1u) std::this_thread::sleep_for(milliseconds(5));  // 100 at once are all it has
  EXPECT_NE(said.find("no answer"), std::string::npos) << said;
  for (int i = 0; i < 300 && !troubled_by("BUSY"); ++i) word_of(*counter, milliseconds(100));
  EXPECT_TRUE(troubled_by("BUSY")) << counter->figures().trouble;
  ASSERT_TRUE(operator_line->ask({"SCRIPT", "KILL"}));
  const auto counted = word_of(*counter);
  ASSERT_TRUE(counted) << counter->figures().trouble;
  EXPECT_EQ(counted->number, 0u);
  EXPECT_TRUE(counter->figures().up) << counter->figures().trouble;
  EXPECT_EQ(take(), 1u);
}

// It became a replica: whoever is the primary now is found by a new connection, or it is said.
TEST_F(RedisBadDays, AReplicaIsNotBelieved) {
  LoneRedis redis;
  ASSERT_NO_FATAL_FAILURE(open(redis));
  tell(options, {"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_EQ(take(), std::nullopt);
  EXPECT_NE(said.find("read-only replica"), std::string::npos) << said;
  tell(options, {"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(recovers());
}

// T33: whatever answers there, no more than this connection is lost.
TEST_F(RedisBadDays, ALiarIsHungUpOn) {
  LoneRedis redis;
  ASSERT_NO_FATAL_FAILURE(open(redis));
  const std::string source =
      "#!lua name=seckill_v1\n"
      "redis.register_function('seckill_v1_take', function(keys, args) return {} end)";
  for (const char* answer : {"{}", "{1,2,3}", "{-1}", "{2}", "{'x'}", "'OK'", "{{{{1}}}}"}) {
    auto lie = source;
    lie.replace(lie.find("{} end"), 2, answer);
    ASSERT_TRUE(tell(options, {"FUNCTION", "LOAD", "REPLACE", lie}));
    EXPECT_EQ(take(), std::nullopt) << answer;
  }
  ASSERT_TRUE(tell(options, redis::load()));
  EXPECT_TRUE(recovers());
}

}  // namespace
}  // namespace seckill::counter_contract
