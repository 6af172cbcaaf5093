// seckill serve: the engine.
#include <cstdlib>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/compat.h"
#include "app/json_read.h"
#include "app/process.h"
#include "app/settings.h"
#include "app/shop.h"

namespace seckill::app {
namespace {

std::string url_of(const Settings& settings, std::uint16_t port) {
  const bool anywhere = settings.listen.host == "0.0.0.0" || settings.listen.host == "::";
  return "http://" + to_text(Address{anywhere ? "127.0.0.1" : settings.listen.host, port});
}

void announce(Talk& talk, const Settings& settings, const Shop& shop) {
  const std::string url = url_of(settings, shop.port());
  const auto& found = shop.found();
  if (talk.json()) {
    talk.result(dumped({{"url", url},
                        {"port", shop.port()},
                        {"journal", settings.journal_url()},
                        {"orders", settings.orders_url()},
                        {"records", found.records},
                        {"sales", found.sales}}));
    return;
  }
  talk.result(fmt::format(
      "seckill {} · {} in {} ({}, {})\n  shop  {}/s/{}      ops {}/ops\n  api   "
      "{}/api/v1/sales      health {}/readyz\n  buy   curl -X POST "
      "{}/seckill/seckill\n  admin token in {}{}",
      SECKILL_VERSION, found.is_new ? "new season" : "journal",
      settings.kafka ? settings.journal_url() : settings.journal_dir.string(),
      counted(found.records, "record"), counted(found.sales, "sale"), url, settings.demo_sale, url,
      url, url, url, settings.admin_token_path().string(),
      found.sales > 0 ? ""
                      : fmt::format("\nNo sale yet. Try: seckill sale create {} --stock 100",
                                    settings.demo_sale)));
}

Exit run_serve(const Args& args, Talk& talk) {
  const auto loaded = load_settings(args);
  if (!loaded) return talk.fail(loaded.error());
  forbid_core_dumps();
  Log log(talk.log_options());
  if (loaded->settings.compat.demo)
    return serve_demo(loaded->settings, log, talk, args.text("port-file"));
  const auto reload = [&args]() -> Result<Settings> {
    auto again = load_settings(args);
    if (!again) return fail(std::move(again.error()));
    return std::move(again->settings);
  };
  const auto shop = Shop::open(loaded->settings, log, reload);
  if (!shop) return talk.fail(shop.error());
  if (const auto file = args.text("port-file")) {
    if (auto put = put_file(*file, fmt::format("{}\n", (*shop)->port()), 0644); !put)
      return talk.fail(put.error());
  }
  announce(talk, loaded->settings, **shop);
  return (*shop)->run();
}

}  // namespace

std::vector<Command> serve_commands() {
  auto flags = settings_flags();
  flags.push_back({"port-file", "FILE", "write the port here once it serves: for --listen :0"});
  return {
      {.name = "serve",
       .summary = "sell: HTTP, journal and rows in one process",
       .examples = {"seckill serve",
                    "seckill serve --listen 127.0.0.1:0 --journal file:/var/lib/seckill",
                    "SECKILL_SERVER_DRAIN_DELAY=5s seckill serve",
                    "seckill serve --compat demo --counter redis://127.0.0.1:6379 --journal "
                    "kafka://127.0.0.1:9092 --orders mysql://seckill@127.0.0.1:3306/seckill"},
       .flags = flags,
       .run = run_serve,
       .more =
           "SIGTERM (or SIGQUIT, Ctrl-C) drains and ends with 0; a second one ends at once with "
           "130. SIGHUP reads\nlimits.request_deadline, server.drain_delay and the token files "
           "again and says what needs a restart\n(at a terminal it ends, as SIGTERM). A journal "
           "that cannot be written ends it with 1, a damaged one\nwith 5 (do not restart: "
           "docs/runbook.md)."}};
}

}  // namespace seckill::app
