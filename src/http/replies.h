// Replies by hand: a status line, a date, few fields, a body. Nothing in between.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/call.h"

namespace seckill {

class HttpMetrics;

namespace content {
inline constexpr std::string_view kJson = "application/json; charset=utf-8";
inline constexpr std::string_view kProblem = "application/problem+json";
inline constexpr std::string_view kHealth = "application/health+json";
inline constexpr std::string_view kText = "text/plain; charset=utf-8";
inline constexpr std::string_view kHtml = "text/html; charset=utf-8";
inline constexpr std::string_view kEvents = "text/event-stream";
inline constexpr std::string_view kYaml = "application/yaml";
inline constexpr std::string_view kMetrics = "text/plain; version=0.0.4; charset=utf-8";
}  // namespace content

// What stands before a reply's body. `fields`: further header lines, each with its CRLF.
struct ReplyHead {
  unsigned status = 200;
  std::string_view type = content::kJson;
  std::string_view fields;
};

// A reply that is sent as it is, but for its date.
struct ReadyReply {
  unsigned status = 0;
  std::string text;         // everything behind the Date field
  std::size_t body_at = 0;  // in text
};

class Replies {
 public:
  explicit Replies(HttpMetrics& metrics) : metrics_(metrics) {}

  // Once a sweep.
  void set_date(RawTime now);

  // Appends the whole reply and counts it.
  void write(std::string& out, const Call& call, const ReplyHead& head, std::string_view body);

  // Only a head: what follows comes piece by piece, until the connection ends.
  void begin_stream(std::string& out, const Call& call, std::string_view type);

  // `length`: of the body, when what follows `body` is appended at each use.
  ReadyReply make_ready(const ReplyHead& head, std::string_view body, std::size_t length) const;
  void write(std::string& out, const Call& call, const ReadyReply& ready, std::string_view rest);

  microseconds last_took() const { return last_took_; }  // from its request's last byte
  int last_status() const { return static_cast<int>(last_status_); }

 private:
  void begin(std::string& out, unsigned status) const;
  void count(const Call& call, unsigned status);

  HttpMetrics& metrics_;
  unsigned last_status_ = 0;
  microseconds last_took_{};
  std::string date_;  // "Date: …\r\n"
};

}  // namespace seckill
