// The codec of records: any bytes give a record or an error; a record has exactly one encoding; and
// whoever shows it writes one line of JSON, without a secret.
#include <nlohmann/json.hpp>
#include <vector>

#include "fuzz/fuzz.h"
#include "journal/verify.h"
#include "model/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seckill;
  const auto bytes = fuzz::Input(data, size).bytes();
  const auto record = decode(bytes);
  if (!record) {
    invariant(record.error().code == Error::Code::kCorrupt, "what does not decode is corrupt");
    return 0;
  }
  std::vector<std::byte> again;
  encode(*record, again);
  invariant(std::ranges::equal(bytes, again), "a record has one encoding");
  invariant(again.size() <= kRecordBytesMax, "I12 a record is bounded");
  invariant(decode(again).value() == *record, "decode(encode(r)) == r");

  const std::string line = to_json_line({Position{7}, RawTime{1}, again, *record});
  invariant(line.find('\n') == line.npos, "one line");
  // A title from the journal may be no UTF-8: this reader, unlike us, minds.
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  const auto* sale = std::get_if<SaleRecord>(&record->body);
  if (sale == nullptr || json.is_object()) invariant(json.is_object(), "JSON");
  return 0;
}
