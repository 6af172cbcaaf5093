// A JSON body: what we accept, a second reader accepts, with the same names and values and none of
// them twice; what we refuse has a reason that the second reader can see. And whether it is plain
// makes no difference.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/fuzz.h"
#include "http/fields.h"
#include "http/intake.h"
#include "http/json_in.h"

namespace seckill::fuzz {
namespace {

using nlohmann::json;

void agree(const JsonField& field, const json& plain) {
  const auto value = plain.find(std::string(field.name));
  invariant(value != plain.end(), "a name that is there");
  switch (field.kind) {
    case JsonField::Kind::kText:
      invariant(value->is_string() && value->get_ref<const std::string&>() == field.text, "a text");
      return;
    case JsonField::Kind::kInteger:
      invariant(value->is_number_integer() && value->get<std::int64_t>() == field.integer,
                "a number");
      return;
    case JsonField::Kind::kNull: invariant(value->is_null(), "null"); return;
    case JsonField::Kind::kOther:
      invariant(!value->is_string() && !value->is_null(), "anything else");
      return;
  }
}

// By every reader of a value, under names that bodies have.
void take_all(JsonReader& reader) {
  Fields fields(reader.fields());
  fields.token<Buyer>("buyer");
  fields.integer("quantity", 1, 1000);
  fields.count("stock", 0, 10);
  fields.time("starts_at");
  fields.other_text<Title>("title", "must be a title");
  if (const auto wrong = fields.wrong()) {
    const auto said = json::parse(
        "{\"x\":1" + (wrong->members.empty() ? "" : "," + wrong->members) + "}", nullptr, false);
    invariant(said.is_object(), "what we say of wrong fields is JSON itself");
  }
}

}  // namespace
}  // namespace seckill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seckill;
  static JsonReader reader(4096);
  const std::string_view text = fuzz::Input(data, std::min<std::size_t>(size, 4096)).text();
  std::string body(text);
  body.append(Intake::kPadding, '"');  // may be read, must not matter
  const std::string_view bounded = std::string_view(body).substr(0, text.size());
  static JsonReader second(4096);
  const bool accepted = !reader.read(bounded);
  invariant(accepted == !second.read_any(bounded), "plain or not, it is judged alike");
  if (!accepted) return 0;
  invariant(std::ranges::equal(reader.fields(), second.fields()), "plain or not, it reads alike");

  const auto plain = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  invariant(plain.is_object(), "what we accept is a JSON object");
  invariant(plain.size() == reader.fields().size(), "no name is there twice");
  invariant(plain.size() <= JsonReader::kFieldsMax, "I12 fields are bounded");
  for (const JsonField& field : reader.fields()) fuzz::agree(field, plain);
  fuzz::take_all(reader);
  return 0;
}
