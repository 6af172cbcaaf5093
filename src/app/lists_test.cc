#include "app/lists.h"

#include <future>
#include <gtest/gtest.h>

namespace seckill::app {
namespace {

// The shape that http/backstage.h promises to its callers.
TEST(Lists, WriteWhatBackstageAsksFor) {
  OrderRow row{.id = {{1, 2}},
               .sale = *SaleName::from("car"),
               .buyer = *Buyer::from("ann"),
               .key = *Key::from("k1"),
               .quantity = 2,
               .state = OrderState::kPaid,
               .held_at = RawTime{0},
               .paid_at = RawTime{1'500},
               .payment = *PaymentId::from("P-1")};
  EXPECT_EQ(
      to_json(Page<OrderRow>{{row}, true, Position{7}}),
      R"({"orders":[{"id":"00000000000000010000000000000002","sale":"car","buyer":"ann","key":"k1","quantity":2,"state":"paid",)"
      R"("held_at":"1970-01-01T00:00:00.000Z","paid_at":"1970-01-01T00:00:01.500Z","payment_id":"P-1"}],"has_more":true,"as_of":7})");
  EXPECT_EQ(to_json(Page<PaymentRow>{{}, false, Position{0}}),
            R"({"payments":[],"has_more":false,"as_of":0})");
}

// Promise (1): everybody hears one answer, also when the rows cannot be opened, and when it ends.
TEST(Lists, EverybodyIsAnswered) {
  std::promise<Result<std::string>> first;
  Lists lists([]() -> Result<std::unique_ptr<OrdersReader>> {
    return fail(Error::Code::kUnavailable, "no rows yet");
  });
  lists.ask(OrdersQuery{}, [&](Result<std::string> json) { first.set_value(std::move(json)); });
  const auto answer = first.get_future().get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "no rows yet");
}

// Promise (2): a crowd of admins fills the line, and hears so at once.
TEST(Lists, ALineThatIsFullIsSaidSoAtOnce) {
  std::promise<void> go;
  auto gone = go.get_future().share();
  std::promise<void> begun;
  std::atomic<std::size_t> answered{0}, refused{0};
  {
    Lists lists([&, once = false]() mutable -> Result<std::unique_ptr<OrdersReader>> {
      if (!std::exchange(once, true)) begun.set_value();
      gone.wait();
      return fail(Error::Code::kUnavailable, "closed");
    });
    const auto count = [&](Result<std::string> json) {
      ++answered;
      if (json.error().message.find("too many") != std::string::npos) ++refused;
    };
    lists.ask(PaymentsQuery{}, count);
    begun.get_future().wait();
    for (std::size_t i = 0; i < Lists::kWaitingMax + 5; ++i) lists.ask(PaymentsQuery{}, count);
    EXPECT_EQ(refused, 5u);
    go.set_value();
  }
  EXPECT_EQ(answered, Lists::kWaitingMax + 6);
}

}  // namespace
}  // namespace seckill::app
