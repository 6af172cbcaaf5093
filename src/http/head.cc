#include "http/head.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional.hpp>
#include <charconv>
#include <string>

#include "http/control_bytes.h"

namespace seckill {
namespace {

namespace beast_http = boost::beast::http;
using std::string_view;

// RFC 9110's tchar without '_'.
constexpr std::array<bool, 256> kNameBytes = [] {
  std::array<bool, 256> bytes{};
  for (int c = 'a'; c <= 'z'; ++c) bytes[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) bytes[static_cast<std::size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) bytes[static_cast<std::size_t>(c)] = true;
  for (const char c : string_view("!#$%&'*+-.^`|~")) bytes[static_cast<unsigned char>(c)] = true;
  return bytes;
}();

bool is_field_line(string_view line) {
  const auto colon = line.find(':');
  if (colon == string_view::npos || colon == 0) return false;
  const string_view name = line.substr(0, colon);
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return kNameBytes[static_cast<unsigned char>(c)]; });
}

bool is_graphic(string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

constexpr std::size_t kMethodMax = 32;  // bytes; the longest registered one has 17

constexpr Refusal bad(string_view detail) { return {problems::kMalformedRequest, detail}; }
constexpr Refusal kLongUri{problems::kUriTooLong, "The request target is longer than allowed."};

bool iequals(string_view a, string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    if (x == y) return true;
    const int lower = x | 0x20;
    return (x ^ y) == 0x20 && lower >= 'a' && lower <= 'z';
  });
}
bool istarts_with(string_view text, string_view start) {
  return text.size() >= start.size() && iequals(text.substr(0, start.size()), start);
}

// reg-name, IPv4 or [IPv6], then perhaps a port. Percent-encoding has no business in ours.
bool is_host(string_view host) {
  if (host.empty() || host.size() > 255) return false;
  const bool six = host.front() == '[';
  const auto end = six ? host.find(']') : host.find(':');
  if (six && end == string_view::npos) return false;
  const string_view name = six ? host.substr(1, end - 1) : host.substr(0, end);
  const string_view rest =
      end == string_view::npos ? string_view{} : host.substr(six ? end + 1 : end);
  const auto fits = [six](char c) {
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (six) return hex || c == ':' || c == '.';
    return hex || (c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), fits)) return false;
  if (rest.empty()) return true;
  return rest.front() == ':' && rest.size() >= 2 && rest.size() <= 6 &&
         std::all_of(rest.begin() + 1, rest.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Method method_of(string_view word) {
  if (word == "POST") return Method::kPost;
  if (word == "GET") return Method::kGet;
  if (word == "HEAD") return Method::kHead;
  if (word == "PATCH") return Method::kPatch;
  return Method::kOther;
}

// Picks the fields we use; keeps nothing else. `refusal` ends the parse.
class Picker final : public beast_http::basic_parser<true> {
 public:
  Picker(Request& request, BodyPlan& body, const HttpLimits& limits)
      : request_(request), body_(body), limits_(limits) {
    skip(true);  // bodies are ours: Beast's chunks are laxer than T3
    header_limit(static_cast<std::uint32_t>(limits.uri_max + limits.head_max + 64));
    body_limit(boost::none);
  }

  std::optional<Refusal> refusal;
  string_view target;

 private:
  using View = boost::beast::string_view;
  using Code = boost::beast::error_code;

  void refuse(Code& error, const Refusal& why) {
    refusal = why;
    error = beast_http::error::bad_value;
  }
  // A field that may come once.
  void once(bool& seen, string_view value, string_view& to, Code& error) {
    if (seen) return refuse(error, bad("A header field came twice."));
    seen = true;
    to = value;
  }

  void on_request_impl(beast_http::verb, View method, View path, int version, Code&) override {
    request_.method = method_of({method.data(), method.size()});
    request_.http_1_0 = version == 10;
    target = {path.data(), path.size()};
  }

  void on_field_impl(beast_http::field field, View name, View value, Code& error) override {
    const string_view text{value.data(), value.size()};
    using enum beast_http::field;
    switch (field) {
      case host: return once(has_host_, text, request_.host, error);
      case content_length: return read_length(text, error);
      case transfer_encoding: return read_encoding(text, error);
      case expect: return read_expectation(text, error);
      case authorization:
        return once(request_.has_authorization, text, request_.authorization, error);
      case if_match: return once(request_.has_if_match, text, request_.if_match, error);
      case if_none_match: return once(has_none_match_, text, request_.if_none_match, error);
      case origin: return once(request_.has_origin, text, request_.origin, error);
      case unknown: return read_other({name.data(), name.size()}, text, error);
      default:
        if (istarts_with({name.data(), name.size()}, "forwarded")) request_.forwarded = true;
    }
  }

  void read_other(string_view name, string_view value, Code& error) {
    if (iequals(name, "idempotency-key"))
      return once(request_.has_key, value, request_.idempotency_key, error);
    if (istarts_with(name, "x-forwarded") || iequals(name, "forwarded")) request_.forwarded = true;
  }

  // Beast has read the value already, but it allows lists and signs of agreement; we do not (T1).
  void read_length(string_view value, Code& error) {
    if (has_length_ || body_.chunked) return refuse(error, bad("Content-Length is ambiguous."));
    has_length_ = true;
    std::uint64_t length = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (failed == std::errc::result_out_of_range ||
        (failed == std::errc{} && length > limits_.body_max))
      return refuse(error, {problems::kBodyTooLarge, "The body is larger than allowed."});
    if (failed != std::errc{} || end != value.data() + value.size())
      return refuse(error, bad("Content-Length is no number."));
    body_.length = length;
  }

  void read_encoding(string_view value, Code& error) {
    if (has_length_ || body_.chunked || request_.http_1_0 || !iequals(value, "chunked"))
      return refuse(error, bad("Transfer-Encoding may only be `chunked`, once, in HTTP/1.1."));
    body_.chunked = true;
  }

  void read_expectation(string_view value, Code& error) {
    if (!iequals(value, "100-continue"))
      return refuse(error, {problems::kExpectation, "Only `100-continue` can be expected."});
    body_.expects_continue = !request_.http_1_0;
  }

  void on_header_impl(Code& error) override {
    if (has_host_ ? !is_host(request_.host) : !request_.http_1_0)
      return refuse(error, bad("Host is missing or no host."));
    request_.keep_alive = keep_alive();
  }

  void on_response_impl(int, View, int, Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(View bytes, Code&) override { return bytes.size(); }
  void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, Code&) override { return bytes.size(); }
  void on_finish_impl(Code&) override {}

  Request& request_;
  BodyPlan& body_;
  const HttpLimits& limits_;
  bool has_host_ = false;
  bool has_length_ = false;
  bool has_none_match_ = false;
};

// "/path?query", or the same behind "http://host", which must then be the Host field's (T4).
std::optional<Refusal> split_target(string_view target, Request& request) {
  if (istarts_with(target, "http://")) {
    target.remove_prefix(7);
    const string_view authority = target.substr(0, target.find_first_of("/?"));
    if (!iequals(authority, request.host)) return bad("The target's host is not the Host field's.");
    target.remove_prefix(authority.size());
    if (target.empty()) target = "/";
  }
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  request.query = mark == string_view::npos ? string_view{} : target.substr(mark + 1);
  return std::nullopt;
}

}  // namespace

