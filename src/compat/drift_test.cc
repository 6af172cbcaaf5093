#include "compat/drift.h"

#include <gtest/gtest.h>

namespace seckill::compat {
namespace {

// What the audit would end with: 0 proven, 1 not proven, 4 violated.
int verdict_of(const Figures& figures) {
  AuditReport report{.checks = drift(figures)};
  return report.violated() ? 4 : report.proven() ? 0 : 1;
}

TEST(Drift, ThreeFiguresAreOneOrItIsSaid) {
  const Figures fine{.stock = 100, .counter = 40, .messages = 60, .rows = 60, .stored = 60};
  EXPECT_EQ(verdict_of(fine), 0);
  const auto with = [&](auto change) {
    Figures other = fine;
    change(other);
    return verdict_of(other);
  };
  EXPECT_EQ(with([](Figures& f) { f.counter = 39; }), 4) << "taken and never recorded";
  EXPECT_EQ(with([](Figures& f) { f.counter = 41; }), 4) << "recorded and never taken";
  EXPECT_EQ(with([](Figures& f) { f.counter = 101; }), 4) << "more than there ever was";
  EXPECT_EQ(with([](Figures& f) { f.counter.reset(); }), 1) << "nobody knows";
  EXPECT_EQ(with([](Figures& f) { f.counter = -1, f.messages = f.rows.emplace(101); }), 4)
      << "oversold";
  EXPECT_EQ(with([](Figures& f) { f.rows = f.stored = 58; }), 1) << "merely behind";
  EXPECT_EQ(with([](Figures& f) { f.rows = 58, f.stored.reset(); }), 1) << "of another consumer";
  EXPECT_EQ(with([](Figures& f) { f.rows = 58; }), 4) << "removed";
  EXPECT_EQ(with([](Figures& f) { f.rows = 61; }), 4) << "stored twice";
  EXPECT_EQ(with([](Figures& f) { f.rows.reset(); }), 0) << "not asked for";
  EXPECT_EQ(with([](Figures& f) { f.astray = 1; }), 4) << "where nobody reads";
}

TEST(Drift, SaysHowMany) {
  const auto checks = drift({.stock = 100, .counter = 0, .messages = 97, .rows = 97});
  ASSERT_EQ(checks[2].name, "drift");
  EXPECT_NE(checks[2].says.find("100 taken, 97 recorded: 3 units"), std::string::npos)
      << checks[2].says;
}

}  // namespace
}  // namespace seckill::compat
