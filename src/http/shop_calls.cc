#include "http/shop_calls.h"

#include <array>
#include <fmt/format.h>
#include <utility>

#include "http/door.h"
#include "http/json_out.h"
#include "http/order_json.h"
#include "http/query.h"
#include "http/sale_json.h"
#include "http/shop_view.h"

namespace seckill {
namespace {

using std::string_view;
using Slot = std::pair<string_view, string_view>;

// What a page may be told by the one before it; anything else is left out.
constexpr std::array<string_view, 11> kSaid{"missed",      "busy",   "unknown", "no-cookie",
                                            "order-state", "refund", "applied", "payment-id-reused",
                                            "limit",       "full",   "none"};

string_view said_of(const Request& request) {
  string_view said;
  each_pair(request.query, [&](string_view name, string_view value) {
    for (const string_view word : kSaid) {
      if (name == "said" && value == word) said = word;
    }
    return true;
  });
  return said;
}

// In a word for the page that follows; nothing: the page says it by itself.
string_view word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSoldOut: return "missed";
    case Outcome::kBusy: return "busy";
    case Outcome::kUnsure:
    case Outcome::kLate: return "unknown";
    case Outcome::kLimitReached: return "limit";
    case Outcome::kSaleFull: return "full";
    case Outcome::kPaid: return "applied";
    case Outcome::kRefund: return "refund";
    case Outcome::kPaymentReused: return "payment-id-reused";
    case Outcome::kOrderState: return "order-state";
    case Outcome::kUnknownOrder: return "none";
    default: return {};
  }
}

std::string joined(const std::vector<std::uint32_t>& units) {
  std::string text;
  for (const std::uint32_t unit : units)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", unit);
  return text;
}

std::string text_of(RawTime at) {
  std::string text;
  append_time(text, at);
  return text;
}

constexpr std::size_t kFrontSales = 50;

// For people whose browser runs no script that would put it into their own time.
std::string read_aloud(std::string_view rfc3339) {
  if (rfc3339.empty()) return {};
  return fmt::format("{} {} UTC", rfc3339.substr(0, 10), rfc3339.substr(11, 8));
}

string_view key_text(const std::optional<Key>& key) { return key ? key->view() : ""; }

// `key`, and for the till which payment: "1" or "2".
struct Form {
  std::optional<Key> key;
  string_view payment = "1";
  bool fits = true;
};
Form form_of(string_view body) {
  Form form;
  form.fits = each_pair(body, [&](string_view name, string_view value) {
    if (name == "key") return (form.key = Key::from(value)).has_value();
    form.payment = value;
    return name == "payment" && (value == "1" || value == "2");
  });
  return form;
}

}  // namespace

const SaleView* ShopCalls::sale_of(string_view name) const {
  const auto known = SaleName::from(name);
  return known ? office_.ledger().sale(*known) : nullptr;
}

bool ShopCalls::is_till_here(const Request& request) const {
  return !may_enter(request, office_.options, office_.loopback, Need::kTill);
}

Step ShopCalls::lost(Call& call, const Request& request, std::string& out) {
  const Visitor visitor = visitor_of(request);
  return write(call, site_.lost(visitor.language), {}, 404, visitor, out);
}

Step ShopCalls::write(Call& call, const PageText& page, PageText::Slots slots, unsigned status,
                      const Visitor& visitor, std::string& out) {
  office_.desk.clear();
  page.append(office_.desk, slots);
  return write(call, status, visitor, out);
}

// What lies on the desk.
Step ShopCalls::write(Call& call, unsigned status, const Visitor& visitor, std::string& out) {
  office_.fields.assign(kPageFields).append("Cache-Control: no-store\r\nVary: Cookie\r\n");
  office_.fields += visitor.set_cookies;
  office_.replies.write(out, call, {status, content::kHtml, office_.fields}, office_.desk);
  return Step::kReplied;
}

// Where a form's answer is to be read: reloading it asks for nothing again.
Step ShopCalls::see(Call& call, string_view where, string_view said, std::string& out) {
  office_.fields = fmt::format("Location: {}{}{}\r\nCache-Control: no-store\r\n", where,
                               said.empty() ? "" : "?said=", said);
  office_.replies.write(out, call, {303, content::kText, office_.fields}, "");
  return Step::kReplied;
}

// ---- Shown ----

