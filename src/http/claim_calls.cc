#include "http/claim_calls.h"

#include <fmt/format.h>

#include "http/fields.h"
#include "http/json_out.h"
#include "http/order_json.h"

namespace seckill {
namespace {

constexpr std::string_view kSoldOutText = "sold out!";

// What a refusal's text is made from: when this changes, it is made again.
std::uint64_t figures_of(const SaleView& sale) {
  const auto sold_out = static_cast<std::uint64_t>(sale.available() == 0 ? sale.sold_out_at.ms : 0);
  return sold_out * 0x9e3779b97f4a7c15ULL + sale.terms.version + 1;
}

std::string detail_of(Outcome outcome, const SaleView& sale) {
  const SaleTerms& terms = sale.terms;
  switch (outcome) {
    case Outcome::kSoldOut: {
      if (sale.available() > 0)
        return "Fewer are left than were asked for, or others are being served with them.";
      std::string text = fmt::format("All {} were sold by ", terms.stock - terms.withdrawn);
      append_time(text, sale.sold_out_at);
      return text + ".";
    }
    case Outcome::kLimitReached:
      if (terms.per_buyer == 0)
        return fmt::format("A buyer may have {} orders of a sale, ever.", kOrdersPerBuyerMax);
      return fmt::format("At most {} for one buyer, and {} orders ever.", terms.per_buyer,
                         kOrdersPerBuyerMax);
    case Outcome::kNotStarted: return "The sale has not started.";
    case Outcome::kPaused: return "The sale is paused.";
    case Outcome::kClosed: return "The sale is over.";
    case Outcome::kSaleFull: return "The sale has granted as many orders as it may keep in memory.";
    case Outcome::kKeyReused: return "This Idempotency-Key was used for another body.";
    case Outcome::kBusy: return "Nothing was recorded. Ask again with the same key.";
    default: return {};
  }
}

std::string members_of(Outcome outcome, const SaleView& sale) {
  if (outcome != Outcome::kNotStarted) return {};
  std::string members = "\"starts_at\":\"";
  append_time(members, sale.terms.starts_at);
  return members + "\"";
}

// On the demo's wire a sale that is not ready is never "sold out!": it is not there, or not now.
Problem demo_problem_of(Outcome outcome) {
  Problem problem = problem_of(outcome);
  if (outcome == Outcome::kNotStarted || outcome == Outcome::kPaused) problem.status = 503;
  return problem;
}

}  // namespace

ClaimCalls::ClaimCalls(Office& office)
    : office_(office),
      nobody_(fmt::format("anon-{:016x}-", office.options.nonce)),
      only_key_(*Key::from("1")),
      sold_out_(office.replies.make_ready({200, content::kHtml, {}}, kSoldOutText,
                                          kSoldOutText.size())) {}

Step ClaimCalls::ask_demo(Call& call) {
  if (office_.backstage.demo != nullptr) {
    call.buy.anonymous = true;
    return office_.put(call, *office_.backstage.demo);
  }
  const fmt::format_int number(++office_.anonymous);
  std::string& name = office_.desk;
  name.assign(nobody_).append(number.data(), number.size());
  call.buy = {office_.options.demo_sale, *Buyer::from(name), only_key_, 1, true};
  return office_.put(call, call.buy);
}

Step ClaimCalls::ask(Call& call, const Request& request, std::string_view sale, std::string& out) {
  if (const auto why = read(call, request, sale)) {
    if (why->problem.status == 404)
      ++office_.metrics.front(SaleUid{0}).attempts[static_cast<std::size_t>(Outcome::kUnknownSale)];
    return problem(office_, call, out, why->problem, {.detail = why->detail, .members = members_});
  }
  return office_.put(call, call.buy);
}

std::optional<Refusal> ClaimCalls::read(Call& call, const Request& request, std::string_view sale) {
  members_.clear();
  const auto name = SaleName::from(sale);
  if (!name) return Refusal{problem_of(Outcome::kUnknownSale), "There is no such sale."};
  if (!request.has_key)
    return Refusal{problems::kKeyMissing,
                   "Send an Idempotency-Key of your choice, and the same one "
                   "when you ask again."};
  const auto key = Key::from(request.idempotency_key);
  if (!key)
    return Refusal{problems::kIdentifier, "Idempotency-Key must be 1 to 64 of A-Z a-z 0-9 _ -"};
  if (const auto why = office_.json.read(request.body)) return why;
  Fields fields(office_.json.fields());
  const auto buyer = fields.token<Buyer>("buyer");
  const auto quantity = fields.count("quantity", 1, kQuantityMax);
  fields.require(buyer.has_value(), "buyer");
  if (auto wrong = fields.wrong()) {
    members_ = std::move(wrong->members);
    return Refusal{wrong->problem, wrong->detail};
  }
  call.buy = {*name, *buyer, *key, quantity.value_or(1), false};
  return std::nullopt;
}

SaleFront& ClaimCalls::count(const Call& call, const SaleView* sale) {
  SaleFront& front = office_.metrics.front(sale == nullptr ? SaleUid{0} : sale->terms.uid);
  ++front.attempts[static_cast<std::size_t>(call.verdict.outcome)];
  front.admitted += call.waited ? 1 : 0;
  return front;
}

void ClaimCalls::reply(Call& call, std::string& out) {
  const SaleUid uid = call.verdict.order.sale();  // found sooner than a name, where there is one
  const Ledger& ledger = office_.ledger();
  const SaleView* sale = uid == SaleUid{} ? ledger.sale(call.buy.sale) : ledger.sale(uid);
  SaleFront& front = count(call, sale);
  write_reply(call, front, sale, out);
  front.decision.add(office_.replies.last_took());  // its verdict had just come
}

void ClaimCalls::write_reply(Call& call, SaleFront& front, const SaleView* sale, std::string& out) {
  if (call.verdict.outcome == Outcome::kUnsure || call.verdict.outcome == Outcome::kLate)
    return reply_unknown(call, sale, out);
  if (call.buy.anonymous && call.verdict.outcome == Outcome::kSoldOut) return reply_demo(call, out);
  if (!call.verdict.gives()) return refuse(call, front, sale, out);
  call.buy.anonymous ? reply_demo(call, out) : reply_order(call, out);
}

void ClaimCalls::reply_demo(Call& call, std::string& out) {
  if (!call.verdict.gives()) return office_.replies.write(out, call, sold_out_, {});
  const fmt::format_int left(call.verdict.left);
  std::string& body = office_.desk;
  body.assign("[").append(left.data(), left.size()).append("]");
  office_.replies.write(out, call, {200, content::kJson}, body);
}

void ClaimCalls::reply_order(Call& call, std::string& out) {
  const bool replayed = call.verdict.outcome == Outcome::kReplayed;
  std::string& body = office_.desk;
  body.clear();
  append_order(body, office_, call.verdict.order, call.buy);
  std::string& fields = office_.fields;
  fields.assign("Location: /api/v1/orders/").append(to_text(call.verdict.order)).append("\r\n");
  if (replayed) fields += "Idempotent-Replayed: true\r\n";
  office_.replies.write(out, call, {replayed ? 200U : 201U, content::kJson, fields}, body);
}

// The text of a refusal is made once and sent again and again, until its figures change.
void ClaimCalls::refuse(Call& call, SaleFront& front, const SaleView* sale, std::string& out) {
  const Outcome outcome = call.verdict.outcome;
  const Problem what = problem_of(outcome);
  if (sale == nullptr || call.buy.anonymous || what.status == 503)
    return refuse_plainly(call, sale, out);
  auto& ready = front.refusals[static_cast<std::size_t>(outcome)];
  if (!ready) ready = std::make_unique<SaleFront::Refused>();
  std::string& desk = office_.desk;
  desk.clear();
  if (const std::uint64_t figures = figures_of(*sale); ready->figures != figures) {
    append_problem(desk, what,
                   {.detail = detail_of(outcome, *sale),
                    .sale = sale->terms.name.view(),
                    .members = members_of(outcome, *sale)});
    ready->reply = office_.replies.make_ready({what.status, content::kProblem, {}}, desk,
                                              desk.size() + kProblemRest);
    ready->figures = figures;
    desk.clear();
  }
  append_problem_rest(desk, office_, call);
  office_.replies.write(out, call, ready->reply, desk);
}

void ClaimCalls::refuse_plainly(Call& call, const SaleView* sale, std::string& out) {
  const Outcome outcome = call.verdict.outcome;
  const std::string_view name = call.buy.sale.view();
  std::string detail = sale == nullptr ? "There is no such sale." : detail_of(outcome, *sale);
  if (office_.backstage.demo != nullptr)
    detail = outcome == Outcome::kNotStarted ? "There is no counter: nothing is on sale."
                                             : "Nothing was recorded. Come back.";
  else if (call.buy.anonymous && sale == nullptr)
    detail = fmt::format(
        "This URL sells the sale `{0}`, which is not there: seckill sale create {0} --stock 100",
        name);
  if (outcome == Outcome::kNotAnonymous)
    detail =
        "This URL sells to nobody in particular, so its sale may have no limit per buyer and no "
        "hold: use POST /api/v1/sales/{sale}/orders.";
  const Problem what = call.buy.anonymous ? demo_problem_of(outcome) : problem_of(outcome);
  reply_problem(office_, call, out, what, {.detail = detail, .sale = name});
}

// Nobody knows yet; whoever asks again with the same key will (I11).
void ClaimCalls::reply_unknown(Call& call, const SaleView* sale, std::string& out) {
  if (sale == nullptr || call.buy.anonymous)
    return reply_problem(
        office_, call, out, problems::kUnknownOutcome,
        {.detail = "It may or may not have been sold.", .sale = call.buy.sale.view()});
  const OrderId id = claim_of(call.buy, sale->terms).order;
  reply_problem(office_, call, out, problems::kUnknownOutcome,
                {.detail = "It may or may not have been recorded. Ask again with the same key, or "
                           "read the order.",
                 .sale = sale->terms.name.view(),
                 .fields = fmt::format("Location: /api/v1/orders/{}\r\n", to_text(id))});
}

}  // namespace seckill
