// seckill sale …: what an operator does to a sale, over the API of a running server.
#include <charconv>
#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/client.h"
#include "app/json_read.h"
#include "app/settings.h"
#include "app/table.h"
#include "model/sale_terms.h"

namespace seckill::app {
namespace {

using Code = Error::Code;

std::string price_of(const Json& sale) {
  const auto currency = Currency::from(text_of(sale, "currency"));
  const auto minor = static_cast<std::int64_t>(count_of(sale, "price_minor"));
  return currency ? to_text(Price{minor, *currency}) : "";
}

// "opens 16:10:00 (in 60 s)", "is open", "is paused": where the sale stands by the server's clock.
std::string standing_of(const Json& sale) {
  const std::string state = text_of(sale, "state", "of an unknown state");
  if (state != "scheduled") return "is " + state;
  const auto starts = moment_from(text_of(sale, "starts_at"), {});
  const auto now = moment_from(text_of(sale, "server_time"), {});
  if (!starts || !now) return "is scheduled";
  return fmt::format("opens {} (in {})", to_local_clock(*starts),
                     to_text(milliseconds((starts->ms - now->ms + 999) / 1000 * 1000)));
}

std::string sale_line(const Json& sale) {
  std::string line =
      fmt::format("sale {} {}: {} of {} left", text_of(sale, "id", "?"), standing_of(sale),
                  grouped(count_of(sale, "available")), grouped(count_of(sale, "stock")));
  const std::string price = price_of(sale);
  return price.empty() ? line : line + ", " + price;
}

std::string path_of(const std::string& sale) { return "/api/v1/sales/" + sale; }

Result<std::string> name_of(const Args& args) {
  std::string typed = args.text("SALE", "");
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
    const std::string line = sale_line(json_from(reply.body));
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
  if (!terms->contains("title")) (*terms)["title"] = *name;
  const auto reply =
      client->expect({.method = "POST", .path = "/api/v1/sales", .body = dumped(*terms)});
  if (!reply) return talk.fail(reply.error());
  if (talk.json()) {
    talk.result(reply->body);
    return Exit::kDone;
  }
  const Json sale = json_from(reply->body);
  talk.result(talk.good(
      fmt::format("sale {} {} → {}/s/{}", *name, standing_of(sale), client->url(), *name)));
  return Exit::kDone;
}

// Page after page: a list that stops in silence is a wrong one.
Result<Json> all_sales(Client& client) {
  Json all{{"sales", Json::array()}, {"has_more", false}};
  std::string path = "/api/v1/sales?limit=1000";
  for (;;) {
    auto reply = client.expect({.path = path});
    if (!reply) return fail(std::move(reply.error()));
    const Json page = json_from(reply->body);
    const Json& sales = list_of(page, "sales");
    for (const Json& sale : sales) all["sales"].push_back(sale);
    if (page.is_object() && page.contains("server_time")) all["server_time"] = page["server_time"];
    if (!truth_of(page, "has_more")) return all;
    const std::string last = sales.empty() ? "" : text_of(sales.back(), "id");
    if (!SaleName::from(last))
      return fail(Code::kFailed, "the server's list of sales is not understood");
    path = "/api/v1/sales?limit=1000&starting_after=" + last;
  }
}

Exit run_list(const Args& args, Talk& talk) {
  auto client = client_of(args);
  if (!client) return talk.fail(client.error());
  const auto all = all_sales(*client);
  if (!all) return talk.fail(all.error());
  if (talk.json()) {
    talk.result(dumped(*all));
    return Exit::kDone;
  }
  std::vector<TableRow> rows{
      {"SALE", "STATE", "LEFT", "STOCK", "HELD", "PAID", "PER BUYER", "PRICE", "STARTS"}};
  for (const Json& sale : list_of(*all, "sales")) {
    const auto number = [&](const char* key) { return grouped(count_of(sale, key)); };
    const auto per_buyer = count_of(sale, "per_buyer");
    rows.push_back({text_of(sale, "id", "?"), text_of(sale, "state", "?"), number("available"),
                    number("stock"), number("held"), number("paid"),
                    per_buyer == 0 ? "-" : grouped(per_buyer), price_of(sale),
                    text_of(sale, "starts_at")});
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
  const Json sale = json_from(reply->body);
  if (!sale.is_object()) return talk.fail({Code::kFailed, "the server's answer is not understood"});
  for (const auto& [key, value] : sale.items())
    rows.push_back({key, text_of(sale, key, dumped(value))});
  talk.result(table_text(rows));
  return Exit::kDone;
}

// A person types the name again, a script says --yes: these acts cannot be taken back.
// `what` is all of it: "withdraw 10 units of car".
Status confirmed(const Args& args, Talk& talk, const std::string& what, const std::string& name) {
  if (args.has("yes")) return {};
  if (talk.may_ask()) {
    std::fprintf(stderr,
                 "%s: this cannot be undone. Type the sale's name to go on: ", what.c_str());
    char typed[128] = {};
    if (std::fgets(typed, sizeof typed, stdin) != nullptr && name + "\n" == typed) return {};
    return fail(Code::kInvalid, fmt::format("{}: not done", what));
  }
  return fail(Code::kInvalid, fmt::format("{}: this cannot be undone; add --yes", what));
}

// Counts add up, so each is made on top of a version (T26). The one that --if-version names makes a
// repeated command harmless: the second one meets another version. The one that is read here only
// keeps two operators apart: this command, typed again, counts again.
Result<std::string> version_of(const Args& args, Client& client, const std::string& name) {
  if (args.has("if-version")) {
    auto version = args.read("if-version", count_from, std::uint64_t{0});
    if (!version) return fail(std::move(version.error()));
    return fmt::format("\"{}\"", *version);
  }
  auto seen = client.expect({.path = path_of(name)});
  if (!seen) return fail(std::move(seen.error()));
  return seen->header("ETag");
}

// No answer: it may have been done.
Error of_a_count(Error error, const std::string& name) {
  if (error.code == Code::kUnavailable) {
    error.message += fmt::format(
        "; whether the units were counted is unknown: check `seckill sale show {}` first", name);
  }
  return error;
}

// One verb of the API: the sale's name, perhaps a count of units.
Exit act(const Args& args, Talk& talk, std::string verb, bool units, bool destructive) {
  auto client = client_of(args);
  if (!client) return talk.fail(client.error());
  const auto name = name_of(args);
  if (!name) return talk.fail(name.error());
  Json body = Json::object();
  std::string what = fmt::format("{} {}", verb, *name);
  if (units) {
    const auto count = count_from(args.text("UNITS", ""));
    if (!count) return talk.fail(count.error());
    body["units"] = *count;
    what = fmt::format("{} {} of {}", verb, counted(*count, "unit"), *name);
  }
  if (destructive) {
    if (auto yes = confirmed(args, talk, what, *name); !yes) return talk.fail(yes.error());
  }
  HttpAsk ask{.method = "POST", .path = path_of(*name) + "/" + verb, .body = dumped(body)};
  if (units) {
    auto version = version_of(args, *client, *name);
    if (!version) return talk.fail(version.error());
    ask.headers.emplace_back("If-Match", *version);
  }
  const auto reply = client->expect(ask);
  if (!reply) return talk.fail(units ? of_a_count(reply.error(), *name) : reply.error());
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
  auto flags = settings_flags({"journal", "data"});
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
  if (units) {
    command.flags.insert(
        command.flags.begin(),
        {"if-version", "N",
         "only if `sale show` says this version: then a repeat cannot count twice"});
  }
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