HeadScan::Found HeadScan::refuse(Problem problem, string_view detail) {
  refusal_ = {problem, detail};
  return Found::kRefused;
}

HeadScan::Found HeadScan::scan(string_view bytes, const HttpLimits& limits) {
  for (;;) {
    const string_view rest = bytes.substr(line_);
    const auto end = rest.find('\n');
    if (end == string_view::npos) {
      if (const auto why = unfinished(rest, limits)) return refuse(why->problem, why->detail);
      return Found::kMore;
    }
    if (end == 0 || rest[end - 1] != '\r')
      return refuse(problems::kMalformedRequest, "A line does not end in CRLF.");
    const string_view line = rest.substr(0, end - 1);
    if (has_control(line))
      return refuse(problems::kMalformedRequest, "There is a control character in the head.");
    if (fields_ == 0) {
      if (const auto why = request_line(line, limits)) return refuse(why->problem, why->detail);
    } else if (!line.empty() && !is_field_line(line)) {
      return refuse(problems::kMalformedRequest, "A header line is no `name: value`.");
    }
    line_ += end + 1;
    if (fields_ == 0) fields_ = line_;
    if (line_ - fields_ > limits.head_max)
      return refuse(problems::kHeadTooLarge, "The header fields are larger than allowed.");
    if (line.empty()) return Found::kHead;
  }
}

std::optional<Refusal> HeadScan::request_line(string_view line, const HttpLimits& limits) const {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == string_view::npos || first == 0 || first == last)
    return bad("The request line is not `method target version`.");
  if (first > kMethodMax) return bad("No method has so long a name.");
  const string_view target = line.substr(first + 1, last - first - 1);
  if (target.size() > limits.uri_max) return kLongUri;
  if (!is_graphic(target)) return bad("There is a byte in the target that may not be there.");
  const string_view version = line.substr(last + 1);
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return std::nullopt;
  if (version.starts_with("HTTP/") && version.size() > 5 && version[5] >= '0' && version[5] <= '9')
    return Refusal{problems::kVersion, "This server speaks HTTP/1.1."};
  return bad("The request line ends in no version.");
}

// What can be said of a line before its end has come: TLS bytes and endless lines need no patience.
std::optional<Refusal> HeadScan::unfinished(string_view rest, const HttpLimits& limits) const {
  if (fields_ == 0 && rest.size() > limits.uri_max + 32) return kLongUri;
  if (fields_ != 0 && line_ + rest.size() - fields_ > limits.head_max)
    return Refusal{problems::kHeadTooLarge, "The header fields are larger than allowed."};
  if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
  if (has_control(rest)) return bad("There is a control character in the head.");
  if (fields_ == 0 && !rest.empty() && rest.front() == ' ') return bad("The method is missing.");
  return std::nullopt;
}

std::optional<Refusal> read_head(string_view head, const HttpLimits& limits, Request& request,
                                 BodyPlan& body) {
  Picker picker(request, body, limits);
  boost::beast::error_code error;
  picker.put({head.data(), head.size()}, error);
  if (picker.refusal) return picker.refusal;
  if (error) return bad("The head could not be read.");
  request.head = head;
  return split_target(picker.target, request);
}

}  // namespace seckill
