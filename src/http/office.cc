#include "http/office.h"

#include <array>
#include <utility>

#include "base/invariant.h"
#include "http/json_out.h"

namespace seckill {
namespace {

void append_hex(std::string& to, std::uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::array<char, 16> text;
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4)
    *digit = kDigits[value & 15];
  to.append(text.data(), text.size());
}

// What every problem of a kind needs to say in its head.
std::string fields_of(const Problem& problem, const Call& call, std::string_view more) {
  std::string fields(more);
  if (problem.status == 503) fields += "Retry-After: 1\r\n";
  if (problem.status == 401) fields += "WWW-Authenticate: Bearer realm=\"seckill\"\r\n";
  if (problem.status == 405) fields.append("Allow: ").append(methods_of(call.route)).append("\r\n");
  return fields;
}

}  // namespace

Office::Office(Shell& the_shell, HttpOptions the_options, Backstage the_backstage)
    : shell(the_shell),
      options(std::move(the_options)),
      backstage(std::move(the_backstage)),
      calls(options.limits.calls_max),
      replies(metrics),
      json(options.limits.body_max) {}

const std::string& Office::time_text(RawTime at) {
  if (at != time_text_of_) {
    time_text_.clear();
    append_time(time_text_, at);
    time_text_of_ = at;
  }
  return time_text_;
}

void append_problem(std::string& to, const Problem& problem, const ProblemMore& more) {
  JsonObject json(to);
  json.key("type").append("\"/docs/problems/").append(problem.code).append("\"");
  json.token("title", problem.title).number("status", problem.status).token("code", problem.code);
  if (!more.detail.empty()) json.text("detail", more.detail);
  if (!more.sale.empty()) json.token("sale", more.sale);
  if (!more.members.empty()) to.append(",").append(more.members);
}

void append_problem_rest(std::string& to, Office& office, const Call& call) {
  const std::size_t before = to.size();
  to.append(",\"server_time\":\"").append(office.time_text(office.now.raw));
  to.append("\",\"request_id\":\"");
  append_hex(to, call.request_id);
  to.append("\"}");
  invariant(to.size() - before == kProblemRest, "a ready reply says its length");
}

void reply_problem(Office& office, Call& call, std::string& out, const Problem& problem,
                   const ProblemMore& more) {
  std::string& body = office.desk;
  body.clear();
  append_problem(body, problem, more);
  append_problem_rest(body, office, call);
  const std::string fields = fields_of(problem, call, more.fields);
  office.replies.write(out, call, {problem.status, content::kProblem, fields}, body);
}

}  // namespace seckill
