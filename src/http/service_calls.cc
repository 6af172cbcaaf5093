#include "http/service_calls.h"

#include "embedded/http_pages.h"
#include "http/head_field.h"
#include "http/json_out.h"
#include "http/streams.h"

namespace seckill {
namespace {

constexpr std::string_view kLive = "{\"status\":\"pass\"}";
constexpr std::string_view kIndex =
    "seckill: a flash sale\n"
    "\n"
    "POST  /seckill/seckill                  buy one, no questions asked: [units left] or sold "
    "out!\n"
    "GET   /api/v1/sales                     all sales\n"
    "GET   /api/v1/sales/{sale}              one of them\n"
    "POST  /api/v1/sales/{sale}/orders       buy: {\"buyer\":\"…\",\"quantity\":1}, "
    "Idempotency-Key\n"
    "GET   /api/v1/orders/{order}            what became of it\n"
    "POST  /api/v1/orders/{order}/cancel     give it back\n"
    "POST  /api/v1/orders/{order}/pay        till: {\"payment_id\":\"…\",\"amount_minor\":990}\n"
    "POST  /api/v1/sales                     operators: {\"id\":\"car\",\"stock\":100}\n"
    "PATCH /api/v1/sales/{sale}\n"
    "POST  /api/v1/sales/{sale}/{verb}       start pause resume close restock withdraw retire\n"
    "GET   /api/v1/sales/{sale}/orders\n"
    "GET   /api/v1/payments\n"
    "GET   /s/{sale}                         the shop page, for buyers\n"
    "GET   /ops                              the live page, for operators\n"
    "GET   /api/v1/sales/{sale}/events       its figures, each 250 ms (server-sent events)\n"
    "GET   /docs/problems                    what each refusal means\n"
    "GET   /docs/problems/{code}\n"
    "GET   /metrics /livez /readyz /healthz /time /openapi.yaml\n";

std::string_view openapi_text() { return embedded::http_pages()[0].text; }
std::string_view problems_text() { return embedded::http_pages()[1].text; }

// From "## CODE" to the next heading; empty when there is none of it.
std::string_view problem_text(std::string_view code) {
  static constexpr std::string_view kHeading = "\n## ";
  const std::string_view all = problems_text();
  for (auto at = all.find(kHeading); at != all.npos; at = all.find(kHeading, at + 1)) {
    const std::string_view rest = all.substr(at + 1);
    const std::string_view title = rest.substr(3, rest.find('\n') - 3);
    if (title == code) return rest.substr(0, rest.find(kHeading));
  }
  return {};
}

void append_check(std::string& to, const HealthCheck& check, const std::string& time) {
  to += '[';
  JsonObject json(to);
  json.token("status", check.pass ? "pass" : "fail");
  if (!check.says.empty()) json.text("output", check.says);
  if (!check.pass && !check.repair.empty()) json.text("repair", check.repair);
  json.token("time", time);
  json.end();
  to += ']';
}

}  // namespace

ServiceCalls::ServiceCalls(Office& office)
    : office_(office),
      live_(office.replies.make_ready({200, content::kHealth, {}}, kLive, kLive.size())),
      openapi_(office.replies.make_ready({200, content::kYaml, {}}, openapi_text(),
                                         openapi_text().size())),
      problems_(office.replies.make_ready({200, content::kText, {}}, problems_text(),
                                          problems_text().size())),
      index_(office.replies.make_ready({200, content::kText, {}}, kIndex, kIndex.size())) {}

Step ServiceCalls::live(Call& call, std::string& out) {
  office_.replies.write(out, call, live_, {});
  return Step::kReplied;
}

Step ServiceCalls::openapi(Call& call, std::string& out) {
  office_.replies.write(out, call, openapi_, {});
  return Step::kReplied;
}

Step ServiceCalls::problems(Call& call, std::string& out) {
  office_.replies.write(out, call, problems_, {});
  return Step::kReplied;
}

Step ServiceCalls::problem_page(Call& call, std::string_view code, std::string& out) {
  const std::string_view text = problem_text(code);
  if (text.empty()) return problem(office_, call, out, problems::kNotFound);
  office_.replies.write(out, call, {200, content::kText, {}}, text);
  return Step::kReplied;
}

Step ServiceCalls::index(Call& call, std::string& out) {
  office_.replies.write(out, call, index_, {});
  return Step::kReplied;
}

Step ServiceCalls::ready(Call& call, std::string& out) {
  Readiness readiness;
  if (office_.backstage.readiness) readiness = office_.backstage.readiness();
  if (office_.draining) {
    readiness.ready = false;
    readiness.checks.push_back({"http", false, "draining"});
  }
  const std::string& time = office_.time_text(raw_now());
  std::string& body = office_.desk;
  body.clear();
  JsonObject json(body);
  json.token("status", readiness.ready ? "pass" : "fail");
  json.text("version", office_.options.version);
  JsonObject checks(json.key("checks"));
  for (const HealthCheck& check : readiness.checks)
    append_check(checks.key(check.name), check, time);
  checks.end();
  json.end();
  office_.replies.write(out, call,
                        {readiness.ready ? 200U : 503U, content::kHealth,
                         readiness.ready ? "Cache-Control: no-store\r\n"
                                         : "Cache-Control: no-store\r\nRetry-After: 1\r\n"},
                        body);
  return Step::kReplied;
}

Step ServiceCalls::metrics(Call& call, std::string& out) {
  std::string& body = office_.desk;
  body.clear();
  office_.metrics.active = office_.calls.active();
  office_.metrics.append(body, office_.shell.sale(), raw_now());
  if (office_.backstage.metrics) office_.backstage.metrics(body);
  office_.replies.write(out, call, {200, content::kMetrics, {}}, body);
  return Step::kReplied;
}

Step ServiceCalls::events(Call& call, const Request& request, std::string_view name,
                          std::string& out) {
  const auto known = SaleName::from(name);
  const SaleView* sale = known ? office_.ledger().sale(*known) : nullptr;
  if (sale == nullptr)
    return problem(office_, call, out, problem_of(Outcome::kUnknownSale),
                   {.detail = "There is no such sale."});
  if (office_.readers >= kReadersMax || office_.draining)
    return problem(office_, call, out, problems::kTooManyReaders,
                   {.detail = "As many as may follow live already; /metrics has the same figures.",
                    .sale = known->view()});
  office_.replies.begin_stream(out, call, content::kEvents);
  if (call.method == Method::kGet)
    office_.stream =
        StreamAsk{sale->terms.uid,
                  std::string(field_of(request.head, "last-event-id").value_or("").substr(0, 64))};
  call.close = true;
  return Step::kReplied;
}

Step ServiceCalls::time(Call& call, std::string& out) {
  const RawTime now = raw_now();
  std::string& body = office_.desk;
  body.clear();
  JsonObject json(body);
  json.token("server_time", office_.time_text(now)).number("unix_ms", now.ms);
  json.end();
  office_.replies.write(out, call, {200, content::kJson, "Cache-Control: no-store\r\n"}, body);
  return Step::kReplied;
}

}  // namespace seckill
