#include "system/torture.h"

#include <csignal>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

namespace seckill::testing {

Torture::Torture(std::uint64_t seed, std::string orders)
    : orders_(orders.empty() ? dir_.file("data/orders.db") : std::move(orders)), seed_(seed) {}

bool Torture::start(const Surroundings& setup) {
  server_.reset();
  server_ = std::make_unique<Server>(
      dir_.path(), std::vector<std::string>{"--orders", "sqlite:" + orders_}, setup, port_);
  if (server_->up()) port_ = server_->port();
  return server_->up();
}

void Torture::restart(const Surroundings& setup) {
  ASSERT_TRUE(start(setup)) << server_->program().err();
}

bool Torture::open(const std::string& sale, const Crowd& shape) {
  sale_ = sale;
  shape_ = shape;
  transcript_.clear();
  told_ = false;
  ++seed_;
  const std::string terms =
      fmt::format(R"({{"id":"{}","stock":{},"per_buyer":1}})", sale, shape.stock);
  const auto reply =
      server_->client().ask({.method = "POST", .path = "/api/v1/sales", .body = terms});
  told_ = reply && reply->status == 201;
  return told_;
}

Program Torture::crowd(const std::string& out, const std::string& timeout) {
  return Program(dir_.path(), {"drill",          sale_,
                               "--server",       fmt::format("http://127.0.0.1:{}", port_),
                               "--users",        std::to_string(shape_.shoppers),
                               "--over",         shape_.over,
                               "--connections",  std::to_string(shape_.connections),
                               "--double-click", "20%",
                               "--retries",      "6",
                               "--timeout",      timeout,
                               "--seed",         std::to_string(seed_),
                               "--out",          out,
                               "--quiet"});
}

void Torture::rush() {
  end_rush();
  crowd_ = std::make_unique<Program>(crowd(fmt::format("rush-{}", ++rushes_), "3s"));
}

void Torture::wait_for_first_sale() {
  std::string held = "0";
  while (held == "0") {
    const auto reply = server_->client().ask({.path = "/api/v1/sales/" + sale_});
    if (!reply) return;  // it has died meanwhile
    held = field(reply->body, "held");
  }
}

void Torture::take_transcript(const std::string& out) {
  transcript_ += file_text(dir_.path() / out / "transcript.jsonl");
}

void Torture::end_rush() {
  if (!crowd_) return;
  crowd_->wait();
  crowd_.reset();
  take_transcript(fmt::format("rush-{}", rushes_));
}

void Torture::die_in_recovery(microseconds later) {
  Program dies(dir_.path(), {"serve", "--listen", fmt::format("127.0.0.1:{}", port_), "--journal",
                             "file:data", "--orders", "sqlite:" + orders_});
  std::this_thread::sleep_for(later);
  dies.signal(SIGKILL);
  dies.wait();
}

int Torture::kill() {
  server_->kill();
  return server_->program().wait();
}

void Torture::prove() {
  if (told_) {
    const auto there = server_->client().ask({.path = "/api/v1/sales/" + sale_});
    ASSERT_TRUE(there && there->status == 200) << "its creation was confirmed: " << sale_;
  } else {
    open(sale_, shape_);  // or it is there already: nobody was told
  }
  end_rush();
  const std::string again = fmt::format("rush-{}", ++rushes_);
  // Nobody dies any more: who waits for a connection, or for a slow disk, is served in the end.
  Program last = crowd(again, "30s");
  ASSERT_EQ(last.wait(), 0) << last.err();
  take_transcript(again);
  put_text(dir_.file("told.jsonl"), transcript_);

  const Ran ours =
      run(dir_.path(), {"audit", sale_, "--json", "--journal", "file:data", "--orders",
                        "sqlite:" + orders_, "--transcript", "told.jsonl", "--wait", "10s"});
  ASSERT_EQ(ours.code, 0) << ours.out << ours.err;
  const Ran theirs = outside_audit(dir_.path(), orders_, {sale_, "--transcript", "told.jsonl"});
  ASSERT_EQ(theirs.code, 0) << theirs.out << theirs.err;
  const auto sums = nlohmann::json::parse(ours.out).at("sums");
  EXPECT_EQ(sums, nlohmann::json::parse(theirs.out).at("sums"));
  EXPECT_EQ(sums.at("won"), shape_.stock) << "units of faults are sold in the end (I3, I10)";
  EXPECT_EQ(sums.at("stored"), shape_.stock);
}

}  // namespace seckill::testing
