// The rows' server took us at the start and refuses us later, as while a password is changed:
// whoever stores the rows waits for it, says why, and stores the rest.
#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <thread>

#include "stack/mysql_place.h"
#include "stack/nodes.h"

namespace seckill::testing {
namespace {

// Rows under a user of the test's own.
struct RowsLogin : ::testing::Test {
  RowsLogin() {
    must(root, fmt::format("CREATE USER {} IDENTIFIED BY 'right'", user));
    must(root, fmt::format("GRANT ALL ON {}.* TO {}", place.name(), user));
    write("right");
  }
  ~RowsLogin() override { must(root, fmt::format("DROP USER {}", user)); }

  std::vector<std::string> flags() const {
    auto target = place.target();
    target.user = place.name();
    return {"--orders", mysql::to_text(target), "--orders-password-file", "password"};
  }
  // As secrets are changed: whole, at once.
  void write(const std::string& password) const {
    const auto file = nodes.dir.file("password");
    put_secret(file + ".new", password + "\n");
    std::filesystem::rename(file + ".new", file);
  }
  void refuse() const {
    must(root, fmt::format("ALTER USER {} IDENTIFIED BY 'other'", user));
    must(root, fmt::format("KILL USER {}", user));
  }
  void take() const { must(root, fmt::format("ALTER USER {} IDENTIFIED BY 'right'", user)); }
  // Until it has said so; false: it ended instead, or never did.
  static bool says(Program& program, std::string_view words) {
    const auto said = [&] { return program.err().find(words) != std::string::npos; };
    for (int i = 0; i < 600 && !said() && !program.ended(); ++i)
      std::this_thread::sleep_for(milliseconds(50));
    return said() && !program.ended();
  }

  const RealServers& servers = RealServers::shared();
  MysqlPlace place{servers};
  std::unique_ptr<mysql::Connection> root = place.root();
  std::string user = place.name() + "@'127.0.0.1'";
  Nodes nodes{servers, {}, flags()};
};

TEST_F(RowsLogin, IsWaitedForByAConsumer) {
  const auto node = nodes.serve();
  ASSERT_TRUE(node->up()) << node->program().err();
  const auto consumer = nodes.consume();
  create_sale(*node, R"({"id":"car","stock":2,"per_buyer":1})");
  EXPECT_EQ(buy(*node, "car", "ann", "k").status, 201);
  EXPECT_EQ(nodes.audit({"audit", "car", "--wait", "20s"}).code, 0) << consumer->err();

  refuse();
  EXPECT_EQ(buy(*node, "car", "bob", "k").status, 201);
  EXPECT_TRUE(says(*consumer, "(1045)")) << consumer->err();
  EXPECT_TRUE(says(*consumer, "rows-behind")) << consumer->err();
  const Ran late = nodes.audit({"consume"});
  EXPECT_EQ(late.code, 2) << "at the start it is a wrong setting: " << late.err;
  EXPECT_NE(late.err.find("Access denied"), std::string::npos) << late.err;

  take();
  EXPECT_TRUE(says(*consumer, "rows-again")) << consumer->err();
  const Ran audit = nodes.audit({"audit", "car", "--wait", "20s"});
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err << consumer->err();
  consumer->signal(SIGTERM);
  EXPECT_EQ(consumer->wait(), 0) << consumer->err();
  EXPECT_EQ(node->stop(), 0);
}

// Over a journal in files. The page and the numbers for the person on call say it, too. Here the
// new password comes into the file, and nobody is started anew for it.
TEST_F(RowsLogin, IsWaitedForByAServer) {
  Server server(nodes.dir.path(), flags());
  ASSERT_TRUE(server.up()) << server.program().err();
  const auto read = [&](const char* path) { return server.client().ask({.path = path})->body; };
  create_sale(server, R"({"id":"car","stock":2,"per_buyer":1})");
  EXPECT_EQ(buy(server, "car", "ann", "k").status, 201);
  std::string token = file_text(nodes.dir.path() / "data" / "admin.token");
  token.pop_back();
  const auto list = [&] { return *server.client(token).ask({.path = "/api/v1/sales/car/orders"}); };
  EXPECT_EQ(list().status, 200) << list().body;

  refuse();
  EXPECT_EQ(buy(server, "car", "bob", "k").status, 201);
  EXPECT_TRUE(says(server.program(), "rows-behind")) << server.program().err();
  EXPECT_TRUE(says(server.program(), "(1045)")) << server.program().err();
  EXPECT_NE(read("/readyz").find("Access denied"), std::string::npos) << read("/readyz");
  EXPECT_NE(read("/metrics").find("seckill_dependency_up{dependency=\"orders\"} 0"),
            std::string::npos);
  EXPECT_EQ(list().status / 100, 5) << list().body;

  write("other");
  EXPECT_TRUE(says(server.program(), "rows-again")) << server.program().err();
  const auto has_bob = [&] { return list().body.find("bob") != std::string::npos; };
  for (int i = 0; i < 600 && !has_bob(); ++i) std::this_thread::sleep_for(milliseconds(50));
  EXPECT_TRUE(has_bob()) << list().body;
  auto words = flags();
  words.insert(words.begin(), {"audit", "car", "--journal", "file:data", "--wait", "30s"});
  const Ran audit = run(nodes.dir.path(), words);
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err;
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace seckill::testing