Step ShopCalls::page(Call& call, const Request& request, string_view name, std::string& out) {
  const SaleView* found = sale_of(name);
  if (found == nullptr) return lost(call, request, out);
  const SaleView& sale = *found;
  const RawTime now = raw_now();
  const Visitor visitor = visitor_of(request, office_.options.random);
  const ShopView view = shop_view_of(office_.ledger(), sale, visitor.buyer, now);
  const Order* order = view.order;
  const string_view said = said_of(request);
  const SaleTerms& terms = sale.terms;
  const std::string units = joined(view.units);
  const std::string starts = text_of(terms.starts_at);
  const std::string now_ms = std::to_string(now.ms);
  const std::string due = order != nullptr && view.view == "held"
                              ? text_of(now + (order->due - office_.ledger().clock_at(now)))
                              : "";
  const std::string starts_read = read_aloud(starts), due_read = read_aloud(due);
  const std::string price = price_text(terms.price_minor, terms.currency.view());
  const std::string per_buyer = terms.per_buyer == 0 ? "" : std::to_string(terms.per_buyer);
  const std::string left = std::to_string(sale.available());
  const std::string stock = std::to_string(terms.stock - terms.withdrawn);
  const string_view title = terms.title.empty() ? terms.name.view() : terms.title.view();
  const std::array slots{
      Slot{"view", view.view},
      Slot{"note", said.empty() ? view.note : said},
      Slot{"more", view.more ? "yes" : "no"},
      Slot{"off", view.more || view.view == "open" ? "" : "disabled"},
      Slot{"sale", terms.name.view()},
      Slot{"title", title},
      Slot{"price", price},
      Slot{"per_buyer", per_buyer},
      Slot{"left", left},
      Slot{"stock", stock},
      Slot{"starts_at", starts},
      Slot{"starts", starts_read},
      Slot{"due_at", due},
      Slot{"due", due_read},
      Slot{"units", units},
      Slot{"key", key_text(view.key)},
      Slot{"order_key", key_text(view.order_key)},
      Slot{"till", is_till_here(request) ? "yes" : "no"},
      Slot{"server_ms", now_ms},
  };
  return write(call, site_.shop(visitor.language), slots, 200, visitor, out);
}

Step ShopCalls::mine(Call& call, const Request& request, string_view name, std::string& out) {
  const SaleView* sale = sale_of(name);
  if (sale == nullptr)
    return problem(office_, call, out, problem_of(Outcome::kUnknownSale),
                   {.detail = "There is no such sale."});
  const RawTime now = raw_now();
  const Visitor visitor = visitor_of(request);
  const ShopView view = shop_view_of(office_.ledger(), *sale, visitor.buyer, now);
  std::string& body = office_.desk;
  body.clear();
  JsonObject json(body);
  json.token("view", view.view).token("note", view.note).truth("more", view.more);
  json.token("key", key_text(view.key)).token("order_key", key_text(view.order_key));
  json.truth("known", visitor.buyer.has_value()).number("server_ms", now.ms);
  json.text("units", joined(view.units));
  append_sale(json.key("sale"), *sale, now);
  if (view.order != nullptr) append_order(json.key("order"), office_, *view.order);
  json.end();
  office_.replies.write(out, call,
                        {200, content::kJson, "Cache-Control: no-store\r\nVary: Cookie\r\n"}, body);
  return Step::kReplied;
}

Step ShopCalls::till(Call& call, const Request& request, string_view name, std::string& out) {
  const SaleView* sale = sale_of(name);
  if (sale == nullptr) return lost(call, request, out);
  const SaleTerms& terms = sale->terms;
  const Visitor visitor = visitor_of(request);
  // An order that has ended is shown here, too: money may come late.
  Key key = *page_key(1);
  const Order* order = nullptr;
  for (std::uint32_t n = 1; visitor.buyer && n <= kOrdersPerBuyerMax; ++n) {
    const Key at = *page_key(n);
    const Order* found = office_.ledger().find(order_id_of(terms, *visitor.buyer, at));
    if (found == nullptr) break;
    order = found, key = at;
    if (found->state == OrderState::kHeld) break;
  }
  const bool here = is_till_here(request);
  const std::string price =
      price_text(terms.price_minor * (order ? order->quantity : 1), terms.currency.view());
  const string_view title = terms.title.empty() ? terms.name.view() : terms.title.view();
  const std::array slots{
      Slot{"view", !here              ? "elsewhere"
                   : order == nullptr ? "none"
                                      : to_text(order->state)},
      Slot{"note", said_of(request)},
      Slot{"sale", terms.name.view()},
      Slot{"title", title},
      Slot{"price", price},
      Slot{"key", key.view()},
  };
  return write(call, site_.till(visitor.language), slots, here ? 200 : 403, visitor, out);
}

// ---- Done ----

struct ShopCalls::Wish {
  const SaleTerms& terms;
  Buyer buyer;
  Key key;
  string_view payment;
};

