// seckill journal dump|verify: the journal itself, a live server's, too.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/json_read.h"
#include "app/parts.h"
#include "app/settings.h"
#include "journal/verify.h"

namespace seckill::app {
namespace {

Exit run_dump(const Args& args, Talk& talk) {
  const auto loaded = load_settings(args);
  if (!loaded) return talk.fail(loaded.error());
  const auto from = args.read("from", count_from, std::uint64_t{0});
  const auto most = args.read("limit", count_from, UINT64_MAX);
  if (!from) return talk.fail(from.error());
  if (!most) return talk.fail(most.error());
  std::uint64_t left = *most;
  const Error enough{Error::Code::kFailed, "enough"};
  const Status dumped =
      dump_journal(loaded->settings, Position{*from}, [&](const Entry& entry) -> Status {
        if (left-- == 0) return fail(enough);
        const std::string line = to_json_line(entry) + "\n";
        if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size())
          return fail(enough);  // its reader has left
        return {};
      });
  std::fflush(stdout);
  if (!dumped && dumped.error().message != enough.message) return talk.fail(dumped.error());
  return Exit::kDone;
}

std::string verified_json(const Verified& found, const std::optional<Position>& rows_at) {
  Json json{{"whole", !found.damage},
            {"identity", to_text(found.identity)},
            {"segments", found.segments},
            {"blocks", found.blocks},
            {"records", found.records},
            {"bytes", found.bytes},
            {"torn_bytes", found.torn_bytes},
            {"end", number(found.end)},
            {"first_stamp", to_rfc3339(found.first_stamp)},
            {"last_stamp", to_rfc3339(found.last_stamp)}};
  json["rows_at"] = rows_at ? Json(number(*rows_at)) : Json();
  json["damage"] = found.damage ? Json(found.damage->message) : Json();
  return dumped(json);
}

std::string torn_text(const CheckedJournal& checked) {
  return fmt::format("{} bytes of a last write {}", checked.found.torn_bytes,
                     checked.rows_at
                         ? "that nobody was told of: the next start drops them"
                         : "that is not whole: torn, or rotten? Without its rows (--orders) that "
                           "cannot be told apart");
}

Exit run_verify(const Args& args, Talk& talk) {
  const auto loaded = load_settings(args);
  if (!loaded) return talk.fail(loaded.error());
  const auto checked = check_journal(loaded->settings);
  if (!checked) return talk.fail(checked.error());
  const Verified& found = checked->found;
  const std::string sums =
      fmt::format("{} in {}, {}, {}; identity {}", counted(found.records, "record"),
                  counted(found.blocks, "block"), counted(found.segments, "segment"),
                  size_text(found.bytes), to_text(found.identity));
  if (talk.json()) {
    talk.result(verified_json(found, checked->rows_at));
  } else if (!found.damage) {
    talk.result(talk.good("journal whole: " + sums));
    if (found.torn_bytes > 0) talk.say(talk.mild(torn_text(*checked)));
  } else {
    talk.result(talk.bad("journal damaged, behind " + sums));
  }
  return found.damage ? talk.fail(*found.damage) : Exit::kDone;
}

}  // namespace

std::vector<Command> journal_commands() {
  auto dump_flags = settings_flags({"journal", "data", "allow-unsafe-kafka"});
  dump_flags.push_back({"from", "POSITION", "begin with this record (default 0)"});
  dump_flags.push_back({"limit", "N", "at most so many (default all)"});
  return {
      {.name = "journal dump",
       .summary = "the journal's records as JSON lines, secrets masked",
       .examples = {"seckill journal dump", "seckill journal dump --from 1000 --limit 20 | jq ."},
       .flags = dump_flags,
       .run = run_dump},
      {.name = "journal verify",
       .summary = "check every block; exit 5 names segment and offset",
       .examples = {"seckill journal verify",
                    "seckill journal verify --journal file:/var/lib/seckill --json"},
       .flags = settings_flags(
           {"journal", "data", "orders", "orders-password-file", "allow-unsafe-kafka"}),
       .run = run_verify}};
}

}  // namespace seckill::app
