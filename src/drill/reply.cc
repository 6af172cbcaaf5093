#include "drill/reply.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace seckill {
namespace {

constexpr std::string_view kEnd = "\r\n";

bool same_name(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + ('a' - 'A')) : x) == y;
  });
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Head {
  Reply reply;
  std::optional<std::size_t> length;
  bool chunked = false;
};

// What we need to know of one header line; the others are only checked for their shape.
const char* header_line(std::string_view line, Head& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_name(line.substr(0, colon))) return "bad header line";
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (value.find('\n') != std::string_view::npos || value.find('\0') != std::string_view::npos) {
    return "control byte in a header";
  }
  if (same_name(name, "content-length")) {
    const auto length = number(value, 10);
    if (!length || (head.length && *head.length != *length)) return "bad Content-Length";
    head.length = length;
  } else if (same_name(name, "transfer-encoding")) {
    if (!same_name(value, "chunked") || head.chunked) return "Transfer-Encoding is not chunked";
    head.chunked = true;
  } else if (same_name(name, "connection")) {
    if (same_name(value, "close")) head.reply.keep_alive = false;
    if (same_name(value, "keep-alive")) head.reply.keep_alive = true;
  } else if (same_name(name, "retry-after")) {
    const auto seconds = number(value, 10);
    if (seconds)
      head.reply.retry_after = std::chrono::seconds(std::min<std::size_t>(*seconds, 86'400));
  } else if (same_name(name, "idempotent-replayed")) {
    head.reply.replayed = same_name(value, "true");
  }
  return nullptr;
}

const char* status_line(std::string_view line, Reply& reply) {
  const bool one_one = line.starts_with("HTTP/1.1 ");
  if (!one_one && !line.starts_with("HTTP/1.0 ")) return "not HTTP/1.1";
  const auto status = number(line.substr(9, 3), 10);
  if (!status || *status < 100 || *status > 599 || (line.size() > 12 && line[12] != ' ')) {
    return "bad status line";
  }
  reply.status = static_cast<std::uint16_t>(*status);
  reply.keep_alive = one_one;
  return nullptr;
}

const char* read_head(std::string_view text, Head& head) {
  std::size_t end = text.find(kEnd);
  if (const char* why = status_line(text.substr(0, end), head.reply)) return why;
  while (end != std::string_view::npos) {
    text.remove_prefix(end + kEnd.size());
    end = text.find(kEnd);
    if (const char* why = header_line(text.substr(0, end), head)) return why;
  }
  if (head.chunked && head.length) return "both Content-Length and chunks";
  return nullptr;
}

// All chunks of bytes into reply.unchunked. Trailers are read over.
ReadReply read_chunks(std::string_view bytes, std::size_t at, Reply reply) {
  for (;;) {
    const std::size_t end = bytes.find(kEnd, at);
    if (end == std::string_view::npos) {
      if (bytes.size() - at > 256) return Malformed{"chunk size too long"};
      return NeedMore{};
    }
    std::string_view line = bytes.substr(at, end - at);
    line = line.substr(0, line.find(';'));
    const auto size = number(line, 16);
    if (!size) return Malformed{"bad chunk size"};
    if (*size > kReplyBodyMax - std::min(kReplyBodyMax, reply.unchunked.size())) {
      return Malformed{"body too long"};
    }
    at = end + kEnd.size();
    if (*size == 0) break;
    if (bytes.size() < at + *size + kEnd.size()) return NeedMore{};
    reply.unchunked.append(bytes, at, *size);
    at += *size;
    if (bytes.substr(at, kEnd.size()) != kEnd) return Malformed{"chunk without its end"};
    at += kEnd.size();
  }
  for (;;) {  // trailers, then an empty line
    const std::size_t end = bytes.find(kEnd, at);
    if (end == std::string_view::npos) return NeedMore{};
    const bool empty = end == at;
    at = end + kEnd.size();
    if (empty) break;
  }
  reply.size = at;
  reply.body = reply.unchunked;
  return reply;
}

ReadReply read_body(std::string_view bytes, std::size_t at, Head head, bool ended) {
  Reply& reply = head.reply;
  if (reply.status == 204 || reply.status == 304) head.length = 0;
  if (head.chunked) return read_chunks(bytes, at, std::move(reply));
  if (!head.length) {  // until the connection ends
    if (bytes.size() - at > kReplyBodyMax) return Malformed{"body too long"};
    if (!ended) return NeedMore{};
    reply.keep_alive = false;
    head.length = bytes.size() - at;
  }
  if (*head.length > kReplyBodyMax) return Malformed{"body too long"};
  if (bytes.size() - at < *head.length) return NeedMore{};
  reply.body = bytes.substr(at, *head.length);
  reply.size = at + *head.length;
  return std::move(reply);
}

}  // namespace

Reply& Reply::operator=(Reply&& other) noexcept {
  const bool own_body = !other.unchunked.empty();
  status = other.status, keep_alive = other.keep_alive, replayed = other.replayed;
  retry_after = other.retry_after, size = other.size, body = other.body;
  unchunked = std::move(other.unchunked);
  if (own_body) body = unchunked;  // a short text moves with its owner
  return *this;
}

ReadReply read_reply(std::string_view bytes, bool ended) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = bytes.find("\r\n\r\n", at);
    if (end == std::string_view::npos || end - at > kReplyHeadMax) {
      if (bytes.size() - at > kReplyHeadMax) return Malformed{"head too long"};
      // Say what is wrong at once rather than wait for the end of what is no HTTP.
      const std::string_view start = bytes.substr(at, 5);
      if (start != std::string_view("HTTP/").substr(0, start.size()))
        return Malformed{"not HTTP/1.1"};
      return NeedMore{};
    }
    Head head;
    if (const char* why = read_head(bytes.substr(at, end - at), head)) return Malformed{why};
    at = end + 4;
    if (head.reply.status < 200) continue;
    return read_body(bytes, at, std::move(head), ended);
  }
}

std::string_view json_text(std::string_view json, std::string_view name) {
  for (std::size_t at = json.find(name); at != std::string_view::npos;
       at = json.find(name, at + 1)) {
    if (at == 0 || json[at - 1] != '"' || (at >= 2 && json[at - 2] == '\\')) continue;
    std::string_view rest = json.substr(at + name.size());
    if (!rest.starts_with('"')) continue;
    const auto skip = [&rest](std::string_view what) {
      rest.remove_prefix(std::min(rest.find_first_not_of(what), rest.size()));
    };
    rest.remove_prefix(1);
    skip(" \t\r\n");
    if (!rest.starts_with(':')) continue;
    rest.remove_prefix(1);
    skip(" \t\r\n");
    if (!rest.starts_with('"')) return {};
    rest.remove_prefix(1);
    std::size_t end = 0;
    while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
    return rest.substr(0, std::min(end, rest.size()));
  }
  return {};
}

}  // namespace seckill
