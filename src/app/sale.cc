// seckill sale …: what an operator does to a sale, over the API of a running server.
#include <charconv>
#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/client.h"
#include "app/settings.h"
#include "app/table.h"
#include "model/sale_terms.h"

namespace seckill::app {
namespace {

using Json = nlohmann::json;
using Code = Error::Code;

Json parsed(const std::string& body) {
  Json json = Json::parse(body, nullptr, false);
  return json.is_object() ? json : Json::object();
}

std::string price_of(const Json& sale) {
  const auto currency = Currency::from(sale.value("currency", ""));
  return currency ? to_text(Price{sale.value("price_minor", std::int64_t{0}), *currency}) : "";
}

// "opens 16:10:00 (in 60 s)", "is open", "is paused": where the sale stands by the server's clock.
std::string standing_of(const Json& sale) {
  const std::string state = sale.value("state", "");
  if (state != "scheduled") return "is " + state;
  const auto starts = moment_from(sale.value("starts_at", ""), {});
  const auto now = moment_from(sale.value("server_time", ""), {});
  if (!starts || !now) return "is scheduled";
  return fmt::format("opens {} (in {})", to_local_clock(*starts),
                     to_text(milliseconds((starts->ms - now->ms + 999) / 1000 * 1000)));
}

std::string sale_line(const Json& sale) {
  std::string line =
      fmt::format("sale {} {}: {} of {} left", sale.value("id", "?"), standing_of(sale),
                  grouped(sale.value("available", std::uint64_t{0})),
                  grouped(sale.value("stock", std::uint64_t{0})));
  const std::string price = price_of(sale);
  return price.empty() ? line : line + ", " + price;
}

std::string path_of(const std::string& sale) { return "/api/v1/sales/" + sale; }

Result<std::string> name_of(const Args& args) {
  const std::string typed = args.text("SALE", "");
  if (SaleName::from(typed)) return typed;
  return fail(Code::kInvalid,
              fmt::format("\"{}\" is no sale's name: letters, digits, _ and -, at most 64", typed));
}

// What the flags say of the terms; nothing that was not typed, so the server's defaults stay the
// server's.
Result<Json> terms_of(const Args& args) {
  Json terms = Json::object();
  for (const auto& [flag, key] :
       {std::pair{"stock", "stock"}, {"per-buyer", "per_buyer"}, {"orders-max", "orders_max"}}) {
    if (!args.has(flag)) continue;
    auto count = args.read(flag, count_from, std::uint64_t{0});
    if (!count) return fail(std::move(count.error()));
    terms[key] = *count;
  }
  const RawTime now = machine_now().raw;
  for (const auto& [flag, key] : {std::pair{"starts", "starts_at"}, {"ends", "ends_at"}}) {
    if (!args.has(flag)) continue;
    auto moment =
        args.read(flag, [&](std::string_view text) { return moment_from(text, now); }, RawTime{});
    if (!moment) return fail(std::move(moment.error()));
    terms[key] = to_rfc3339(*moment);
  }
  if (args.has("hold")) {
    auto hold = args.read("hold", duration_from, milliseconds(0));
    if (!hold) return fail(std::move(hold.error()));
    if (hold->count() % 1000 != 0) return fail(Code::kInvalid, "--hold takes whole seconds");
    terms["hold_s"] = hold->count() / 1000;
  }
  if (args.has("price")) {
    auto price = args.read("price", price_from, Price{});
    if (!price) return fail(std::move(price.error()));
    terms["price_minor"] = price->minor;
    terms["currency"] = std::string(price->currency.view());
  }
  if (args.has("title")) terms["title"] = args.text("title", "");
  return terms;
}

Exit told(Talk& talk, const HttpReply& reply, std::string_view act) {
  if (talk.json()) {
    talk.result(reply.body);
  } else {
    const std::string line = sale_line(parsed(reply.body));
    talk.result(act.empty() ? line : talk.good(fmt::format("{} {}", act, line)));
  }
  return Exit::kDone;
}

Exit run_create(const Args& args, Talk& talk) {
  auto client = client_of(args);
  if (!client) return talk.fail(client.error());
  const auto name = name_of(args);
  if (!name) return talk.fail(name.error());
  auto terms = terms_of(args);
  if (!terms) return talk.fail(terms.error());
  if (!terms->contains("stock")) {
    return talk.fail(
        {Code::kInvalid,
         fmt::format("sale create needs --stock; as in: seckill sale create {} --stock 100",
                     *name)});
  }
  (*terms)["id"] = *name;
  const auto reply =
      client->expect({.method = "POST", .path = "/api/v1/sales", .body = terms->dump()});
  if (!reply) return talk.fail(reply.error());
  if (talk.json()) {
    talk.result(reply->body);
    return Exit::kDone;
  }
  const Json sale = parsed(reply->body);
  talk.result(talk.good(
      fmt::format("sale {} {} → {}{}", *name, standing_of(sale), client->url(), path_of(*name))));
  return Exit::kDone;
}

Exit run_list(const Args& args, Talk& talk) {
  auto client = client_of(args);
  if (!client) return talk.fail(client.error());
  const auto reply = client->expect({.path = "/api/v1/sales"});
  if (!reply) return talk.fail(reply.error());
  if (talk.json()) {
    talk.result(reply->body);
    return Exit::kDone;
  }
  std::vector<TableRow> rows{
      {"SALE", "STATE", "LEFT", "STOCK", "HELD", "PAID", "PER BUYER", "PRICE", "STARTS"}};
  for (const Json& sale : parsed(reply->body).value("sales", Json::array())) {
    const auto number = [&](const char* key) { return grouped(sale.value(key, std::uint64_t{0})); };
    const auto per_buyer = sale.value("per_buyer", std::uint64_t{0});
    rows.push_back({sale.value("id", "?"), sale.value("state", "?"), number("available"),
                    number("stock"), number("held"), number("paid"),
                    per_buyer == 0 ? "-" : grouped(per_buyer), price_of(sale),
                    sale.value("starts_at", "")});
  }
  if (rows.size() == 1) {
    talk.say("no sale yet; as in: seckill sale create car --stock 100");
  } else {
    talk.result(table_text(rows));
  }
  return Exit::kDone;
}

Exit run_show(const Args& args, Talk& talk) {
  auto client = client_of(args);
  if (!client) return talk.fail(client.error());
  const auto name = name_of(args);
  if (!name) return talk.fail(name.error());
  const auto reply = client->expect({.path = path_of(*name)});
  if (!reply) return talk.fail(reply.error());
  if (talk.json()) return told(talk, *reply, "");
  std::vector<TableRow> rows;
  const Json sale = parsed(reply->body);
  for (const auto& [key, value] : sale.items())
    rows.push_back({key, value.is_string() ? value.get<std::string>() : value.dump()});
  talk.result(table_text(rows));
  return Exit::kDone;
}

// A person types the name again, a script says --yes: these acts cannot be taken back.
Status confirmed(const Args& args, Talk& talk, std::string_view act, const std::string& name) {
  if (args.has("yes")) return {};
  if (talk.may_ask()) {
    std::fprintf(stderr,
                 "%s %s cannot be undone. Type its name to go on: ", std::string(act).c_str(),
                 name.c_str());
    char typed[128] = {};
    if (std::fgets(typed, sizeof typed, stdin) != nullptr && name + "\n" == typed) return {};
    return fail(Code::kInvalid, fmt::format("{} {}: not done", act, name));
  }
  return fail(Code::kInvalid, fmt::format("{} {} cannot be undone; add --yes", act, name));
}

// One verb of the API: the sale's name, perhaps a count of units.
Exit act(const Args& args, Talk& talk, std::string verb, bool units, bool destructive) {
  auto client = client_of(args);
  if (!client) return talk.fail(client.error());
  const auto name = name_of(args);
  if (!name) return talk.fail(name.error());
  Json body = Json::object();
  if (units) {
    const auto count = count_from(args.text("UNITS", ""));
    if (!count) return talk.fail(count.error());
    body["units"] = *count;
  }
  if (destructive) {
    if (auto yes = confirmed(args, talk, verb, *name); !yes) return talk.fail(yes.error());
  }
  HttpAsk ask{.method = "POST", .path = path_of(*name) + "/" + verb, .body = body.dump()};
  if (units) {  // counts add up: If-Match keeps a repeated command from counting twice (T26)
    const auto seen = client->expect({.path = path_of(*name)});
    if (!seen) return talk.fail(seen.error());
    ask.headers.emplace_back("If-Match", seen->header("ETag"));
  }
  const auto reply = client->expect(ask);
  if (!reply) return talk.fail(reply.error());
  return told(talk, *reply, verb + ":");
}

Exit run_start(const Args& args, Talk& talk) { return act(args, talk, "start", false, false); }
Exit run_pause(const Args& args, Talk& talk) { return act(args, talk, "pause", false, false); }
Exit run_resume(const Args& args, Talk& talk) { return act(args, talk, "resume", false, false); }
Exit run_close(const Args& args, Talk& talk) { return act(args, talk, "close", false, false); }
Exit run_restock(const Args& args, Talk& talk) { return act(args, talk, "restock", true, false); }
Exit run_withdraw(const Args& args, Talk& talk) { return act(args, talk, "withdraw", true, true); }
Exit run_retire(const Args& args, Talk& talk) { return act(args, talk, "retire", false, true); }

std::vector<Flag> client_flags() {
  auto flags = settings_flags({"journal"});
  flags.insert(flags.begin(), server_flag());
  return flags;
}

Command verb(std::string name, std::string summary, Exit (*run)(const Args&, Talk&),
             bool units = false, bool destructive = false) {
  Command command{.name = "sale " + name, .summary = std::move(summary), .run = run};
  command.examples = {fmt::format("seckill sale {} car{}{}", name, units ? " 10" : "",
                                  destructive ? " --yes" : "")};
  command.words = {{"SALE", "its name"}};
  if (units) command.words.push_back({"UNITS", "how many"});
  command.flags = client_flags();
  if (destructive) command.flags.insert(command.flags.begin(), {"yes", "", "do it without asking"});
  return command;
}

}  // namespace

std::vector<Command> sale_commands() {
  std::vector<Flag> terms{
      {"stock", "N", "units on sale"},
      {"starts", "WHEN", "opens then: +1m, 2026-11-22T16:10:00+08:00 (default now)"},
      {"ends", "WHEN", "closes then (default never)"},
      {"per-buyer", "N", "most units of one buyer (default unlimited)"},
      {"price", "PRICE", "of one unit: 9.90CNY, 500JPY"},
      {"hold", "TIME",
       "an order waits so long for its money: 15m (default: a win is final at once)"},
      {"title", "TEXT", "for people (default the name)"},
      {"orders-max", "N",
       "orders ever granted, the memory it may take (default 4 x stock + 1,000)"}};
  for (const Flag& flag : client_flags()) terms.push_back(flag);
  return {{.name = "sale create",
           .summary = "put units on sale",
           .examples = {"seckill sale create car --stock 100",
                        "seckill sale create phone --stock 10 --starts +1m --per-buyer 1 --price "
                        "9.90CNY --hold 15m"},
           .words = {{"SALE", "its name: letters, digits, _ and -"}},
           .flags = terms,
           .run = run_create},
          {.name = "sale list",
           .summary = "all sales",
           .examples = {"seckill sale list"},
           .flags = client_flags(),
           .run = run_list},
          {.name = "sale show",
           .summary = "one sale, whole",
           .examples = {"seckill sale show car", "seckill sale show car --json"},
           .words = {{"SALE", "its name"}},
           .flags = client_flags(),
           .run = run_show},
          verb("start", "open a scheduled sale now", run_start),
          verb("pause", "stop selling for a while", run_pause),
          verb("resume", "go on selling", run_resume),
          verb("close", "stop selling for good; orders stay", run_close),
          verb("restock", "put more units on sale", run_restock, true),
          verb("withdraw", "take units that are left off sale", run_withdraw, true, true),
          verb("retire", "forget a closed sale: its orders leave the memory, rows stay", run_retire,
               false, true)};
}

}  // namespace seckill::app
