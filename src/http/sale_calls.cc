#include "http/sale_calls.h"

#include <fmt/format.h>
#include <utility>

#include "http/fields.h"
#include "http/json_out.h"
#include "http/query.h"
#include "http/sale_json.h"

namespace seckill {
namespace {

constexpr int kTriesMax = 4;
constexpr std::int64_t kPriceMax = 1'000'000'000'000'000;

// Fields that POST /sales and PATCH /sales/{sale} share. null: back to none.
SaleFields take_fields(Fields& fields) {
  SaleFields taken;
  taken.title = fields.other_text<Title>("title", "must be at most 120 bytes, no control ones");
  taken.stock = fields.count("stock", 1, kStockMax);
  taken.per_buyer = fields.count("per_buyer", 0, kStockMax);
  taken.orders_max = fields.count("orders_max", 1, kOrdersMaxMax);
  taken.price_minor = fields.integer("price_minor", 0, kPriceMax);
  taken.currency = fields.other_text<Currency>("currency", "must be three capitals, as CNY");
  taken.starts_at = fields.time("starts_at");
  const JsonField* ends = fields.take("ends_at");
  taken.ends_at = ends != nullptr && ends->kind == JsonField::Kind::kNull ? std::optional(kNoEnd)
                                                                          : fields.time("ends_at");
  if (const auto hold = fields.integer("hold_s", 0, kHoldMaxMs / 1000))
    taken.hold_ms = *hold * 1000;
  return taken;
}

bool matches(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

std::string fields_of(std::string_view etag) {
  return fmt::format("ETag: {}\r\nCache-Control: max-age=1\r\n", etag);
}

const char* why_not(Outcome outcome, SaleVerb verb) {
  switch (outcome) {
    case Outcome::kSaleExists: return "A sale of this name is there, or was and is retired.";
    case Outcome::kNotAllowed:
      if (verb == SaleVerb::kRetire)
        return "Only a closed sale without open holds can be retired: close it first.";
      return "Stock never shrinks (withdraw instead), sold units stay sold, a closed sale stays "
             "closed, and whether a win is final never changes.";
    case Outcome::kSeasonFull: return "There are as many sales or orders as a season may keep.";
    case Outcome::kUnknownSale: return "There is no such sale.";
    case Outcome::kBusy: return "Nothing was recorded. Ask again.";
    default: return "It may or may not have been recorded. Read the sale, then ask again.";
  }
}

}  // namespace

// ---- Shown ----

Step SaleCalls::get(Call& call, const Request& request, std::string_view text, std::string& out) {
  const auto name = SaleName::from(text);
  if (!name) return unknown(call, out);
  call.buy.sale = *name;
  const SaleView* sale = office_.ledger().sale(*name);
  if (sale == nullptr) return office_.put(call, SaleLookAsk{*name});
  const std::string etag = etag_of(*sale, raw_now());
  if (!request.if_none_match.empty() && matches(request.if_none_match, etag)) {
    office_.replies.write(out, call, {304, content::kJson, fields_of(etag)}, {});
    return Step::kReplied;
  }
  return reply_sale(call, 200, out);
}

void SaleCalls::reply_get(Call& call, std::string& out) {
  const Outcome outcome = call.verdict.outcome;
  if (outcome == Outcome::kFound) {
    reply_sale(call, 200, out);
  } else if (outcome == Outcome::kUnknownSale) {
    unknown(call, out);
  } else {
    refuse(call, problem_of(outcome),
           {.detail = "Whether there is such a sale is not known just now. Ask again."}, out);
  }
}

Step SaleCalls::list(Call& call, const Request& request, std::string& out) {
  std::uint32_t limit = 100;
  std::string_view after;
  const bool fits = each_pair(request.query, [&](std::string_view what, std::string_view value) {
    if (what == "limit") return read_limit(value, limit);
    after = value;
    return what == "starting_after" && SaleName::from(value).has_value();
  });
  if (!fits)
    return refuse(call, problems::kMalformed,
                  {.detail = "A query parameter is unknown or does not fit."}, out);
  const RawTime now = raw_now();
  std::string& body = office_.desk;
  body.assign("{\"sales\":[");
  bool skipping = !after.empty();
  std::uint32_t shown = 0;
  bool more = false;
  std::uint64_t tag = 0;
  for (const SaleView* sale : office_.ledger().sales()) {
    if (std::exchange(skipping, skipping && sale->terms.name.view() != after)) continue;
    if (shown == limit) {
      more = true;
      break;
    }
    if (shown++ > 0) body += ',';
    append_sale(body, *sale, now);
    tag = tag * 31 + std::hash<std::string>{}(etag_of(*sale, now));
  }
  const std::string etag = fmt::format("\"{:x}.{}\"", tag, shown);
  if (!request.if_none_match.empty() && matches(request.if_none_match, etag)) {
    office_.replies.write(out, call, {304, content::kJson, fields_of(etag)}, {});
    return Step::kReplied;
  }
  body.append("],\"has_more\":").append(more ? "true" : "false");
  body.append(",\"server_time\":\"").append(office_.time_text(now)).append("\"}");
  office_.replies.write(out, call, {200, content::kJson, fields_of(etag)}, body);
  return Step::kReplied;
}

Step SaleCalls::reply_sale(Call& call, unsigned status, std::string& out) {
  const SaleView* sale = office_.ledger().sale(call.buy.sale);
  if (sale == nullptr) return unknown(call, out);
  const RawTime now = raw_now();
  std::string& body = office_.desk;
  body.clear();
  append_sale(body, *sale, now);
  body.pop_back();
  body.append(",\"server_time\":\"").append(office_.time_text(now)).append("\"}");
  std::string fields = fields_of(etag_of(*sale, now));
  if (status == 201)
    fields.append("Location: /api/v1/sales/").append(sale->terms.name.view()).append("\r\n");
  office_.replies.write(out, call, {status, content::kJson, fields}, body);
  return Step::kReplied;
}

Step SaleCalls::unknown(Call& call, std::string& out) {
  return refuse(call, problem_of(Outcome::kUnknownSale), {.detail = "There is no such sale."}, out);
}

Step SaleCalls::refuse(Call& call, const Problem& what, const ProblemMore& more, std::string& out) {
  return problem(office_, call, out, what, more);
}

// ---- Changed ----

Step SaleCalls::create(Call& call, const Request& request, std::string& out) {
  if (const auto why = office_.json.read(request.body))
    return refuse(call, why->problem, {.detail = why->detail}, out);
  Fields fields(office_.json.fields());
  const auto name = fields.token<SaleName>("id");
  const SaleFields wanted = take_fields(fields);
  fields.require(name.has_value(), "id");
  fields.require(wanted.stock.has_value(), "stock");
  SaleTerms terms;
  terms.starts_at = raw_now();
  apply_fields(wanted, terms);
  if (terms.starts_at >= terms.ends_at) fields.wrong("ends_at", "must be after starts_at");
  if (terms.price_minor > 0 && terms.currency.empty()) fields.wrong("currency", "is needed");
  if (const auto wrong = fields.wrong())
    return refuse(call, wrong->problem, {.detail = wrong->detail, .members = wrong->members}, out);
  terms.name = *name;
  terms.version = 1;
  if (!wanted.orders_max) terms.orders_max = default_orders_max(terms.stock);
  terms.uid = SaleUid{new_uid()};
  office_.options.random(std::as_writable_bytes(std::span(terms.secret.bytes)));
  call.lane = std::make_unique<CallLane>();
  call.lane->wish.verb = SaleVerb::kCreate;
  call.buy.sale = *name;
  return office_.put(call, SaleAsk{terms});
}

std::uint32_t SaleCalls::new_uid() {
  std::uint32_t uid = 0;
  while (uid == 0 || office_.ledger().sale(SaleUid{uid}) != nullptr)
    office_.options.random(std::as_writable_bytes(std::span(&uid, 1)));
  return uid;
}

Step SaleCalls::change(Call& call, const Request& request, const Routed& to, std::string& out) {
  const auto name = SaleName::from(to.name);
  if (!name) return unknown(call, out);
  call.lane = std::make_unique<CallLane>();
  call.lane->wish.verb = to.route == Route::kSale ? SaleVerb::kPatch : to.verb;
  call.buy.sale = *name;
  members_.clear();
  if (const auto why = read_if_match(request, call.lane->wish))
    return refuse(call, why->problem, {.detail = why->detail, .sale = name->view()}, out);
  if (const auto why = read_wish(request, *call.lane))
    return refuse(call, why->problem, {.detail = why->detail, .members = members_}, out);
  return propose(call, out);
}

std::optional<Refusal> SaleCalls::read_if_match(const Request& request, SaleWish& wish) {
  const bool counts = wish.verb == SaleVerb::kRestock || wish.verb == SaleVerb::kWithdraw;
  const auto match = request.has_if_match ? if_match_from(request.if_match) : IfMatch{.any = true};
  if (!match) return Refusal{problems::kPrecondition, "If-Match is no ETag of a sale."};
  if (counts && match->any)
    return Refusal{problems::kPreconditionMissing,
                   "Twice is not once here: send If-Match with the ETag that you saw."};
  if (!match->any) wish.if_match = match->version;
  return std::nullopt;
}

std::optional<Refusal> SaleCalls::read_wish(const Request& request, CallLane& lane) {
  SaleWish& wish = lane.wish;
  const bool counts = wish.verb == SaleVerb::kRestock || wish.verb == SaleVerb::kWithdraw;
  const bool needs_body = counts || wish.verb == SaleVerb::kPatch;
  if (request.body.empty() && !needs_body) return std::nullopt;
  if (const auto why = office_.json.read(request.body)) return why;
  Fields fields(office_.json.fields());
  if (wish.verb == SaleVerb::kPatch) wish.fields = take_fields(fields);
  if (counts) {
    const auto units = fields.count("units", 1, kStockMax);
    fields.require(units.has_value(), "units");
    wish.units = units.value_or(0);
  }
  auto wrong = fields.wrong();
  if (!wrong) return std::nullopt;
  members_ = std::move(wrong->members);
  return Refusal{wrong->problem, wrong->detail};
}

Step SaleCalls::propose(Call& call, std::string& out) {
  const SaleView* sale = office_.ledger().sale(call.buy.sale);
  const WishedTerms wanted =
      sale == nullptr ? AlreadySo{} : terms_after(call.lane->wish, *sale, raw_now());
  if (const auto* terms = std::get_if<SaleTerms>(&wanted))
    return office_.put(call, SaleAsk{*terms});
  // Nothing is to be recorded, by what this node knows: that may be old (A2).
  if (!std::exchange(call.lane->looked, true))
    return office_.put(call, SaleLookAsk{call.buy.sale, /*to_change=*/true});
  if (const auto* why = std::get_if<Refusal>(&wanted))
    return refuse(call, why->problem, {.detail = why->detail, .sale = call.buy.sale.view()}, out);
  return reply_sale(call, 200, out);
}

Step SaleCalls::reply(Call& call, std::string& out) {
  const SaleWish& wish = call.lane->wish;
  const Outcome outcome = call.verdict.outcome;
  if (outcome == Outcome::kSaleAccepted)
    return reply_sale(call, wish.verb == SaleVerb::kCreate ? 201 : 200, out);
  if (outcome == Outcome::kFound) return propose(call, out);
  if (outcome == Outcome::kVersionConflict) {
    if (wish.if_match)
      return refuse(call, problems::kPrecondition,
                    {.detail = "Another change came first.", .sale = call.buy.sale.view()}, out);
    if (++call.lane->tries <= kTriesMax) return propose(call, out);
    return refuse(call, problems::kBusy,
                  {.detail = "Other changes keep coming first.", .sale = call.buy.sale.view()},
                  out);
  }
  return refuse(call, problem_of(outcome),
                {.detail = why_not(outcome, wish.verb), .sale = call.buy.sale.view()}, out);
}

}  // namespace seckill
