#include "ledger/terms_check.h"

#include <functional>
#include <gtest/gtest.h>

#include "ledger/ledger.h"
#include "support/story.h"

namespace seckill {
namespace {

using Edit = std::function<void(SaleTerms&)>;

Outcome begun_with(const Edit& edit, TermsBeside beside = {}) {
  SaleTerms terms = car(10);
  edit(terms);
  return check_terms(terms, beside);
}

// A car sale of ten: three held, two paid, one withdrawn, six orders ever.
SaleView running(Standing standing = Standing::kActive) {
  SaleView view{.terms = car(10), .held = 3, .paid = 2, .orders = 6};
  view.terms.withdrawn = 1;
  view.terms.standing = standing;
  return view;
}

Outcome followed_by(const SaleView& now, const Edit& edit, TermsBeside beside = {}) {
  SaleTerms terms = now.terms;
  ++terms.version;
  edit(terms);
  beside.same_uid = &now;
  if (terms.name == now.terms.name) beside.same_name = &now;
  return check_terms(terms, beside);
}

TEST(TermsCheck, ASaleBeginsWithSoundTerms) {
  const auto none = [](SaleTerms&) {};
  EXPECT_EQ(begun_with(none), Outcome::kSaleAccepted);
  EXPECT_EQ(begun_with([](auto& t) { t.standing = Standing::kPaused; }), Outcome::kSaleAccepted);
  EXPECT_EQ(begun_with([](auto& t) { t.stock = kStockMax, t.orders_max = kOrdersMaxMax; }),
            Outcome::kSaleAccepted);
  for (const Edit& edit : std::initializer_list<Edit>{
           [](auto& t) { t.uid = SaleUid{0}; }, [](auto& t) { t.stock = 0; },
           [](auto& t) { t.stock = kStockMax + 1; }, [](auto& t) { t.orders_max = 0; },
           [](auto& t) { t.orders_max = kOrdersMaxMax + 1; }, [](auto& t) { t.withdrawn = 1; },
           [](auto& t) { t.hold_ms = -1; }, [](auto& t) { t.hold_ms = kHoldMaxMs + 1; },
           [](auto& t) { t.price_minor = -1; }, [](auto& t) { t.starts_at = t.ends_at; },
           [](auto& t) { t.standing = Standing::kRetired; }}) {
    EXPECT_EQ(begun_with(edit), Outcome::kNotAllowed) << &edit;
  }
}

// A8: a win that was final stays final, so a shopper of the demo's wire is never put on hold.
TEST(TermsCheck, WhetherAWinIsFinalNeverChanges) {
  SaleView final_wins = running(), held_wins = running();
  held_wins.terms.hold_ms = 1000;
  EXPECT_EQ(followed_by(final_wins, [](auto& t) { t.hold_ms = 1000; }), Outcome::kNotAllowed);
  EXPECT_EQ(followed_by(held_wins, [](auto& t) { t.hold_ms = 0; }), Outcome::kNotAllowed);
  EXPECT_EQ(followed_by(held_wins, [](auto& t) { t.hold_ms = 500; }), Outcome::kSaleAccepted);
}

TEST(TermsCheck, ANameAndAUidAreUsedOnceInASeason) {
  const SaleView now = running(), retired = running(Standing::kRetired);
  const auto none = [](SaleTerms&) {};
  EXPECT_EQ(begun_with(none, {.same_uid = &now}), Outcome::kSaleExists);
  EXPECT_EQ(begun_with(none, {.same_name = &retired}), Outcome::kSaleExists);
}

TEST(TermsCheck, ASeasonIsBounded) {
  const auto none = [](SaleTerms&) {};
  const std::uint32_t mine = car(10).orders_max;
  EXPECT_EQ(begun_with(none, {.sales = kSalesMax - 1}), Outcome::kSaleAccepted);
  EXPECT_EQ(begun_with(none, {.sales = kSalesMax}), Outcome::kSeasonFull);
  EXPECT_EQ(begun_with(none, {.orders_total = kOrdersTotalMax - mine}), Outcome::kSaleAccepted);
  EXPECT_EQ(begun_with(none, {.orders_total = kOrdersTotalMax - mine + 1}), Outcome::kSeasonFull);
  EXPECT_EQ(
      followed_by(running(), [](auto& t) { ++t.orders_max; }, {.orders_total = kOrdersTotalMax}),
      Outcome::kSeasonFull);
  EXPECT_EQ(followed_by(running(), none, {.orders_total = kOrdersTotalMax}),
            Outcome::kSaleAccepted);
}

TEST(TermsCheck, AChangeIsComparedAndSet) {
  const SaleView now = running();
  EXPECT_EQ(followed_by(now, [](auto&) {}), Outcome::kSaleAccepted);  // nothing new is fine
  EXPECT_EQ(followed_by(now, [](auto& t) { t.version = 3; }), Outcome::kVersionConflict);
  EXPECT_EQ(followed_by(now, [](auto& t) { t.version = 0; }), Outcome::kVersionConflict);
  EXPECT_EQ(followed_by(now, [](auto& t) { t.version = 1; }), Outcome::kSaleExists);
  SaleView last = now;
  last.terms.version = 0xffff'ffff;  // the next would be 0
  EXPECT_EQ(followed_by(last, [](auto&) {}), Outcome::kVersionConflict);
  SaleTerms unknown = car(10);
  unknown.version = 2;
  EXPECT_EQ(check_terms(unknown, {}), Outcome::kUnknownSale);
  EXPECT_EQ(check_terms(unknown, {.same_name = &now}), Outcome::kUnknownSale);
}

TEST(TermsCheck, WhatWasPromisedStays) {
  const SaleView now = running();  // ten: three held, two paid, one withdrawn
  for (const Edit& allowed : std::initializer_list<Edit>{
           [](auto& t) { t.stock = 11; }, [](auto& t) { t.withdrawn = 5; },
           [](auto& t) { t.orders_max = 6; }, [](auto& t) { t.per_buyer = 1; },
           [](auto& t) { t.stock = 20, t.withdrawn = 15; }, [](auto& t) { t.per_buyer = 1; },
           [](auto& t) { t.title = *Title::from("new"); }}) {
    EXPECT_EQ(followed_by(now, allowed), Outcome::kSaleAccepted);
  }
  for (const Edit& refused : std::initializer_list<Edit>{
           [](auto& t) { t.stock = 9; }, [](auto& t) { t.withdrawn = 0; },
           [](auto& t) { t.withdrawn = 6; }, [](auto& t) { t.withdrawn = 0xffff'ffff; },
           [](auto& t) { t.orders_max = 5; }, [](auto& t) { t.name = *SaleName::from("bus"); },
           [](auto& t) { t.secret.bytes[0] ^= 1; }, [](auto& t) { t.price_minor = -1; }}) {
    EXPECT_EQ(followed_by(now, refused), Outcome::kNotAllowed);
  }
}

// Every pair of standings: what may follow what, with and without an open hold.
TEST(TermsCheck, ASaleStandsWhereItMay) {
  using enum Standing;
  const auto may = [](Standing now, Standing then, std::uint32_t holds) {
    return followed_by(running(now), [then](auto& t) { t.standing = then; }, {.holds = holds}) ==
           Outcome::kSaleAccepted;
  };
  for (const Standing then : {kActive, kPaused, kClosed, kRetired}) {
    for (const std::uint32_t holds : {0u, 1u}) {
      EXPECT_EQ(may(kActive, then, holds), then != kRetired);
      EXPECT_EQ(may(kPaused, then, holds), then != kRetired);
      EXPECT_EQ(may(kClosed, then, holds), then == kClosed || (then == kRetired && holds == 0));
      EXPECT_FALSE(may(kRetired, then, holds));
    }
  }
}

}  // namespace
}  // namespace seckill