std::optional<ShopCalls::Wish> ShopCalls::wish(Call& call, const Request& request, string_view name,
                                               std::string& out) {
  const SaleView* sale = sale_of(name);
  if (sale == nullptr) {
    lost(call, request, out);
    return std::nullopt;
  }
  const SaleTerms& terms = sale->terms;
  const auto buyer = visitor_of(request).buyer;
  const Form form =
      request.has_key ? Form{Key::from(request.idempotency_key)} : form_of(request.body);
  if (!form.key || !form.fits) {
    problem(office_, call, out, problems::kKeyMissing,
            {.detail = "The page has it: load it again.", .sale = terms.name.view()});
  } else if (!buyer && request.has_key) {
    problem(
        office_, call, out, problems::kCookieMissing,
        {.detail = "Allow cookies for this page, and load it again.", .sale = terms.name.view()});
  } else if (!buyer) {
    see(call, fmt::format("/s/{}", name), "no-cookie", out);
  } else {
    call.buy = {terms.name, *buyer, *form.key, 1, false};
    if (!request.has_key) {
      call.lane = std::make_unique<CallLane>();
      call.lane->form = true;
    }
    return Wish{terms, *buyer, *form.key, form.payment};
  }
  return std::nullopt;
}

Step ShopCalls::buy(Call& call, const Request& request, string_view name, std::string& out) {
  const auto wanted = wish(call, request, name, out);
  return wanted ? office_.put(call, call.buy) : Step::kReplied;
}

Step ShopCalls::give_back(Call& call, const Request& request, string_view name, std::string& out) {
  const auto wanted = wish(call, request, name, out);
  if (!wanted) return Step::kReplied;
  return office_.put(call, CancelAsk{order_id_of(wanted->terms, wanted->buyer, wanted->key)});
}

Step ShopCalls::pay(Call& call, const Request& request, string_view name, std::string& out) {
  const auto wanted = wish(call, request, name, out);
  if (!wanted) return Step::kReplied;
  const OrderId id = order_id_of(wanted->terms, wanted->buyer, wanted->key);
  const Order* order = office_.ledger().find(id);
  const std::uint32_t quantity = order == nullptr ? 1 : order->quantity;
  const auto payment = PaymentId::from(fmt::format("till-{}-{}", to_text(id), wanted->payment));
  return office_.put(call, PayAsk{id, *payment, wanted->terms.price_minor * quantity});
}

void ShopCalls::reply(Call& call, std::string& out) {
  const bool form = call.lane && call.lane->form;
  if (!form)
    return call.route == Route::kShopBuy ? claims_.reply(call, out) : orders_.reply(call, out);
  if (call.route == Route::kShopBuy)
    claims_.count(call, office_.ledger().sale(call.buy.sale))
        .decision.add(steady_now() - call.began);
  see(call, fmt::format("/s/{}{}", call.buy.sale.view(), call.route == Route::kTill ? "/till" : ""),
      word_of(call.verdict.outcome), out);
}

// ---- The way in, and files ----

Step ShopCalls::front(Call& call, const Request& request, std::string& out) {
  const Visitor visitor = visitor_of(request);
  const FrontPage& front = site_.front(visitor.language);
  const RawTime now = raw_now();
  std::string& page = office_.desk;
  page.clear();
  front.head.append(page, {});
  std::size_t shown = 0;
  const auto sales = office_.ledger().sales();
  for (const SaleView* sale : sales) {
    if (shown == kFrontSales) break;
    ++shown;
    const SaleTerms& terms = sale->terms;
    const std::string left = std::to_string(sale->available());
    const std::string stock = std::to_string(terms.stock - terms.withdrawn);
    front.row.append(
        page,
        std::array{Slot{"sale", terms.name.view()},
                   Slot{"title", terms.title.empty() ? terms.name.view() : terms.title.view()},
                   Slot{"view", shop_view_of(office_.ledger(), *sale, {}, now).view},
                   Slot{"left", left}, Slot{"stock", stock}});
  }
  front.tail.append(page, std::array{Slot{"more", shown == 0             ? "none"
                                                  : shown < sales.size() ? "cut"
                                                                         : "no"}});
  return write(call, 200, visitor, out);
}

Step ShopCalls::asset(Call& call, const Request& request, string_view name, std::string& out) {
  const Site::Asset* asset = site_.asset(name);
  if (asset == nullptr) return problem(office_, call, out, problems::kNotFound);
  office_.replies.write(out, call, takes_gzip(request) ? asset->packed : asset->plain, {});
  return Step::kReplied;
}

Step ShopCalls::ops(Call& call, const Request& request, std::string& out) {
  const Site::Asset& page = site_.ops();
  const bool same = request.if_none_match.find(page.etag) != string_view::npos;
  office_.replies.write(out, call,
                        same                  ? page.same
                        : takes_gzip(request) ? page.packed
                                              : page.plain,
                        {});
  return Step::kReplied;
}

}  // namespace seckill
