// A drill's transcript, as the audit reads it: any bytes are read to their end, judged against a
// journal, and judged the same again.
#include <sstream>
#include <string>

#include "audit/audit.h"
#include "fuzz/fuzz.h"
#include "support/told_journal.h"

namespace seckill::fuzz {
namespace {

testing::Story& story() {
  static testing::Story told = [] {
    testing::Story made;
    SaleTerms car = testing::terms_of("car", 3, 10);
    made.sale(car);
    made.buy(car, "ann", "k1", 2);
    made.buy(car, "bob", "k1");
    return made;
  }();
  return told;
}

std::string judged(const std::string& text) {
  std::istringstream lines(text);
  const auto report = audit({.journal = &story(), .transcript = &lines});
  invariant(report.has_value(), "a transcript is a finding, never an error");
  std::string all;
  for (const Check& check : report->checks) {
    all += check.name + (check.holds ? " holds: " : " broken: ") + check.says + "\n";
    invariant(check.examples.size() <= 10, "I12 examples are bounded");
  }
  return all;
}

}  // namespace
}  // namespace seckill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(seckill::fuzz::Input(data, size).text());
  seckill::invariant(seckill::fuzz::judged(text) == seckill::fuzz::judged(text), "judged twice");
  return 0;
}
