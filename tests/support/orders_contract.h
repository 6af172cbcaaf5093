// Holds every implementation of Orders and OrdersReader to the numbered lines of orders.h. Each
// brings its Parts: handles on one database, and a way to send it back in time.
#pragma once

#include <algorithm>
#include <barrier>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "model/codec.h"
#include "orders/orders.h"
#include "support/all_rows.h"
#include "support/told_journal.h"

namespace seckill::orders_contract {

using namespace testing;

template <class Parts>
struct OrdersContract : ::testing::Test {
  Parts parts;
};
TYPED_TEST_SUITE_P(OrdersContract);

inline constexpr RawTime kAt{1'800'000'000'123};

inline OrderId order_id(std::uint64_t n) { return {{.hi = 7ULL << 32 | n, .lo = ~n}}; }

inline OrderRow order_row(std::uint64_t n) {
  const auto unit = static_cast<std::uint32_t>(2 * n);
  return {.made = Position{n},
          .id = order_id(n),
          .sale = text<SaleName>("car"),
          .buyer = text<Buyer>("buyer-" + std::to_string(n)),
          .key = text<Key>("key-" + std::to_string(n)),
          .quantity = 2,
          .units = {unit, unit + 1},
          .state = OrderState::kHeld,
          .held_at = kAt,
          .due_at = kAt + milliseconds(900'000),
          .position = Position{n},
          .created = true};
}

inline OrderRow paid(OrderRow row, std::string_view payment) {
  row.created = false;
  row.state = OrderState::kPaid;
  row.paid_at = kAt + milliseconds(5);
  row.payment = text<PaymentId>(payment);
  row.position = Position{number(row.position) + 100};
  return row;
}

inline Bookmark mark_at(std::uint64_t next) {
  return {.journal = {{.hi = 1, .lo = 2}},
          .next = Position{next},
          .last = {{.hi = next, .lo = 0xffff'ffff'ffff'ffffULL}},
          .clock = {static_cast<std::int64_t>(next) * 10},
          .digest = Digest{0x8000'0000'0000'0000ULL | next}};
}

inline Rows rows_of(std::initializer_list<std::uint64_t> orders) {
  Rows rows;
  for (const auto n : orders) rows.orders.push_back(order_row(n));
  return rows;
}

inline Stored::What store(Orders& orders, const std::optional<Bookmark>& was,
                          const Bookmark& becomes, const Rows& rows) {
  auto stored = orders.store(was, becomes, rows);
  EXPECT_TRUE(stored.has_value()) << stored.error().message;
  return stored ? stored->what : Stored::What::kUnknown;
}

inline constexpr auto kCommitted = Stored::What::kCommitted;

TYPED_TEST_P(OrdersContract, StartsEmpty) {
  auto writer = this->parts.writer();
  EXPECT_EQ(writer->bookmark().value(), std::nullopt);
  EXPECT_EQ(all_rows(*this->parts.reader()).rows, Rows{});
}

// (1) Each kind of row comes back as it went in, together with the bookmark, its extremes included.
TYPED_TEST_P(OrdersContract, GivesBackWhatWasStored) {
  auto writer = this->parts.writer();
  SaleTerms terms = terms_of("car", 0xffff'ffff, kStockMax);
  terms.secret = {};  // is never stored
  terms.starts_at = RawTime{-5};
  Rows rows = rows_of({1, 2});
  rows.orders[1].due_at.reset();
  rows.sales.push_back({terms, Phase::kOpen, Position{3}});
  rows.orders[0].units = {kStockMax, 1, 2};
  rows.orders[1].units = {};
  rows.payments.push_back({text<PaymentId>("p-1"), order_id(1), -990, true, Position{4}});
  rows.quarantine.push_back({Position{9}, "it's \"refused\"", {std::byte{0}, std::byte{255}}, kAt});
  ASSERT_EQ(store(*writer, std::nullopt, mark_at(10), rows), kCommitted);

  auto found = all_rows(*this->parts.reader());
  EXPECT_EQ(found.mark, mark_at(10));
  EXPECT_EQ(writer->bookmark().value(), mark_at(10));
  for (auto& row : rows.orders) row.created = false;
  EXPECT_EQ(found.rows, rows);
}

// (1) However many at once, and whatever the batch before it was like: each row is its own.
TYPED_TEST_P(OrdersContract, TakesBatchesOfAnySize) {
  auto writer = this->parts.writer();
  Rows all;
  std::optional<Bookmark> was;
  std::uint64_t n = 0;
  for (const std::size_t size : {1, 16, 3, 35, 300}) {
    Rows rows;
    while (rows.orders.size() < size) {
      OrderRow& row = rows.orders.emplace_back(order_row(++n));
      row.held_at = kAt + milliseconds(n / 4);
      row.quantity = static_cast<std::uint32_t>(1 + n % 3);
      if (n % 5 == 0) row.due_at.reset();
      if (n % 7 == 0) row.payment = text<PaymentId>("p-" + std::to_string(n));
    }
    ASSERT_EQ(store(*writer, was, mark_at(n + 1), rows), kCommitted);
    was = mark_at(n + 1);
    for (OrderRow& row : rows.orders) row.created = false, all.orders.push_back(row);
  }
  EXPECT_EQ(all_rows(*this->parts.reader()).rows, all);
}

// (1) An order moves on; what it was made with stays.
TYPED_TEST_P(OrdersContract, ChangesOnlyTheStateOfAnOrderThatIsThere) {
  auto writer = this->parts.writer();
  ASSERT_EQ(store(*writer, std::nullopt, mark_at(2), rows_of({1})), kCommitted);
  OrderRow now = paid(order_row(1), "p-1");
  OrderRow told = now;
  told.buyer = {}, told.key = {}, told.sale = {};
  ASSERT_EQ(store(*writer, mark_at(2), mark_at(3), Rows{.orders = {told}}), kCommitted);
  EXPECT_EQ(all_rows(*this->parts.reader()).rows.orders, std::vector{now});
}

// (2) Whoever believes in an older bookmark stores nothing, be it one that never was.
TYPED_TEST_P(OrdersContract, StoresNothingFromAnotherBookmark) {
  auto writer = this->parts.writer();
  ASSERT_EQ(store(*writer, std::nullopt, mark_at(2), rows_of({1})), kCommitted);
  auto other_digest = mark_at(2);
  other_digest.digest = Digest{1};
  for (const auto& was : {std::optional<Bookmark>(), std::optional(mark_at(1)),
                          std::optional(mark_at(3)), std::optional(other_digest)}) {
    EXPECT_EQ(store(*writer, was, mark_at(9), rows_of({5})), Stored::What::kLostRace);
  }
  EXPECT_EQ(writer->bookmark().value(), mark_at(2));
  EXPECT_EQ(all_rows(*this->parts.reader()).rows.orders.size(), 1u);
}

// (2) Two handles on two threads, a hundred races from the same bookmark each: one winner a race,
// and the rows are those of the winners alone.
TYPED_TEST_P(OrdersContract, LetsOneOfTwoRacersWin) {
  constexpr std::uint64_t kRaces = 100;
  std::barrier start(2);
  std::vector<std::vector<std::uint64_t>> won(2);
  const auto race = [&](std::size_t me, Orders& mine) {
    std::optional<Bookmark> was;
    for (std::uint64_t n = 1; n <= kRaces; ++n) {
      start.arrive_and_wait();
      const std::uint64_t order = 2 * n + me;
      const auto what = store(mine, was, mark_at(n), rows_of({order}));
      if (what == kCommitted) won[me].push_back(order);
      was = mark_at(n);
    }
  };
  auto one = this->parts.writer();
  auto two = this->parts.writer();
  std::thread first(race, 0, std::ref(*one));
  std::thread second(race, 1, std::ref(*two));
  first.join();
  second.join();
  EXPECT_EQ(won[0].size() + won[1].size(), kRaces);
  const auto found = all_rows(*this->parts.reader());
  EXPECT_EQ(found.rows.orders.size(), kRaces);
  for (const auto& mine : won) {
    for (const auto n : mine) EXPECT_NE(found.find(order_id(n)), nullptr) << n;
  }
}

// (3) Rows that went back take the same batches again, and are the same rows in the end.
TYPED_TEST_P(OrdersContract, GoesBackAndComesToTheSameRows) {
  const Rows one{.orders = {order_row(1), order_row(2)}};
  const Rows two{.orders = {paid(order_row(1), "p-1"), order_row(3)},
                 .payments = {{text<PaymentId>("p-1"), order_id(1), 990, false, Position{101}}}};
  ASSERT_EQ(store(*this->parts.writer(), std::nullopt, mark_at(5), one), kCommitted);
  this->parts.keep();
  ASSERT_EQ(store(*this->parts.writer(), mark_at(5), mark_at(8), two), kCommitted);
  const auto before = all_rows(*this->parts.reader());
  this->parts.go_back();
  EXPECT_EQ(this->parts.writer()->bookmark().value(), mark_at(5));
  ASSERT_EQ(store(*this->parts.writer(), mark_at(5), mark_at(8), two), kCommitted);
  const auto after = all_rows(*this->parts.reader());
  EXPECT_EQ(after.mark, before.mark);
  EXPECT_EQ(after.rows, before.rows);
}

// (4) Two orders of one buyer with one key, one unit given twice: rows take what they are told.
TYPED_TEST_P(OrdersContract, EnforcesNoRuleOfTheSale) {
  auto writer = this->parts.writer();
  Rows rows = rows_of({1, 2});
  rows.orders[1].buyer = rows.orders[0].buyer;
  rows.orders[1].key = rows.orders[0].key;
  rows.orders[1].units = rows.orders[0].units;
  EXPECT_EQ(store(*writer, std::nullopt, mark_at(2), rows), kCommitted);
}

// A value that the tables do not take: nothing of the batch is stored, and the sentence says why.
TYPED_TEST_P(OrdersContract, RefusesARowWholly) {
  auto writer = this->parts.writer();
  ASSERT_EQ(store(*writer, std::nullopt, mark_at(2), rows_of({1})), kCommitted);
  Rows rows;
  for (std::uint64_t n = 2; n <= 22; ++n) rows.orders.push_back(order_row(n));
  for (const std::size_t bad : {0, 1, 20}) {
    rows.orders[bad].quantity = 0;
    auto stored = writer->store(mark_at(2), mark_at(3), rows);
    ASSERT_TRUE(stored.has_value()) << stored.error().message;
    EXPECT_EQ(stored->what, Stored::What::kRefused);
    EXPECT_NE(stored->why.find("quantity"), std::string::npos) << stored->why;
    EXPECT_EQ(writer->bookmark().value(), mark_at(2));
    EXPECT_EQ(all_rows(*this->parts.reader()).rows.orders.size(), 1u);
    rows.orders[bad].quantity = 2;
  }
  EXPECT_EQ(store(*writer, mark_at(2), mark_at(3), rows_of({2, 3})), kCommitted);
}

// (5) An order whose row is not there: somebody removed it.
TYPED_TEST_P(OrdersContract, StopsAtRowsThatWereRemoved) {
  auto writer = this->parts.writer();
  auto stored =
      writer->store(std::nullopt, mark_at(2), Rows{.orders = {paid(order_row(1), "p-1")}});
  ASSERT_FALSE(stored.has_value());
  EXPECT_EQ(stored.error().code, Error::Code::kCorrupt);
  EXPECT_NE(stored.error().message.find(to_text(order_id(1))), std::string::npos);
  EXPECT_EQ(writer->bookmark().value(), std::nullopt);
}

// (5) … unless the record that made it is in quarantine: it stays without a row.
TYPED_TEST_P(OrdersContract, KnowsWhyAQuarantinedOrderHasNoRow) {
  auto writer = this->parts.writer();
  const OrderRow row = order_row(1);
  QuarantineRow aside{.position = Position{1}, .error = "refused", .at = kAt};
  encode({.body = Reserve{.sale = SaleUid{7},
                          .order = row.id,
                          .buyer = row.buyer,
                          .key = row.key,
                          .quantity = 1}},
         aside.bytes);
  ASSERT_EQ(store(*writer, std::nullopt, mark_at(2), Rows{.quarantine = {aside}}), kCommitted);
  EXPECT_EQ(store(*writer, mark_at(2), mark_at(3), Rows{.orders = {paid(row, "p-1")}}), kCommitted);
  EXPECT_EQ(all_rows(*this->parts.reader()).rows.orders.size(), 0u);
  EXPECT_FALSE(writer->store(mark_at(3), mark_at(4), Rows{.orders = {paid(order_row(2), "p-2")}}));
}

// Pages come in the order in which orders were made, without a gap and without a double, and say
// what they know.
TYPED_TEST_P(OrdersContract, GivesPages) {
  auto writer = this->parts.writer();
  Rows rows;
  for (std::uint64_t n = 1; n <= 25; ++n) rows.orders.push_back(order_row(n));
  rows.orders[3].sale = text<SaleName>("phone");
  rows.orders[4].state = OrderState::kExpired;
  rows.payments = {{text<PaymentId>("a"), order_id(1), 1, false, Position{1}},
                   {text<PaymentId>("b"), order_id(1), 1, true, Position{2}}};
  ASSERT_EQ(store(*writer, std::nullopt, mark_at(26), rows), kCommitted);
  auto reader = this->parts.reader();

  OrdersQuery query{.limit = 10};
  std::vector<OrderId> seen;
  for (bool more = true; more;) {
    const auto page = reader->orders(query).value();
    EXPECT_EQ(page.as_of, Position{26});
    for (const auto& row : page.rows) seen.push_back(row.id);
    more = page.has_more;
    query.after = seen.back();
  }
  ASSERT_EQ(seen.size(), 25u);
  for (std::uint64_t n = 1; n <= 25; ++n) EXPECT_EQ(seen[n - 1], order_id(n));

  const auto count = [&](const OrdersQuery& asked) { return reader->orders(asked)->rows.size(); };
  EXPECT_EQ(count({.after = order_id(20)}), 5u);
  EXPECT_EQ(count({.after = order_id(20), .after_made = order_row(20).made}), 5u);
  EXPECT_EQ(count({.after = order_id(99)}), 0u) << "nobody comes behind an order that is not there";
  EXPECT_EQ(count({.sale = text<SaleName>("phone")}), 1u);
  EXPECT_EQ(count({.buyer = text<Buyer>("buyer-7")}), 1u);
  EXPECT_EQ(count({.state = OrderState::kExpired}), 1u);
  EXPECT_EQ(count({.sale = text<SaleName>("phone"), .state = OrderState::kExpired}), 0u);
  EXPECT_EQ(reader->payments({})->rows.size(), 2u);
  EXPECT_EQ(reader->payments({.refunds_only = true})->rows.front().id, text<PaymentId>("b"));
  const auto first = reader->payments({.limit = 1}).value();
  EXPECT_TRUE(first.has_more);
  EXPECT_EQ(reader->payments({.after = first.rows.front().id})->rows.size(), 1u);
}

// Whoever compares must know bookmark and quarantine before the first row.
TYPED_TEST_P(OrdersContract, IsVisitedInOrder) {
  struct Seen : RowsVisitor {
    std::string kinds;
    void bookmark(const std::optional<Bookmark>&) override { kinds += 'b'; }
    void quarantined(const QuarantineRow&) override { kinds += 'q'; }
    void sale(const SaleRow&) override { kinds += 's'; }
    void order(const OrderRow&) override { kinds += 'o'; }
    void payment(const PaymentRow&) override { kinds += 'p'; }
  } seen;
  Rows rows = rows_of({1, 2});
  rows.sales.push_back({terms_of("car", 3, 5), Phase::kOpen, Position{1}});
  rows.payments.push_back({.id = text<PaymentId>("p"), .order = order_id(1)});
  rows.quarantine.push_back({.position = Position{1}, .error = "why", .at = kAt});
  ASSERT_EQ(store(*this->parts.writer(), std::nullopt, mark_at(2), rows), kCommitted);
  ASSERT_TRUE(this->parts.reader()->visit(seen));
  EXPECT_EQ(seen.kinds.substr(0, 2), "bq");
  std::sort(seen.kinds.begin(), seen.kinds.end());
  EXPECT_EQ(seen.kinds, "boopqs");
}

// A reader sees whole batches only, whenever it looks.
TYPED_TEST_P(OrdersContract, ReadsOneMomentBesideAWriter) {
  auto writer = this->parts.writer();
  auto reader = this->parts.reader();
  std::thread writing([&] {
    std::optional<Bookmark> was;
    for (std::uint64_t n = 1; n <= 50; ++n) {
      (void)store(*writer, was, mark_at(n), rows_of({2 * n, 2 * n + 1}));
      was = mark_at(n);
    }
  });
  for (std::uint64_t seen = 0; seen < 50;) {
    const auto all = all_rows(*reader);
    if (all.mark) seen = number(all.mark->next);
    EXPECT_EQ(all.rows.orders.size(), 2 * seen);
    if (::testing::Test::HasFailure()) break;
  }
  writing.join();
}

REGISTER_TYPED_TEST_SUITE_P(OrdersContract, StartsEmpty, GivesBackWhatWasStored,
                            TakesBatchesOfAnySize, ChangesOnlyTheStateOfAnOrderThatIsThere,
                            StoresNothingFromAnotherBookmark, LetsOneOfTwoRacersWin,
                            GoesBackAndComesToTheSameRows, EnforcesNoRuleOfTheSale,
                            RefusesARowWholly, StopsAtRowsThatWereRemoved,
                            KnowsWhyAQuarantinedOrderHasNoRow, GivesPages, IsVisitedInOrder,
                            ReadsOneMomentBesideAWriter);

}  // namespace seckill::orders_contract
