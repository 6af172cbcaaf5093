// MySQL's bad days: a clear error, and nothing lost.
#include <chrono>
#include <cstdlib>
#include <thread>

#include "orders/mysql_look.h"
#include "orders/mysql_orders.h"
#include "stack/cut_wire.h"
#include "stack/mysql_place.h"
#include "support/orders_contract.h"
#include "support/read_file.h"
#include "support/temp_dir.h"
#include "system/binary.h"

namespace seckill::orders_contract {
namespace {

using Code = Error::Code;
using What = Stored::What;

struct MysqlBadDay : ::testing::Test {
  std::unique_ptr<MysqlOrders> writer() {
    return MysqlOrders::open(place.target(), place.password()).value();
  }
  AllRows rows() {
    return all_rows(*MysqlOrdersReader::open(place.target(), place.password()).value());
  }
  MysqlPlace place{RealServers::shared()};
};

bool says(const Error& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

// The one number that this query gives.
std::int64_t number_of(const std::unique_ptr<mysql::Connection>& db, std::string_view sql) {
  auto query = db->prepare(sql).value();
  EXPECT_TRUE(query.step().value()) << sql;
  const auto number = query.number(0);
  query.reset();
  return number;
}

// InnoDB shows the same list of transactions until nobody has looked for 100 ms: look less often.
void wait_until(const std::function<bool()>& holds) {
  for (int i = 0; i < 300 && !holds(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_TRUE(holds());
}

// Whoever reads the error knows what to type.
TEST_F(MysqlBadDay, ErrorsOfLoginAndRightsCarryTheirRepair) {
  auto target = place.target();
  const TempDir dir;
  put_secret(dir.file("password"), "wrong\n");
  const auto wrong = MysqlOrders::open(target, PasswordFile(dir.file("password")));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kInvalid);
  EXPECT_TRUE(says(wrong.error(), "CREATE USER 'seckill'@'%'")) << wrong.error().message;
  EXPECT_TRUE(says(wrong.error(), "ssl-mode=REQUIRED")) << "a user may require TLS";
  EXPECT_FALSE(says(wrong.error(), "wrong")) << "never the password";

  target.database = place.name() + "x";
  const auto elsewhere = MysqlOrders::open(target, place.password());
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code, Code::kInvalid);
  EXPECT_TRUE(says(elsewhere.error(), "GRANT ALL ON `" + target.database + "`.* TO"));
  target.user = "root";
  const auto nowhere = MysqlOrders::open(target, place.password());
  ASSERT_FALSE(nowhere);
  EXPECT_TRUE(says(nowhere.error(), "CREATE DATABASE `" + target.database))
      << nowhere.error().message;

  const auto root = place.root();
  const std::string guest = place.name() + "_g";
  must(root, fmt::format("CREATE USER {}@'127.0.0.1'", guest));
  must(root, fmt::format("GRANT SELECT ON {}.* TO {}@'127.0.0.1'", place.name(), guest));
  target = place.target();
  target.user = guest;
  const auto guests = MysqlOrders::open(target, {});
  ASSERT_FALSE(guests);
  EXPECT_EQ(guests.error().code, Code::kInvalid);
  EXPECT_TRUE(says(guests.error(), "GRANT ALL ON")) << guests.error().message;
  const auto looked = mysql::look(*mysql::Connection::open(target, {}).value()).value();
  EXPECT_EQ(looked.no_right.size(), 6u) << "all but SELECT";
  must(root, fmt::format("DROP USER {}@'127.0.0.1'", guest));
}

TEST_F(MysqlBadDay, TheDoctorSeesALoginThatMayDoAll) {
  const auto found =
      mysql::look(*mysql::Connection::open(place.target(), place.password()).value()).value();
  EXPECT_NE(found.version.find("MariaDB"), std::string::npos);
  EXPECT_EQ(found.user, "seckill@127.0.0.1");
  EXPECT_EQ(found.login, "mysql_native_password");
  EXPECT_TRUE(found.no_right.empty());
  EXPECT_FALSE(found.read_only);
}

TEST_F(MysqlBadDay, TablesOfOthersAreNotTouched) {
  must(place.root(), "CREATE TABLE orders (mine INT)");
  const auto opened = MysqlOrders::open(place.target(), place.password());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kCorrupt);
  EXPECT_TRUE(says(opened.error(), "table orders is somebody else's")) << opened.error().message;
}

TEST_F(MysqlBadDay, ANewerProgramsTablesAreNotTouched) {
  (void)writer();
  must(place.root(), "INSERT INTO schema_migrations VALUES (99, 'x', 0)");
  const auto opened = MysqlOrders::open(place.target(), place.password());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kCorrupt);
}

TEST_F(MysqlBadDay, ManyStartAtOnceAndOneMakesTheTables) {
  std::vector<std::thread> all;
  for (int i = 0; i < 6; ++i) all.emplace_back([this] { EXPECT_NE(writer(), nullptr); });
  for (auto& one : all) one.join();
  EXPECT_EQ(number_of(place.root(), "SELECT COUNT(*) FROM schema_migrations"), 1);
}

// A crash between two statements of a migration: it is made whole by the next start.
TEST_F(MysqlBadDay, AHalfMadeSchemaIsMadeWhole) {
  (void)writer();
  must(place.root(), "DELETE FROM schema_migrations");
  must(place.root(), "DROP TABLE payments");
  EXPECT_EQ(store(*writer(), std::nullopt, mark_at(2), rows_of({1})), What::kCommitted);
}

// The servers' own collations would make these one.
TEST_F(MysqlBadDay, KeysThatDifferInCaseAreTwo) {
  Rows all = rows_of({1, 2});
  all.orders[0].buyer = text<Buyer>("Ann");
  all.orders[1].buyer = text<Buyer>("ann");
  all.payments = {{text<PaymentId>("Pay"), order_id(1), 1, false, Position{1}},
                  {text<PaymentId>("pay"), order_id(1), 1, true, Position{2}}};
  ASSERT_EQ(store(*writer(), std::nullopt, mark_at(3), all), What::kCommitted);
  EXPECT_EQ(rows().rows.payments.size(), 2u);
  const auto reader = MysqlOrdersReader::open(place.target(), place.password()).value();
  EXPECT_EQ(reader->orders({.buyer = text<Buyer>("ann")})->rows.size(), 1u);
}

// As many as the consumer ever stores at once, made and then moved.
TEST_F(MysqlBadDay, AWholeBatchIsStored) {
  Rows made, moved;
  for (std::uint64_t n = 1; n <= 1'000; ++n) {
    made.orders.push_back(order_row(n));
    moved.orders.push_back(paid(order_row(n), "p-" + std::to_string(n)));
  }
  const auto mine = writer();
  ASSERT_EQ(store(*mine, std::nullopt, mark_at(1'001), made), What::kCommitted);
  ASSERT_EQ(store(*mine, mark_at(1'001), mark_at(2'001), moved), What::kCommitted);
  const auto found = rows().rows.orders;
  ASSERT_EQ(found.size(), 1'000u);
  EXPECT_EQ(found, moved.orders);
}

// What the server cannot take at once is refused by name, and the next batch is stored.
TEST_F(MysqlBadDay, AQuarantinedRecordAboveThePacketIsRefused) {
  const auto mine = writer();
  Rows all;
  all.quarantine.push_back({.position = Position{1}, .error = "why", .at = kAt});
  all.quarantine[0].bytes.resize(20 << 20);
  const auto stored = mine->store(std::nullopt, mark_at(2), all);
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->what, What::kRefused);
  EXPECT_NE(stored->why.find("max_allowed_packet"), std::string::npos) << stored->why;
  all.quarantine[0].bytes.resize(1 << 20);
  EXPECT_EQ(store(*mine, std::nullopt, mark_at(2), all), What::kCommitted);
  EXPECT_EQ(rows().rows.quarantine, all.quarantine);
}

// Another consumer works: "later", and it says why.
TEST_F(MysqlBadDay, ASecondConsumerStandsByAtTheBookmark) {
  const auto mine = writer();
  const auto other = place.root();
  must(other, "START TRANSACTION");
  must(other, "UPDATE bookmark SET next_pos = 1");
  const auto stored = mine->store(std::nullopt, mark_at(2), rows_of({1}));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, Code::kUnavailable);
  EXPECT_TRUE(says(stored.error(), "holds a lock")) << stored.error().message;
  must(other, "ROLLBACK");
  EXPECT_EQ(store(*mine, std::nullopt, mark_at(2), rows_of({1})), What::kCommitted);
}

// The server ends a deadlock by rolling back the smaller transaction, ours: the batch is stored
// again, whole.
TEST_F(MysqlBadDay, ABatchThatADeadlockRolledBackIsStoredAgain) {
  const auto mine = writer();
  ASSERT_EQ(store(*mine, std::nullopt, mark_at(2), rows_of({1})), What::kCommitted);
  const auto other = place.root();
  must(other, "START TRANSACTION");
  must(other,
       "INSERT INTO quarantine SELECT seq, '', '', 0 FROM seq_1_to_1000");  // the greater one
  must(other, "UPDATE orders SET quantity = 3 WHERE made_pos = 1");
  std::thread storing([&] {
    const Rows moved{.orders = {paid(order_row(1), "p-1")}};
    EXPECT_EQ(store(*mine, mark_at(2), mark_at(3), moved), What::kCommitted);
  });
  const auto watcher = place.root();
  wait_until([&] {
    return number_of(watcher,
                     "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state ="
                     " 'LOCK WAIT'") > 0;
  });
  must(other, "UPDATE bookmark SET next_pos = 77");
  must(other, "ROLLBACK");
  storing.join();
  EXPECT_EQ(rows().mark, mark_at(3));
}

TEST_F(MysqlBadDay, AKilledConnectionIsMadeAnew) {
  const auto mine = writer();
  ASSERT_EQ(store(*mine, std::nullopt, mark_at(2), rows_of({1})), What::kCommitted);
  const auto root = place.root();
  const auto id = number_of(root, fmt::format("SELECT id FROM information_schema.processlist WHERE "
                                              "user = 'seckill' AND db = '{}'",
                                              place.name()));
  must(root, fmt::format("KILL {}", id));
  EXPECT_EQ(store(*mine, mark_at(2), mark_at(3), rows_of({2})), What::kCommitted);
  EXPECT_EQ(rows().rows.orders.size(), 2u);
}

// A right that is given back counts for connections that are made after it.
TEST_F(MysqlBadDay, ARightThatIsGivenBackIsUsed) {
  const auto root = place.root();
  const std::string clerk = place.name() + "_c@'127.0.0.1'";
  must(root, fmt::format("CREATE USER {}", clerk));
  must(root, fmt::format("GRANT ALL ON {}.* TO {}", place.name(), clerk));
  auto target = place.target();
  target.user = place.name() + "_c";
  const auto mine = MysqlOrders::open(target, {}).value();
  ASSERT_EQ(store(*mine, std::nullopt, mark_at(2), rows_of({1})), What::kCommitted);

  must(root, fmt::format("REVOKE INSERT ON {}.* FROM {}", place.name(), clerk));
  must(root, fmt::format("KILL USER {}", clerk));
  const auto refused = mine->store(mark_at(2), mark_at(3), rows_of({2}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_TRUE(says(refused.error(), "GRANT ALL ON")) << refused.error().message;
  must(root, fmt::format("GRANT INSERT ON {}.* TO {}", place.name(), clerk));
  EXPECT_EQ(store(*mine, mark_at(2), mark_at(3), rows_of({2})), What::kCommitted);
  must(root, fmt::format("DROP USER {}", clerk));
}

// The answer to COMMIT was lost: the bookmark, locked behind it, says what became of it.
struct MysqlUnknownCommit : MysqlBadDay {
  MysqlUnknownCommit() : wire(place.target().port), target(place.target()) {
    target.port = wire.port();
    mine = MysqlOrders::open(target, place.password()).value();
    EXPECT_EQ(store(*mine, std::nullopt, mark_at(2), rows_of({1})), What::kCommitted);
  }
  CutWire wire;
  mysql::Target target;
  std::unique_ptr<MysqlOrders> mine;
};

TEST_F(MysqlUnknownCommit, IsFoundToBeDone) {
  wire.cut("COMMIT", CutWire::Cut::kBeforeItIsAnswered);
  EXPECT_EQ(store(*mine, mark_at(2), mark_at(3), rows_of({2})), What::kCommitted);
  EXPECT_TRUE(wire.is_cut());
  EXPECT_EQ(rows().mark, mark_at(3));
  EXPECT_EQ(store(*mine, mark_at(3), mark_at(4), rows_of({3})), What::kCommitted);
  EXPECT_EQ(rows().rows.orders.size(), 3u);
}

TEST_F(MysqlUnknownCommit, IsFoundNotToHaveArrived) {
  wire.cut("COMMIT", CutWire::Cut::kBeforeItArrives);
  const auto stored = mine->store(mark_at(2), mark_at(3), rows_of({2}));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, Code::kUnavailable);
  EXPECT_TRUE(wire.is_cut());
  EXPECT_EQ(rows().mark, mark_at(2));
  EXPECT_EQ(store(*mine, mark_at(2), mark_at(3), rows_of({2})), What::kCommitted);
}

TEST_F(MysqlUnknownCommit, StaysUnknownWhereNobodyAnswers) {
  wire.cut("COMMIT", CutWire::Cut::kBeforeItIsAnswered, /*deaf=*/true);
  EXPECT_EQ(store(*mine, mark_at(2), mark_at(3), rows_of({2})), What::kUnknown);
  EXPECT_EQ(rows().mark, mark_at(3));
}

// A server of one's own: it dies, stops, becomes a replica, is made small.
TEST(MysqlServer, GoesAndComesBackAndNothingIsLost) {
  const RealServers servers("mysql");
  const auto target = target_in(servers, "seckill");
  const auto password = password_of(servers);
  const auto mine = MysqlOrders::open(target, password).value();
  ASSERT_EQ(store(*mine, std::nullopt, mark_at(2), rows_of({1})), What::kCommitted);

  servers.act("kill", "mysql");
  const auto gone = mine->store(mark_at(2), mark_at(3), rows_of({2}));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Code::kUnavailable) << gone.error().message;
  EXPECT_TRUE(says(gone.error(), "is the server up"));
  servers.act("restart", "mysql");
  ASSERT_EQ(store(*mine, mark_at(2), mark_at(3), rows_of({2})), What::kCommitted);

  servers.act("pause", "mysql");
  std::thread storing(
      [&] { EXPECT_EQ(store(*mine, mark_at(3), mark_at(4), rows_of({3})), What::kCommitted); });
  std::this_thread::sleep_for(std::chrono::seconds(2));
  servers.act("resume", "mysql");
  storing.join();

  // A switchover: the name leads elsewhere by now, and only the next connection finds that out.
  const auto root = administrator(servers);
  const auto connection = [&] {
    return number_of(root,
                     "SELECT MAX(id) FROM information_schema.processlist WHERE user = 'seckill'");
  };
  const auto before = connection();
  must(root, "SET GLOBAL read_only = 1");
  const auto replica = mine->store(mark_at(4), mark_at(5), rows_of({4}));
  ASSERT_FALSE(replica);
  EXPECT_EQ(replica.error().code, Code::kUnavailable);
  EXPECT_TRUE(says(replica.error(), "replica")) << replica.error().message;
  must(root, "SET GLOBAL read_only = 0");
  ASSERT_EQ(store(*mine, mark_at(4), mark_at(5), rows_of({4})), What::kCommitted);
  EXPECT_GT(connection(), before) << "another connection";

  must(root, "SET GLOBAL max_allowed_packet = 65536");
  std::uint64_t next = 5;
  for (const RowsGo how : {RowsGo::kInBulk, RowsGo::kInStatements}) {
    const auto small = MysqlOrders::open(target, password, how).value();
    const std::uint64_t end = next + 1'000;
    Rows many;
    for (std::uint64_t n = next; n < end; ++n) many.orders.push_back(order_row(n));
    EXPECT_EQ(store(*small, mark_at(next), mark_at(end), many), What::kCommitted);
    next = end;
  }
  must(root, "SET GLOBAL max_allowed_packet = 1024");
  const auto tiny = MysqlOrders::open(target, password);
  ASSERT_FALSE(tiny);
  EXPECT_EQ(tiny.error().code, Code::kInvalid);
  EXPECT_TRUE(says(tiny.error(), "SET GLOBAL max_allowed_packet")) << tiny.error().message;
}

// A MariaDB whose binary log is one of statements refuses rows in bulk.
TEST(MysqlServer, TakesRowsWhateverItLogs) {
  ::setenv("MYSQL_FLAGS", "--log-bin=binlog", 1);
  const RealServers servers("mysql");
  ::unsetenv("MYSQL_FLAGS");
  const auto target = target_in(servers, "seckill");
  const auto password = password_of(servers);
  std::uint64_t next = 1;
  for (const std::string format : {"STATEMENT", "MIXED", "ROW"}) {
    must(administrator(servers), fmt::format("SET GLOBAL binlog_format = '{}'", format));
    const auto db = mysql::Connection::open(target, password).value();
    EXPECT_EQ(number_of(db, "SELECT @@log_bin"), 1);
    EXPECT_EQ(db->takes_bulk(), format != "STATEMENT");
    const auto was = next == 1 ? std::nullopt : std::optional(mark_at(next));
    EXPECT_EQ(store(*MysqlOrders::open(target, password).value(), was, mark_at(next + 3),
                    rows_of({next, next + 1, next + 2})),
              What::kCommitted)
        << format;
    next += 3;
  }
}

// A certificate of a CA of our own, for 127.0.0.1; and another CA.
TEST(MysqlServer, SpeaksTlsAsTheUrlAsks) {
  const TempDir dir;
  const auto run = [&](const std::string& command) {
    EXPECT_EQ(std::system(fmt::format("cd '{}' && {} 2>log", dir.path().string(), command).c_str()),
              0)
        << read_file(dir.file("log"));
  };
  run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ours -keyout ca.key -out "
      "ca.pem");
  run("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout o.key -out "
      "other.pem");
  run("openssl req -newkey rsa:2048 -nodes -subj /CN=server -keyout key.pem -out server.csr");
  run("echo subjectAltName=IP:127.0.0.1 >names && openssl x509 -req -in server.csr -CA ca.pem "
      "-CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem");
  ::setenv("MYSQL_FLAGS",
           fmt::format("--ssl-cert={} --ssl-key={} --ssl-ca={}", dir.file("cert.pem"),
                       dir.file("key.pem"), dir.file("ca.pem"))
               .c_str(),
           1);
  const RealServers servers("mysql");
  ::unsetenv("MYSQL_FLAGS");
  const auto password = password_of(servers);
  must(administrator(servers), "ALTER USER seckill@'127.0.0.1' REQUIRE SSL");
  const auto open = [&](const std::string& query) {
    return mysql::Connection::open(mysql::target_from(servers["MYSQL_URL"] + query).value(),
                                   password);
  };
  for (const std::string& query : {std::string(), std::string("?ssl-mode=REQUIRED"),
                                   "?ssl-mode=VERIFY_CA&ssl-ca=" + dir.file("ca.pem")}) {
    const auto db = open(query);
    ASSERT_TRUE(db) << query << ": " << db.error().message;
    EXPECT_NE((*db)->cipher(), "") << query;
  }
  const auto plain = open("?ssl-mode=DISABLED");
  ASSERT_FALSE(plain);
  EXPECT_TRUE(says(plain.error(), "REQUIRE SSL")) << plain.error().message;
  const auto stranger = open("?ssl-mode=VERIFY_CA&ssl-ca=" + dir.file("other.pem"));
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, Code::kInvalid);
  EXPECT_TRUE(says(stranger.error(), "certificate")) << stranger.error().message;

  // A connection that ends there is an outage, and no wrong setting: it is made anew.
  const auto mine =
      MysqlOrders::open(mysql::target_from(servers["MYSQL_URL"]).value(), password).value();
  ASSERT_EQ(store(*mine, std::nullopt, mark_at(2), rows_of({1})), What::kCommitted);
  const auto root = administrator(servers);
  must(root,
       fmt::format(
           "KILL {}",
           number_of(root,
                     "SELECT MAX(id) FROM information_schema.processlist WHERE user = 'seckill'")));
  EXPECT_EQ(store(*mine, mark_at(2), mark_at(3), rows_of({2})), What::kCommitted);
}

}  // namespace
}  // namespace seckill::orders_contract
