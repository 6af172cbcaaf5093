#include "http/replies.h"

#include <fmt/format.h>

#include "http/http_metrics.h"
#include "http/time_text.h"

namespace seckill {
namespace {

std::string_view status_line(unsigned status) {
  switch (status) {
    case 200: return "HTTP/1.1 200 OK\r\n";
    case 201: return "HTTP/1.1 201 Created\r\n";
    case 303: return "HTTP/1.1 303 See Other\r\n";
    case 304: return "HTTP/1.1 304 Not Modified\r\n";
    case 400: return "HTTP/1.1 400 Bad Request\r\n";
    case 401: return "HTTP/1.1 401 Unauthorized\r\n";
    case 403: return "HTTP/1.1 403 Forbidden\r\n";
    case 404: return "HTTP/1.1 404 Not Found\r\n";
    case 405: return "HTTP/1.1 405 Method Not Allowed\r\n";
    case 408: return "HTTP/1.1 408 Request Timeout\r\n";
    case 409: return "HTTP/1.1 409 Conflict\r\n";
    case 412: return "HTTP/1.1 412 Precondition Failed\r\n";
    case 413: return "HTTP/1.1 413 Content Too Large\r\n";
    case 414: return "HTTP/1.1 414 URI Too Long\r\n";
    case 417: return "HTTP/1.1 417 Expectation Failed\r\n";
    case 422: return "HTTP/1.1 422 Unprocessable Content\r\n";
    case 428: return "HTTP/1.1 428 Precondition Required\r\n";
    case 431: return "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    case 503: return "HTTP/1.1 503 Service Unavailable\r\n";
    case 505: return "HTTP/1.1 505 HTTP Version Not Supported\r\n";
    default: return "HTTP/1.1 500 Internal Server Error\r\n";
  }
}

void append_head(std::string& out, const ReplyHead& head, std::size_t length) {
  if (head.status != 304) {
    const fmt::format_int digits(length);
    out.append("Content-Type: ").append(head.type).append("\r\nContent-Length: ");
    out.append(digits.data(), digits.size()).append("\r\n");
  }
  out.append(head.fields);
}

std::string_view connection_of(const Call& call) {
  if (call.close) return "Connection: close\r\n";
  return call.http_1_0 ? "Connection: keep-alive\r\n" : "";
}

}  // namespace

void Replies::set_date(RawTime now) { date_ = "Date: " + http_date(now) + "\r\n"; }

void Replies::begin(std::string& out, unsigned status) const {
  out.append(status_line(status)).append(date_);
}

void Replies::count(const Call& call, unsigned status) {
  last_status_ = status;
  last_took_ = steady_now() - call.began;
  metrics_.served(call.route, call.method, status, last_took_);
}

void Replies::write(std::string& out, const Call& call, const ReplyHead& head,
                    std::string_view body) {
  begin(out, head.status);
  append_head(out, head, body.size());
  out.append(connection_of(call)).append("\r\n");
  if (call.method != Method::kHead && head.status != 304) out.append(body);
  count(call, head.status);
}

void Replies::begin_stream(std::string& out, const Call& call, std::string_view type) {
  begin(out, 200);
  out.append("Content-Type: ").append(type);
  out.append("\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n");
  count(call, 200);
}

ReadyReply Replies::make_ready(const ReplyHead& head, std::string_view body,
                               std::size_t length) const {
  ReadyReply ready{.status = head.status};
  append_head(ready.text, head, length);
  ready.text += "\r\n";
  ready.body_at = ready.text.size();
  ready.text += body;
  return ready;
}

void Replies::write(std::string& out, const Call& call, const ReadyReply& ready,
                    std::string_view rest) {
  begin(out, ready.status);
  out.append(connection_of(call));
  if (call.method == Method::kHead) {
    out.append(ready.text, 0, ready.body_at);
  } else {
    out.append(ready.text).append(rest);
  }
  count(call, ready.status);
}

}  // namespace seckill
