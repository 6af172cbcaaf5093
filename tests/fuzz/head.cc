// The head of a request: what is accepted reads the same in a second, independent parser, and the
// same however its bytes come.
#include "http/head.h"

#include <cctype>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"

namespace seckill::fuzz {
namespace {

// RFC 9112 to the letter, and to nothing beyond it: lines end in CRLF, a field is `name: value`
// with optional blanks around its value, names compare without case.
struct Plain {
  std::string method, target, version;
  std::multimap<std::string, std::string> fields;
  std::string only(const char* name) const {
    const auto [from, to] = fields.equal_range(name);
    if (from == to) return "";
    invariant(std::next(from) == to, "a field that must be single came twice");
    return from->second;
  }
};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  if (from == text.npos) return "";
  return std::string(text.substr(from, text.find_last_not_of(" \t") + 1 - from));
}

Plain plain_reading(std::string_view head) {
  std::vector<std::string_view> lines;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    invariant(end != head.npos, "every line ends in CRLF");
    lines.push_back(head.substr(0, end));
    invariant(lines.back().find_first_of("\r\n") == head.npos, "no bare CR or LF");
    head.remove_prefix(end + 2);
  }
  invariant(lines.size() >= 2 && lines.back().empty(), "the head ends in an empty line");
  Plain plain;
  const auto first = lines[0].find(' ');
  const auto last = lines[0].rfind(' ');
  invariant(first != last, "a request line has two blanks");
  plain.method = lines[0].substr(0, first);
  plain.target = lines[0].substr(first + 1, last - first - 1);
  plain.version = lines[0].substr(last + 1);
  invariant(plain.target.find(' ') == std::string::npos, "and no third one");
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    const auto colon = lines[i].find(':');
    invariant(colon != lines[i].npos && colon > 0, "a field has a name");
    const std::string name(lines[i].substr(0, colon));
    invariant(name.find_first_of(" \t_") == std::string::npos, "no blank and no _ in a name");
    plain.fields.emplace(lower(name), trimmed(lines[i].substr(colon + 1)));
  }
  return plain;
}

void agree(std::string_view head, const Request& request, const BodyPlan& body) {
  const Plain plain = plain_reading(head);
  invariant(plain.version == (request.http_1_0 ? "HTTP/1.0" : "HTTP/1.1"), "the version");
  std::string target(request.path);
  if (plain.target.find('?') != std::string::npos) target += "?" + std::string(request.query);
  if (lower(plain.target.substr(0, 7)) == "http://") {
    std::string rest = plain.target.substr(7);
    const auto path = rest.find_first_of("/?");
    invariant(lower(rest.substr(0, path)) == lower(plain.only("host")), "one host");
    rest = path == std::string::npos ? "/" : rest.substr(path);
    invariant(rest == target, "the target");
  } else {
    invariant(plain.target == target, "the target");
  }
  invariant(plain.only("host") == request.host, "the host");
  invariant(!plain.only("host").empty() || request.http_1_0, "a host is there");
  const std::string length = plain.only("content-length");
  const std::string encoding = plain.only("transfer-encoding");
  invariant(length.empty() || encoding.empty(), "one way to say how long the body is");
  invariant(body.chunked == (lower(encoding) == "chunked"), "chunked");
  invariant(encoding.empty() || body.chunked, "no other encoding");
  invariant(length.find_first_not_of("0123456789") == length.npos, "a length is digits");
  invariant(body.length == (length.empty() ? 0 : std::stoull(length)), "the length");
  invariant(plain.only("idempotency-key") == request.idempotency_key, "the key");
  invariant(plain.only("authorization") == request.authorization, "the token");
  invariant(plain.only("if-match") == request.if_match, "the version that is meant");
  invariant(plain.only("origin") == request.origin, "the origin");
  invariant(request.has_authorization == (plain.fields.count("authorization") > 0), "the token");
  invariant(request.method != Method::kPost || plain.method == "POST", "the method");
  invariant(request.method != Method::kGet || plain.method == "GET", "the method");
}

}  // namespace
}  // namespace seckill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seckill;
  fuzz::Input input(data, size);
  const std::size_t step = 1 + input.byte() % 64;
  const std::string_view bytes = input.text();
  const HttpLimits limits;

  HeadScan whole;
  const auto found = whole.scan(bytes, limits);
  // Piece by piece it comes to the same end, at the same byte or before it.
  HeadScan pieces;
  auto at_last = HeadScan::Found::kMore;
  for (std::size_t n = step; at_last == HeadScan::Found::kMore; n += step) {
    at_last = pieces.scan(bytes.substr(0, n), limits);
    if (n >= bytes.size()) break;
  }
  invariant(at_last == found, "pieces: the same verdict");
  if (found != HeadScan::Found::kHead) return 0;
  invariant(pieces.size() == whole.size() && whole.size() <= bytes.size(), "pieces: one size");
  invariant(whole.size() <= limits.uri_max + limits.head_max + 64, "I12 a head is bounded");

  Request request;
  BodyPlan body;
  if (!read_head(bytes.substr(0, whole.size()), limits, request, body))
    fuzz::agree(bytes.substr(0, whole.size()), request, body);
  return 0;
}
