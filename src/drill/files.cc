// The rows of a run: transcript, requests and JMeter's form of them.
#include <cerrno>
#include <cstring>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

#include "drill/report.h"

namespace seckill {
namespace {

constexpr std::size_t kFlushAt = 64 * 1024;

Error cannot(std::string_view what, const std::filesystem::path& path) {
  return {Error::Code::kFailed,
          fmt::format("drill: cannot {} {}: {}; is there room and permission?", what, path.string(),
                      std::strerror(errno))};
}

// Rows through a buffer; an error is found at the end.
template <class Row>
Status write_rows(const std::filesystem::path& path, std::string_view head, const Run& run,
                  Row row) {
  std::ofstream file(path, std::ios::binary);
  std::string text(head);
  for (const Attempt& attempt : run.attempts) {
    row(text, attempt);
    if (text.size() < kFlushAt) continue;
    file << text;
    text.clear();
  }
  file << text;
  file.flush();
  if (!file) return fail(cannot("write", path));
  return {};
}

// RFC 3339 in UTC with µs.
std::string time_text(const Run& run, std::int64_t at_us) {
  const std::int64_t us = run.end.started_at_ms * 1000 + at_us;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
                     fmt::gmtime(static_cast<std::time_t>(us / 1'000'000)), us % 1'000'000);
}

void request_row(std::string& to, const Run& run, const Attempt& a) {
  fmt::format_to(std::back_inserter(to), "{},{},{},{},{},{},{},{},{},{},{},{},{}\n", a.click + 1,
                 a.attempt, buyer_of(a.shopper), run.plan.clicks[a.click].second ? 1 : 0,
                 a.intended_us, a.started_us, a.sent_us, a.answered_us,
                 a.answered_us - a.intended_us, a.answered_us - a.sent_us, a.status,
                 to_text(a.told), a.left >= 0 ? std::to_string(a.left) : "");
}

void jtl_row(std::string& to, const Run& run, const Attempt& a) {
  const bool good = !is_error(a.told) && a.told != Told::kBusy;
  fmt::format_to(std::back_inserter(to),
                 "{},{},\"POST {}\",{},{},shoppers 1-{},text,{},,{},0,1,1,\"{}\",{},0,{}\n",
                 run.end.started_at_ms + a.sent_us / 1000, (a.answered_us - a.sent_us) / 1000,
                 run.wire.address().path,
                 a.status == 0 ? "Non HTTP response code" : std::to_string(a.status),
                 to_text(a.told), a.shopper + 1, good, a.bytes, run.url,
                 (a.answered_us - a.sent_us) / 1000, (a.sent_us - a.started_us) / 1000);
}

}  // namespace

std::string transcript_line(const Run& run, const Attempt& a) {
  std::string line = fmt::format(
      R"({{"n":{},"attempt":{},"buyer":"{}","key":"{}","sent_at":"{}","answered_at":"{}","status":{},"outcome":"{}","order_id":)",
      a.click + 1, a.attempt, buyer_of(a.shopper), run.key(a.shopper), time_text(run, a.sent_us),
      time_text(run, a.answered_us), a.status, to_text(a.told));
  // The id comes from the server: a token, or it is not written.
  std::string_view order;
  if (a.order != 0) order = run.tally.orders()[a.order - 1];
  line += is_token(order) ? fmt::format("\"{}\"}}", order) : "null}";
  return line;
}

Status write_run(const std::filesystem::path& directory, const Run& run) {
  std::error_code ec;
  std::filesystem::create_directories(directory, ec);
  if (ec) return fail(cannot("make", directory));
  if (Status s = write_rows(directory / "transcript.jsonl", "", run,
                            [&run](std::string& to, const Attempt& attempt) {
                              to += transcript_line(run, attempt) + "\n";
                            });
      !s)
    return s;
  constexpr std::string_view kRequests =
      "n,attempt,buyer,second_click,intended_us,started_us,sent_us,answered_us,felt_us,served_us,"
      "status,outcome,left\n";
  if (Status s = write_rows(directory / "requests.csv", kRequests, run,
                            [&run](std::string& to, const Attempt& a) { request_row(to, run, a); });
      !s)
    return s;
  constexpr std::string_view kJtl =
      "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,"
      "failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect\n";
  if (Status s = write_rows(directory / "results.jtl", kJtl, run,
                            [&run](std::string& to, const Attempt& a) { jtl_row(to, run, a); });
      !s)
    return s;
  if (Status s = write_file(directory / "latency.hgrm", to_hgrm(run.tally.felt(), 1000)); !s)
    return s;
  return write_file(directory / "summary.json", summary_json(run));
}

Result<std::string> file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return fail(Error::Code::kInvalid,
                fmt::format("drill: cannot read {}: {}; is that a drill's directory?",
                            path.string(), std::strerror(errno)));
  }
  return text.str();
}

Status write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  if (!file) return fail(cannot("write", path));
  return {};
}

}  // namespace seckill
