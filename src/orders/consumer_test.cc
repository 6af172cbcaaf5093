// The consumer over a journal in memory and rows in a real file: N17-N24 of the faults we know.
#include "orders/consumer.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <random>

#include "model/codec.h"
#include "orders/sqlite.h"
#include "orders/sqlite_orders.h"
#include "support/all_rows.h"
#include "support/dice.h"
#include "support/temp_dir.h"
#include "support/told_journal.h"

namespace seckill {
namespace {

using namespace testing;

constexpr Now kNow{.raw = Story::kStart, .steady = {0}};

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

SaleTerms phone() {
  SaleTerms terms = terms_of("phone", 7, 20);
  terms.per_buyer = 3;
  terms.hold_ms = 60'000;
  return terms;
}

// Buyers of two sales who buy, pay, cancel and let holds run out.
Story random_story(std::uint64_t seed, int records) {
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

// (3), J7: rows of another journal are not touched.
TEST(Consumer, StopsAtRowsOfAnotherJournal) {
  Story other(/*nonce=*/2), story(/*nonce=*/1);
  for (auto* each : {&other, &story}) each->sale(phone());
  Rig rig(other);
  ASSERT_TRUE(rig.consume());
  Rig mixed(story);
  std::filesystem::copy_file(rig.file(), mixed.file());
  const auto error = mixed.error_of_consume();
  EXPECT_EQ(error.code, Error::Code::kCorrupt);
  EXPECT_NE(error.message.find("of another journal"), std::string::npos) << error.message;
  EXPECT_EQ(mixed.rows().mark, rig.rows().mark);
}

// (3), I9: the journal lost its end, or was replaced by a shorter one.
TEST(Consumer, StopsAtRowsAheadOfTheJournal) {
  auto story = random_story(3, 100);
  Rig rig(story);
  ASSERT_TRUE(rig.consume());
  story.show(60);
  const auto error = rig.error_of_consume();
  EXPECT_EQ(error.code, Error::Code::kCorrupt);
  EXPECT_NE(error.message.find("ahead"), std::string::npos) << error.message;
}

// (3): the same number of records, but the last one is another one.
TEST(Consumer, StopsAtAnotherHistory) {
  auto story = random_story(4, 100);
  Rig rig(story);
  ASSERT_TRUE(rig.consume());
  story.entries().back().record.body = Tick{.rules = kNewestRules};
  story.reseal();
  const auto error = rig.error_of_consume();
  EXPECT_EQ(error.code, Error::Code::kCorrupt);
  EXPECT_NE(error.message.find("not the one that the rows were stored from"), std::string::npos);
}

// (3), A14: the same records, another state: the rows were written by other rules.
TEST(Consumer, StopsAtAnotherDigest) {
  auto story = random_story(5, 100);
  Rig rig(story);
  ASSERT_TRUE(rig.consume());
  rig.run("UPDATE bookmark SET digest = digest + 1");
  EXPECT_EQ(rig.error_of_consume().code, Error::Code::kCorrupt);
}

// A14: a record of newer rules stops it, after what came before is stored.
TEST(Consumer, StopsAtNewerRules) {
  auto story = random_story(6, 100);
  const auto before = story.size();
  story.add(Tick{.rules = Rules{999}});
  story.tick();
  Rig rig(story);
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(rig.error_of_consume().code, Error::Code::kCorrupt);
    EXPECT_EQ(rig.rows().mark->next, Position{before});
  }
}

// I9: another journal was put in its place between the record was applied and its row refused: what
// is put aside is the record that was applied, or nothing.
TEST(Consumer, PutsNoOtherRecordAside) {
  struct Swapped : JournalReader {
    Swapped(JournalReader& first, JournalReader& then) : now(&first), later(&then) {}
    Result<std::span<const Entry>> read(Position from, std::size_t most) override {
      if (most == 1) now = later;
      return now->read(from, most);
    }
    JournalReader *now, *later;
  };
  Story story, other;
  const auto terms = phone();
  for (Story* each : {&story, &other}) each->sale(terms);
  story.buy(terms, "poison", "k");
  other.tick();
  Rig rig(story);
  (void)rig.orders();
  rig.run(
      "CREATE TRIGGER no BEFORE INSERT ON orders WHEN NEW.buyer_id = 'poison'"
      " BEGIN SELECT RAISE(ABORT, 'the shop says no'); END");
  auto to = rig.orders();
  Swapped swapped(story, other);
  Consumer consumer(swapped, *to);
  const auto finished = Rig::finish(consumer);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, Error::Code::kCorrupt);
  EXPECT_TRUE(rig.rows().rows.quarantine.empty());
}

// N22: a row that the shop's own trigger refuses is put aside with its bytes, its neighbours are
// stored, and later records of that order go on without a row.
TEST(Consumer, PutsARefusedRecordAside) {
  Story story;
  const auto terms = phone();
  story.sale(terms);
  const auto ann = story.buy(terms, "ann", "k");
  const auto poison = story.buy(terms, "poison", "k");
  const auto bob = story.buy(terms, "bob", "k");
  for (int n = 0; n < 1'500; ++n) story.tick();
  story.after(milliseconds(60'000)).tick();
  Rig rig(story);
  (void)rig.orders();
  rig.run(
      "CREATE TRIGGER no BEFORE INSERT ON orders WHEN NEW.buyer_id = 'poison'"
      " BEGIN SELECT RAISE(ABORT, 'the shop says no'); END");
  auto to = rig.orders();
  Consumer consumer(story, *to);
  ASSERT_TRUE(Rig::finish(consumer));

  const auto all = rig.rows();
  EXPECT_EQ(all.mark->next, Position{story.size()});
  ASSERT_EQ(all.rows.quarantine.size(), 1u);
  EXPECT_EQ(all.rows.quarantine[0].position, Position{3});
  EXPECT_NE(all.rows.quarantine[0].error.find("the shop says no"), std::string::npos);
  const auto bytes = story.entries()[3].bytes;
  EXPECT_TRUE(std::ranges::equal(all.rows.quarantine[0].bytes, bytes));
  EXPECT_EQ(consumer.stats().quarantined, 1u);
  EXPECT_EQ(all.find(poison), nullptr);
  EXPECT_EQ(all.find(ann)->state, OrderState::kExpired);
  EXPECT_EQ(all.find(bob)->state, OrderState::kExpired);
  EXPECT_EQ(all.rows.orders.size(), 2u);
}

// What a refused record did not cause is stored: the hold that it found due, the unit that came
// back, and the sale that opened meanwhile.
TEST(Consumer, KeepsWhatARefusedRecordDidNotCause) {
  Story story;
  const auto terms = phone();
  auto toy = terms_of("toy", 9, 1);
  toy.starts_at = Story::kStart + milliseconds(30'000);
  story.sale(terms);
  story.sale(toy);
  const auto ann = story.buy(terms, "ann", "k", 2);
  const auto poison = story.after(milliseconds(60'000)).buy(terms, "poison", "k");
  const auto bob = story.buy(terms, "bob", "k");
  Rig rig(story);
  (void)rig.orders();
  rig.run(
      "CREATE TRIGGER no BEFORE INSERT ON orders WHEN NEW.buyer_id = 'poison'"
      " BEGIN SELECT RAISE(ABORT, 'no'); END");
  ASSERT_TRUE(rig.consume());
  const auto all = rig.rows();
  EXPECT_EQ(all.rows.quarantine.size(), 1u);
  EXPECT_EQ(all.find(poison), nullptr);
  EXPECT_EQ(all.find(ann)->state, OrderState::kExpired);
  const auto toy_row = std::ranges::find(all.rows.sales, toy.name,
                                         [](const SaleRow& row) { return row.terms.name; });
  ASSERT_NE(toy_row, all.rows.sales.end());
  EXPECT_EQ(toy_row->state, Phase::kOpen);
  EXPECT_TRUE(all.find(ann)->units.empty());
  EXPECT_EQ(all.find(bob)->units, std::vector{2u}) << "1 was the poison's";
}

// Where even that is refused, the record goes aside with all it did, and the rest goes on.
TEST(Consumer, GoesOnWhenWhatTimeDidIsRefusedToo) {
  Story story;
  const auto terms = phone();
  story.sale(terms);
  const auto ann = story.buy(terms, "ann", "k");
  Rig rig(story);
  ASSERT_TRUE(rig.consume());
  rig.run("CREATE TRIGGER no BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'no'); END");
  story.after(milliseconds(60'000)).tick();
  const auto bob = story.buy(terms, "bob", "k");
  ASSERT_TRUE(rig.consume());
  const auto all = rig.rows();
  EXPECT_EQ(all.mark->next, Position{story.size()});
  EXPECT_EQ(all.rows.quarantine.size(), 1u);
  EXPECT_EQ(all.find(ann)->state, OrderState::kHeld);
  EXPECT_EQ(all.find(bob)->state, OrderState::kHeld);
}

// Ten a minute are a nuisance, eleven are a database that is not ours any more: stop and say so.
TEST(Consumer, StopsWhenTooManyAreRefused) {
  Story story;
  const auto terms = terms_of("car", 3, 100);
  story.sale(terms);
  for (int n = 0; n < 25; ++n) story.buy(terms, "buyer", std::to_string(n));
  Rig rig(story);
  (void)rig.orders();
  rig.run("CREATE TRIGGER no BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'no'); END");
  auto to = rig.orders();
  Consumer consumer(story, *to);
  const auto stopped = Rig::finish(consumer);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, Error::Code::kFailed);
  EXPECT_NE(stopped.error().message.find("quarantine"), std::string::npos);
  EXPECT_LE(rig.rows().rows.quarantine.size(), 10u);

  // A minute later it may go on.
  Now later{.raw = kNow.raw, .steady = kNow.steady + Consumer::kQuarantineWindow};
  for (;;) {
    later.steady = later.steady + microseconds(7'000'000);
    const auto turn = consumer.turn(later);
    ASSERT_TRUE(turn.has_value()) << turn.error().message;
    if (!*turn) break;
  }
  EXPECT_EQ(rig.rows().rows.quarantine.size(), 25u);
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
