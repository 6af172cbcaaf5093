#include "drill/wire.h"

#include <charconv>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <utility>

namespace seckill {
namespace {

std::string excerpt(std::string_view body) {
  std::string text(body.substr(0, 120));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string reason_of(const Reply& reply) {
  return fmt::format("{} {}", reply.status, excerpt(reply.body));
}

struct CodeTold {
  std::string_view code;
  Told told;
};
// The codes of problem+json that a shopper may meet (experience.md, HTTP API).
constexpr CodeTold kCodes[] = {
    {"sold-out", Told::kSoldOut},
    {"limit-reached", Told::kLimit},
    {"not-started", Told::kNotStarted},
    {"sale-closed", Told::kClosed},
    {"sale-paused", Told::kPaused},
    {"sale-full", Told::kFull},
    {"busy", Told::kBusy},
    {"outcome-unknown", Told::kUnknown},
};

Told of_status(std::uint16_t status) {
  if (status == 503) return Told::kUnknown;  // not said what: it may have been recorded
  if (status == 429) return Told::kBusy;
  return status >= 400 && status < 500 ? Told::kRefused : Told::kError;
}

Heard heard_api(const Reply& reply) {
  Heard heard;
  if (reply.status == 201 || reply.status == 200) {
    heard.order = json_text(reply.body, "id");
    const std::string_view state = json_text(reply.body, "state");
    if (heard.order.empty()) {
      heard.reason = "won without an order id: " + reason_of(reply);
    } else {
      heard.told = state == "cancelled" || state == "expired" ? Told::kEnded : Told::kWon;
    }
    return heard;
  }
  heard.told = of_status(reply.status);
  const std::string_view code = json_text(reply.body, "code");
  for (const CodeTold& known : kCodes) {
    if (known.code == code) heard.told = known.told;
  }
  if (is_error(heard.told) || heard.told == Told::kBusy) {
    heard.reason = code.empty() ? reason_of(reply) : fmt::format("{} {}", reply.status, code);
  }
  return heard;
}

// "[17]", as the demo prints its JSON.
std::optional<std::int32_t> units_left(std::string_view body) {
  if (body.size() < 3 || body.front() != '[' || body.back() != ']') return std::nullopt;
  std::int32_t left = 0;
  const auto [end, error] = std::from_chars(body.data() + 1, body.data() + body.size() - 1, left);
  if (error != std::errc() || end != body.data() + body.size() - 1) return std::nullopt;
  return left;
}

Heard heard_demo(const Reply& reply) {
  Heard heard;
  if (reply.status != 200) {
    heard.told = of_status(reply.status);
    heard.reason = reason_of(reply);
  } else if (const auto left = units_left(reply.body)) {
    heard.told = Told::kWon;
    heard.left = *left;
  } else if (reply.body == "sold out!") {
    heard.told = Told::kSoldOut;
  } else {
    heard.reason = "not the demo's wire: " + reason_of(reply);
  }
  return heard;
}

}  // namespace

std::string Address::authority() const {
  const bool six = host.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Address> address_from(std::string_view url) {
  const auto bad = [url](std::string_view why) {
    return fail(Error::Code::kInvalid,
                fmt::format("drill: {}: {}; write it as http://host:port/path", url, why));
  };
  if (url.starts_with("https://")) return bad("TLS is not played; use a plain http port");
  if (!url.starts_with("http://")) return bad("not a http URL");
  std::string_view rest = url.substr(7);
  Address address;
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    address.path = rest.substr(slash, rest.find('#') - slash);
    rest = rest.substr(0, slash);
  }
  for (const char c : address.path) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '"') {
      return bad("blank or quote in the path");
    }
  }
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc() || end != port.data() + port.size() || address.port == 0) {
      return bad("not a port");
    }
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty() || rest.find_first_of("@ \t\r\n[]") != std::string_view::npos) {
    return bad("no host");
  }
  address.host = rest;
  return address;
}

Wire::Wire(Address address, bool keyed) : address_(std::move(address)), keyed_(keyed) {}

Wire Wire::api(Address server, std::string_view sale) {
  server.path = fmt::format("/api/v1/sales/{}/orders", sale);
  Wire wire(std::move(server), true);
  const std::string host = wire.address_.authority();
  wire.head_ = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nIdempotency-Key: ",
      wire.address_.path, host);
  wire.warm_up_ = fmt::format("GET /api/v1/sales/{} HTTP/1.1\r\nHost: {}\r\n\r\n", sale, host);
  return wire;
}

Wire Wire::demo(Address url) {
  Wire wire(std::move(url), false);
  const std::string host = wire.address_.authority();
  wire.head_ = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n",
                           wire.address_.path, host);
  wire.warm_up_ = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", wire.address_.path, host);
  return wire;
}

void Wire::request(std::string_view buyer, std::string_view key, std::string& into) const {
  into = head_;
  if (!keyed_) return;
  constexpr std::string_view kBefore = R"({"buyer":")", kAfter = R"(","quantity":1})";
  fmt::format_to(std::back_inserter(into), "{}\r\nContent-Length: {}\r\n\r\n{}{}{}", key,
                 kBefore.size() + buyer.size() + kAfter.size(), kBefore, buyer, kAfter);
}

Heard Wire::heard(const Reply& reply) const {
  return keyed_ ? heard_api(reply) : heard_demo(reply);
}

}  // namespace seckill
