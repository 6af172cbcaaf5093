// What the consumer's tests share: a journal in memory, rows in a real file, consumers that come
// and go.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "orders/consumer.h"
#include "orders/sqlite.h"
#include "orders/sqlite_orders.h"
#include "support/all_rows.h"
#include "support/temp_dir.h"
#include "support/told_journal.h"

namespace seckill::testing {

inline constexpr Now kNow{.raw = Story::kStart, .steady = {0}};

// One file of rows, and consumers that come and go.
struct Rig {
  explicit Rig(Story& told) : story(told) {}

  std::unique_ptr<SqliteOrders> orders() const { return SqliteOrders::open(file()).value(); }
  AllRows rows() const { return all_rows(*SqliteOrdersReader::open(file()).value()); }
  std::string file() const { return dir.file("orders.db"); }
  void run(std::string_view sql) const {
    auto db = sqlite::Db::open(file(), sqlite::Access::kReadWrite).value();
    const auto ran = db.run_all(sql);
    ASSERT_TRUE(ran.has_value()) << ran.error().message;
  }

  // A consumer of its own works until there is nothing new.
  Status consume() const {
    auto to = orders();
    Consumer consumer(story, *to);
    return finish(consumer);
  }
  static Status finish(Consumer& consumer) {
    for (;;) {
      auto turn = consumer.turn(kNow);
      if (!turn) return fail(turn.error());
      if (!*turn) return {};
    }
  }
  Error error_of_consume() const {
    auto done = consume();
    return done ? Error{Error::Code::kFailed, "nothing was wrong"} : done.error();
  }

  Story& story;
  TempDir dir;
};

inline SaleTerms phone() {
  SaleTerms terms = terms_of("phone", 7, 20);
  terms.per_buyer = 3;
  terms.hold_ms = 60'000;
  return terms;
}

// Buyers of two sales who buy, pay, cancel and let holds run out.
inline Story random_story(std::uint64_t seed, int records) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  Story story;
  const SaleTerms sales[] = {terms_of("car", 3, 50), phone()};
  std::vector<OrderId> orders;
  for (const auto& terms : sales) story.sale(terms);
  for (int n = 0; n < records; ++n) {
    if (below(4) == 0) story.after(milliseconds(below(4'000)));
    const auto name = std::to_string(below(30));
    if (below(10) < 6 || orders.empty()) {
      orders.push_back(story.buy(sales[below(2)], name, std::to_string(below(5)),
                                 1 + static_cast<std::uint32_t>(below(3))));
    } else if (below(3) == 0) {
      story.cancel(orders[below(orders.size())]);
    } else {
      story.pay(orders[below(orders.size())], "p" + std::to_string(below(200)));
    }
  }
  return story;
}

}  // namespace seckill::testing
