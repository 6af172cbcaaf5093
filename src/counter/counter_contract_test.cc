// The twin, held to the numbered lines of counter.h.
#include "support/counter_contract.h"

#include "counter/twin.h"

namespace seckill::counter_contract {
namespace {

class TwinParts {
 public:
  std::unique_ptr<Counter> connect() {
    return std::make_unique<TwinCounter>(server_, mood_, [this] { return now_; });
  }
  Counted answer(Counter& counter) { return counter.poll().value(); }
  std::map<SaleUid, Left> lefts(const std::vector<SaleUid>&) { return server_.lefts(); }
  void wipe() { server_.wipe(); }
  void age(SaleUid sale, milliseconds by) {
    Left left = server_.lefts().at(sale);
    left.at.ms -= by.count();
    server_.set(sale, left);
  }
  void spoil(SaleUid) { wipe(); }  // it holds nothing else than counters

 private:
  Now now_{RawTime{1'800'000'000'000}, SteadyTime{0}};
  TwinServer server_;
  TwinMood mood_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Twin, CounterContract, TwinParts);

}  // namespace
}  // namespace seckill::counter_contract
