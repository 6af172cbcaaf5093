// The consumer over a journal in memory and rows in a real file: N17-N21, N24 of the faults we
// know.
#include "orders/consumer.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <random>

#include "support/consumer_rig.h"
#include "support/dice.h"

namespace seckill {
namespace {

using namespace testing;

// What the ledger says, as rows.
AllRows rows_of_ledger(Story& story) {
  Ledger ledger;
  Changes changes;
  AllRows all;
  for (const Entry& entry : story.entries()) (void)ledger.apply(entry, changes);
  for (const auto* sale : ledger.sales()) {
    SaleTerms shown = sale->terms;
    shown.secret = {};
    all.rows.sales.push_back(
        {shown, phase_at(sale->terms, story.entries().back().stamp), sale->position});
  }
  return all;
}

// The rows of all orders are those of the ledger, with the texts of the records.
TEST(Consumer, StoresWhatTheLedgerSays) {
  Story story;
  const auto terms = phone();
  story.sale(terms);
  const auto ann = story.buy(terms, "ann", "k1", 2);
  const auto bob = story.after(milliseconds(10)).buy(terms, "bob", "k2");
  story.pay(ann, "p-1");
  story.pay(ann, "p-2");
  story.cancel(bob);
  const auto cid = story.buy(terms, "cid", "k3");
  story.after(milliseconds(60'000)).tick();
  story.pay(cid, "p-3");
  Rig rig(story);
  ASSERT_TRUE(rig.consume());

  const auto all = rig.rows();
  ASSERT_TRUE(all.mark);
  EXPECT_EQ(all.mark->next, Position{story.size()});
  EXPECT_EQ(all.rows.sales, rows_of_ledger(story).rows.sales);
  const RawTime later = Story::kStart + milliseconds(10);
  const OrderRow row_of_ann{.made = Position{2},
                            .id = ann,
                            .sale = terms.name,
                            .buyer = text<Buyer>("ann"),
                            .key = text<Key>("k1"),
                            .quantity = 2,
                            .units = {1, 2},
                            .state = OrderState::kPaid,
                            .held_at = Story::kStart,
                            .due_at = Story::kStart + milliseconds(60'000),
                            .paid_at = later,
                            .payment = text<PaymentId>("p-1"),
                            .position = Position{4}};
  EXPECT_EQ(*all.find(ann), row_of_ann);
  EXPECT_EQ(all.find(bob)->state, OrderState::kCancelled);
  EXPECT_EQ(all.find(bob)->ended_at, later);
  EXPECT_EQ(all.find(cid)->state, OrderState::kExpired);
  EXPECT_EQ(all.find(cid)->ended_at, later + milliseconds(60'000));
  EXPECT_TRUE(all.find(bob)->units.empty());
  EXPECT_TRUE(all.find(cid)->units.empty());
  ASSERT_EQ(all.rows.payments.size(), 3u);
  EXPECT_FALSE(all.rows.payments[0].refund);
  EXPECT_TRUE(all.rows.payments[1].refund);
  EXPECT_TRUE(all.rows.payments[2].refund) << "his hold had ended";
}

// (1) What is not durable is not in the rows; what comes later is stored later.
TEST(Consumer, StaysBehindTheReader) {
  auto story = random_story(1, 50);
  Rig rig(story);
  auto to = rig.orders();
  Consumer consumer(story, *to);
  for (const std::size_t shown : {std::size_t{0}, std::size_t{1}, std::size_t{30}, story.size()}) {
    story.show(shown);
    ASSERT_TRUE(Rig::finish(consumer));
    EXPECT_EQ(number(consumer.stats().next), shown);
    EXPECT_EQ(rig.rows().mark.has_value(), shown > 0);
    EXPECT_FALSE(consumer.turn(kNow).value()) << "nothing new";
  }
  EXPECT_EQ(consumer.stats().orders_stored, rig.rows().rows.orders.size());
}

// N17, N18, I2: the consumer dies at any moment, after any batch, as often as it likes: the rows
// are those of one that never died.
TEST(Consumer, ComesToTheSameRowsHoweverOftenItDies) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  auto story = random_story(seed, 3'000);
  Rig whole(story);
  ASSERT_TRUE(whole.consume());

  std::mt19937_64 random(seed);
  Rig broken(story);
  for (std::size_t shown = 1; shown < story.size(); shown += 1 + random() % 400) {
    story.show(shown);
    auto to = broken.orders();
    Consumer consumer(story, *to);
    for (auto turns = random() % 6; turns-- > 0;) ASSERT_TRUE(consumer.turn(kNow));
  }
  story.show(SIZE_MAX);
  ASSERT_TRUE(broken.consume());
  EXPECT_EQ(broken.rows().mark, whole.rows().mark);
  EXPECT_EQ(broken.rows().rows, whole.rows().rows);
}

// N24: the database is restored from yesterday; its rows catch up from the journal.
TEST(Consumer, CatchesUpWhenRowsWentBack) {
  auto story = random_story(2, 2'500);
  Rig rig(story);
  story.show(700);
  ASSERT_TRUE(rig.consume());
  std::filesystem::copy_file(rig.file(), rig.dir.file("kept"));
  story.show(SIZE_MAX);
  ASSERT_TRUE(rig.consume());
  const auto before = rig.rows();
  std::filesystem::copy_file(rig.dir.file("kept"), rig.file(),
                             std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(rig.consume());
  EXPECT_EQ(rig.rows().rows, before.rows);
  EXPECT_EQ(rig.rows().mark, before.mark);
}

// Rows that keep nothing but their bookmark.
struct Marks final : Orders {
  Result<std::optional<Bookmark>> bookmark() override { return mark; }
  Result<Stored> store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                       const Rows&) override {
    if (was != mark) return Stored{Stored::What::kLostRace, ""};
    mark = becomes;
    return Stored{};
  }
  std::optional<Bookmark> mark;
};

// N24: they go back under a consumer that is alive, while nobody buys: it looks, once a second.
TEST(Consumer, NoticesThatRowsWentBackThoughNothingIsNew) {
  auto story = random_story(3, 100);
  Marks rows;
  Consumer consumer(story, rows);
  story.show(50);
  ASSERT_TRUE(Rig::finish(consumer));
  const auto yesterday = rows.mark;
  story.show(SIZE_MAX);
  ASSERT_TRUE(Rig::finish(consumer));
  const auto today = std::exchange(rows.mark, yesterday);
  Now later = kNow;
  EXPECT_FALSE(consumer.turn(later).value());
  later.steady = later.steady + microseconds(1'000'000);
  EXPECT_TRUE(consumer.turn(later).value());
  while (consumer.turn(later).value()) {
  }
  EXPECT_EQ(rows.mark, today);
}

// N19: two consumers take turns at random; each batch is stored by one of them.
TEST(Consumer, SharesTheWorkWithAnother) {
  const auto seed = seed_of_this_run();
  SCOPED_TRACE(seed);
  auto story = random_story(seed, 4'000);
  Rig whole(story);
  ASSERT_TRUE(whole.consume());
  Rig rig(story);
  const auto one = rig.orders(), two = rig.orders();
  Consumer first(story, *one), second(story, *two);
  std::mt19937_64 random(seed);
  for (bool more = true; more;) {
    story.show(std::min<std::size_t>(story.size(),
                                     number(rig.rows().mark.value_or(Bookmark{}).next) + 300));
    const bool a = random() % 2 == 0 ? first.turn(kNow).value() : true;
    const bool b = second.turn(kNow).value();
    more = a || b;
  }
  story.show(SIZE_MAX);
  ASSERT_TRUE(Rig::finish(first));
  ASSERT_TRUE(Rig::finish(second));
  EXPECT_EQ(rig.rows().rows, whole.rows().rows);
  EXPECT_GT(first.stats().lost_races + second.stats().lost_races, 0u);
}

// N21: while the file is held by somebody it says so, and goes on afterwards.
TEST(Consumer, GoesOnWhenRowsAreThereAgain) {
  auto story = random_story(7, 100);
  struct Away : Orders {
    explicit Away(Orders& to) : real(to) {}
    Result<std::optional<Bookmark>> bookmark() override { return real.bookmark(); }
    Result<Stored> store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                         const Rows& rows) override {
      switch (++calls) {
        case 1:
        case 2: return fail(Error::Code::kUnavailable, "away");
        case 3: return Stored{Stored::What::kUnknown, "before the commit"};
        case 4:
          (void)real.store(was, becomes, rows);
          return Stored{Stored::What::kUnknown, "after"};
        default: return real.store(was, becomes, rows);
      }
    }
    Orders& real;
    int calls = 0;
  };
  Rig rig(story);
  auto to = rig.orders();
  Away away(*to);
  Consumer consumer(story, away);
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(consumer.turn(kNow).error().code, Error::Code::kUnavailable);
  }
  // There was no doubt: the batch is tried again, and nothing replayed.
  ASSERT_TRUE(consumer.turn(kNow).value());
  EXPECT_EQ(away.calls, 3);
  ASSERT_TRUE(Rig::finish(consumer));
  Rig whole(story);
  ASSERT_TRUE(whole.consume());
  EXPECT_EQ(rig.rows().rows, whole.rows().rows);
  EXPECT_EQ(rig.rows().mark, whole.rows().mark);
}

// The row of a sale says what people see at the last record: the time alone opens and closes it.
TEST(Consumer, TellsTheStateOfASale) {
  Story story;
  auto terms = phone();
  terms.starts_at = Story::kStart + milliseconds(100);
  terms.ends_at = Story::kStart + milliseconds(200);
  Rig rig(story);
  const auto state = [&] {
    EXPECT_TRUE(rig.consume());
    return rig.rows().rows.sales.at(0).state;
  };
  story.sale(terms);
  EXPECT_EQ(state(), Phase::kScheduled);
  story.after(milliseconds(150)).tick();
  EXPECT_EQ(state(), Phase::kOpen);
  story.after(milliseconds(100)).tick();
  EXPECT_EQ(state(), Phase::kClosed);
  terms.version = 2, terms.standing = Standing::kPaused;
  story.sale(terms);
  EXPECT_EQ(state(), Phase::kPaused);
}

// A batch may hold an order's whole life and its sale's end.
TEST(Consumer, KeepsTheOrdersOfARetiredSale) {
  Story story;
  auto terms = terms_of("car", 3, 10);
  story.sale(terms);
  const auto order = story.buy(terms, "ann", "k");
  for (const auto standing : {Standing::kClosed, Standing::kRetired}) {
    ++terms.version, terms.standing = standing;
    story.sale(terms);
  }
  Rig rig(story);
  ASSERT_TRUE(rig.consume());
  ASSERT_NE(rig.rows().find(order), nullptr);
  EXPECT_EQ(rig.rows().rows.sales.at(0).state, Phase::kRetired);
}

// The record that retires a sale may be the one that ends its last hold: the ledger has let that
// order go, and its row must still learn how it ended.
TEST(Consumer, AHoldMayEndWithTheRecordThatRetiresItsSale) {
  Story story;
  auto terms = terms_of("car", 3, 10);
  terms.hold_ms = 1000;
  story.sale(terms);
  const auto order = story.buy(terms, "ann", "k");
  ++terms.version, terms.standing = Standing::kClosed;
  story.sale(terms);
  Rig rig(story);
  ASSERT_TRUE(rig.consume());
  ++terms.version, terms.standing = Standing::kRetired;
  story.after(milliseconds(2000)).sale(terms);
  const auto done = rig.consume();
  ASSERT_TRUE(done) << done.error().message;
  const AllRows rows = rig.rows();
  const OrderRow* row = rows.find(order);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->state, OrderState::kExpired);
  EXPECT_TRUE(row->ended_at.has_value());
  EXPECT_EQ(row->buyer.view(), "ann");
}

}  // namespace
}  // namespace seckill
