#include <fmt/format.h>
#include <iterator>

#include "journal/verify.h"
#include "model/codec.h"

namespace seckill {
namespace {

// A title may hold a quote or a backslash; no other text of ours can.
std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json + '"';
}

const char* to_text(Standing standing) {
  switch (standing) {
    case Standing::kActive: return "active";
    case Standing::kPaused: return "paused";
    case Standing::kClosed: return "closed";
    case Standing::kRetired: return "retired";
  }
  return "?";
}

struct BodyAsJson {
  std::string& line;

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) const {
    fmt::format_to(std::back_inserter(line), format, std::forward<Args>(args)...);
  }

  void operator()(const SaleRecord& sale) const {
    const SaleTerms& t = sale.terms;
    add(R"("kind":"SALE","sale":{},"version":{},"name":{},"title":{},"secret":"***",)",
        static_cast<std::uint32_t>(t.uid), t.version, quoted(t.name.view()),
        quoted(t.title.view()));
    add(R"("stock":{},"withdrawn":{},"per_buyer":{},"orders_max":{},"price_minor":{},)", t.stock,
        t.withdrawn, t.per_buyer, t.orders_max, t.price_minor);
    add(R"("currency":{},"starts_at":{},"ends_at":)", quoted(t.currency.view()), t.starts_at.ms);
    if (t.ends_at == kNoEnd) {
      add("null");
    } else {
      add("{}", t.ends_at.ms);
    }
    add(R"(,"hold_ms":{},"standing":"{}")", t.hold_ms, to_text(t.standing));
  }
  void operator()(const Reserve& r) const {
    add(R"("kind":"RESERVE","sale":{},"order":"{}","buyer":{},"key":{},)",
        static_cast<std::uint32_t>(r.sale), seckill::to_text(r.order), quoted(r.buyer.view()),
        quoted(r.key.view()));
    add(R"("body":"{:016x}","quantity":{},"asked_at":{})", r.body, r.quantity, r.asked_at.ms);
  }
  void operator()(const Pay& pay) const {
    add(R"("kind":"PAY","order":"{}","payment":{},"amount_minor":{})", seckill::to_text(pay.order),
        quoted(pay.payment.view()), pay.amount_minor);
  }
  void operator()(const Cancel& cancel) const {
    add(R"("kind":"CANCEL","order":"{}")", seckill::to_text(cancel.order));
  }
  void operator()(const Tick& tick) const {
    add(R"("kind":"TICK","rules":{},"at":{},"digest":"{:016x}","nonce":"{:016x}")",
        static_cast<std::uint16_t>(tick.rules), number(tick.position),
        static_cast<std::uint64_t>(tick.digest), tick.nonce);
  }
};

}  // namespace

std::string to_json_line(const Entry& entry) {
  const Origin& origin = entry.record.origin;
  std::string line =
      fmt::format(R"({{"position":{},"stamp":{},"node":"{:016x}","slot":{},"generation":{},)",
                  number(entry.position), entry.stamp.ms, static_cast<std::uint64_t>(origin.node),
                  origin.who.slot, origin.who.generation);
  if (entry.record == nothing_said() && !decode(entry.bytes)) {
    line += fmt::format(R"("kind":"STRANGER","bytes":{})", entry.bytes.size());
  } else {
    std::visit(BodyAsJson{line}, entry.record.body);
  }
  line += '}';
  return line;
}

}  // namespace seckill
