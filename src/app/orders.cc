// seckill orders …, payments list: what was bought, and its money, over the API of a running
// server.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/client.h"
#include "app/json_read.h"
#include "app/settings.h"
#include "app/table.h"
#include "model/text.h"

namespace seckill::app {
namespace {

using Code = Error::Code;

struct Column {
  const char* title;
  const char* key;
};

std::vector<TableRow> rows_of(const Json& list, const std::vector<Column>& columns) {
  std::vector<TableRow> rows(1);
  for (const Column& column : columns) rows[0].emplace_back(column.title);
  for (const Json& row : list) {
    auto& cells = rows.emplace_back();
    for (const Column& column : columns) cells.push_back(text_of(row, column.key));
  }
  return rows;
}

// table, json or csv; --json is --format json.
Exit listed(const Args& args, Talk& talk, const HttpReply& reply, const char* key,
            const std::vector<Column>& columns) {
  const std::string format = talk.json() ? "json" : args.text("format", "table");
  if (format == "json") {
    talk.result(reply.body);
    return Exit::kDone;
  }
  const Json page = json_from(reply.body);
  if (!page.is_object()) return talk.fail({Code::kFailed, "the server's list is not understood"});
  auto rows = rows_of(list_of(page, key), columns);
  if (format == "csv") {
    for (std::size_t i = 0; i < columns.size(); ++i) rows[0][i] = columns[i].key;
    talk.result(csv_text(rows));
  } else {
    talk.result(table_text(rows));
  }
  if (truth_of(page, "has_more")) {
    talk.say(fmt::format("there are more; --limit 1000, or --after {}", rows.back().front()));
  }
  return Exit::kDone;
}

Status check_list(const Args& args) {
  const std::string format = args.text("format", "table");
  if (format != "table" && format != "json" && format != "csv") {
    return fail(Code::kInvalid, fmt::format("--format is table, json or csv, not \"{}\"", format));
  }
  const auto limit = args.read("limit", count_from, std::uint64_t{100});
  if (!limit) return fail(limit.error());
  if (*limit < 1 || *limit > 1000)
    return fail(Code::kInvalid, fmt::format("--limit is 1 to 1000, not {}", *limit));
  for (const char* flag : {"sale", "buyer", "state", "after"}) {
    if (args.has(flag) && !is_token(args.text(flag, ""))) {
      return fail(Code::kInvalid, fmt::format("--{} \"{}\": letters, digits, _ and - only", flag,
                                              args.text(flag, "")));
    }
  }
  return {};
}

std::string query_of(const Args& args) {
  std::string query = fmt::format("?limit={}", *args.read("limit", count_from, std::uint64_t{100}));
  for (const auto& [flag, key] :
       {std::pair{"buyer", "buyer"}, {"state", "state"}, {"after", "starting_after"}}) {
    if (args.has(flag)) query += fmt::format("&{}={}", key, args.text(flag, ""));
  }
  return query;
}

Exit run_list(const Args& args, Talk& talk) {
  auto client = client_of(args);
  if (!client) return talk.fail(client.error());
  if (auto fine = check_list(args); !fine) return talk.fail(fine.error());
  if (!args.has("sale")) {
    return talk.fail(
        {Code::kInvalid, "orders list needs --sale; as in: seckill orders list --sale car"});
  }
  const auto reply = client->expect(
      {.path = fmt::format("/api/v1/sales/{}/orders{}", args.text("sale", ""), query_of(args))});
  if (!reply) return talk.fail(reply.error());
  return listed(args, talk, *reply, "orders",
                {{"ORDER", "id"},
                 {"SALE", "sale"},
                 {"BUYER", "buyer"},
                 {"QUANTITY", "quantity"},
                 {"STATE", "state"},
                 {"HELD AT", "held_at"},
                 {"DUE AT", "due_at"},
                 {"PAID AT", "paid_at"},
                 {"ENDED AT", "ended_at"}});
}

Exit run_payments(const Args& args, Talk& talk) {
  auto client = client_of(args);
  if (!client) return talk.fail(client.error());
  if (auto fine = check_list(args); !fine) return talk.fail(fine.error());
  const auto reply = client->expect(
      {.path = "/api/v1/payments" + query_of(args) + (args.has("refunds") ? "&refunds=true" : "")});
  if (!reply) return talk.fail(reply.error());
  return listed(args, talk, *reply, "payments",
                {{"PAYMENT", "id"},
                 {"ORDER", "order"},
                 {"AMOUNT MINOR", "amount_minor"},
                 {"OUTCOME", "outcome"}});
}

// A path below /orders/{id}; the id is checked here, so that nothing else gets into the path.
Exit order_call(const Args& args, Talk& talk, const char* method, const char* below,
                const Json& body, std::string_view done) {
  auto client = client_of(args);
  if (!client) return talk.fail(client.error());
  const std::string id = args.text("ORDER", "");
  if (id.size() != 32 || id.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return talk.fail({Code::kInvalid, fmt::format("\"{}\" is no order's id: 32 hex digits", id)});
  }
  const auto reply = client->expect({.method = method,
                                     .path = "/api/v1/orders/" + id + below,
                                     .body = body.is_null() ? "" : dumped(body)});
  if (!reply) return talk.fail(reply.error());
  if (talk.json()) {
    talk.result(reply->body);
    return Exit::kDone;
  }
  const Json order = json_from(reply->body);
  if (!order.is_object())
    return talk.fail({Code::kFailed, "the server's answer is not understood"});
  std::vector<TableRow> rows;
  for (const auto& [key, value] : order.items())
    rows.push_back({key, text_of(order, key, dumped(value))});
  if (!done.empty()) talk.say(talk.good(done));
  talk.result(table_text(rows));
  return Exit::kDone;
}

Exit run_show(const Args& args, Talk& talk) {
  return order_call(args, talk, "GET", "", nullptr, "");
}
Exit run_cancel(const Args& args, Talk& talk) {
  return order_call(args, talk, "POST", "/cancel", Json::object(), "cancelled");
}

Exit run_pay(const Args& args, Talk& talk) {
  const std::string payment = args.text("payment", "");
  if (!PaymentId::from(payment)) {
    return talk.fail({Code::kInvalid,
                      "orders pay needs --payment ID, the payment provider's name for it: letters, "
                      "digits, _ and -"});
  }
  if (!args.has("amount")) {
    return talk.fail({Code::kInvalid,
                      fmt::format("orders pay needs --amount, in the currency's minor unit; as in: "
                                  "seckill orders pay {} --payment {} --amount 990",
                                  args.text("ORDER", ""), payment)});
  }
  const auto amount = args.read("amount", count_from, std::uint64_t{0});
  if (!amount) return talk.fail(amount.error());
  return order_call(args, talk, "POST", "/pay",
                    {{"payment_id", payment}, {"amount_minor", *amount}}, "");
}

std::vector<Flag> with_client(std::vector<Flag> flags) {
  flags.push_back(server_flag());
  for (const Flag& flag : settings_flags({"journal", "data"})) flags.push_back(flag);
  return flags;
}

}  // namespace

std::vector<Command> orders_commands() {
  const std::vector<Flag> list{{"limit", "N", "1 to 1000 (default 100)"},
                               {"after", "ID", "what comes behind this one"},
                               {"format", "table|json|csv", "(default table)"}};
  std::vector<Flag> orders{{"sale", "SALE", "of this sale"},
                           {"buyer", "BUYER", "of this buyer"},
                           {"state", "STATE", "held, paid, cancelled or expired"}};
  orders.insert(orders.end(), list.begin(), list.end());
  std::vector<Flag> payments{{"refunds", "", "only money to give back"}};
  payments.insert(payments.end(), list.begin(), list.end());
  const Word order{"ORDER", "its id, 32 hex digits"};
  return {
      {.name = "orders list",
       .summary = "orders of a sale, from the rows (they follow the journal)",
       .examples = {"seckill orders list --sale car",
                    "seckill orders list --sale car --state paid --format csv"},
       .flags = with_client(orders),
       .run = run_list},
      {.name = "orders show",
       .summary = "one order, as the ledger knows it now",
       .examples = {"seckill orders show 00000001f00dbabe00000000cafe0000"},
       .words = {order},
       .flags = with_client({}),
       .run = run_show},
      {.name = "orders pay",
       .summary = "the till's word that money came for an order",
       .examples =
           {"seckill orders pay 00000001f00dbabe00000000cafe0000 --payment P-1 --amount 990"},
       .words = {order},
       .flags = with_client({{"payment", "ID", "the payment provider's name for it: taken once"},
                             {"amount", "N", "needed: in the currency's minor unit"}}),
       .run = run_pay},
      {.name = "orders cancel",
       .summary = "give a held order's units back",
       .examples = {"seckill orders cancel 00000001f00dbabe00000000cafe0000"},
       .words = {order},
       .flags = with_client({}),
       .run = run_cancel},
      {.name = "payments list",
       .summary = "payments, or only the refunds to make",
       .examples = {"seckill payments list --refunds"},
       .flags = with_client(payments),
       .run = run_payments}};
}

}  // namespace seckill::app
