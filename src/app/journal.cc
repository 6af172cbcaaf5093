// seckill journal dump|verify: the journal itself, a live server's, too.
#include <fmt/format.h>

#include "app/parts.h"
#include "app/settings.h"
#include "journal/verify.h"

namespace seckill::app {
namespace {

Result<std::unique_ptr<DiskReader>> disk_of(const Args& args) {
  auto loaded = load_settings(args);
  if (!loaded) return fail(std::move(loaded.error()));
  return open_disk_reader(loaded->settings);
}

Exit run_dump(const Args& args, Talk& talk) {
  auto disk = disk_of(args);
  if (!disk) return talk.fail(disk.error());
  const auto from = args.read("from", count_from, std::uint64_t{0});
  const auto most = args.read("limit", count_from, UINT64_MAX);
  if (!from) return talk.fail(from.error());
  if (!most) return talk.fail(most.error());
  std::uint64_t left = *most;
  const Error enough{Error::Code::kFailed, "enough"};
  const Status dumped = dump(**disk, Position{*from}, [&](const Entry& entry) -> Status {
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

std::string verified_json(const Verified& found) {
  return fmt::format(
      R"({{"whole":{},"identity":"{}","segments":{},"blocks":{},"records":{},"bytes":{},"torn_bytes":{},"end":{},)"
      R"("first_stamp":"{}","last_stamp":"{}","damage":{}}})",
      !found.damage, to_text(found.identity), found.segments, found.blocks, found.records,
      found.bytes, found.torn_bytes, number(found.end), to_rfc3339(found.first_stamp),
      to_rfc3339(found.last_stamp),
      found.damage ? fmt::format("\"{}\"", found.damage->message) : "null");
}

Exit run_verify(const Args& args, Talk& talk) {
  auto disk = disk_of(args);
  if (!disk) return talk.fail(disk.error());
  const auto found = verify(**disk);
  if (!found) return talk.fail(found.error());
  const std::string sums = fmt::format(
      "{} records in {} blocks, {} segments, {}; identity {}", grouped(found->records),
      grouped(found->blocks), found->segments, size_text(found->bytes), to_text(found->identity));
  if (talk.json()) {
    talk.result(verified_json(*found));
  } else if (!found->damage) {
    talk.result(talk.good("journal whole: " + sums));
    if (found->torn_bytes > 0) {
      talk.say(talk.mild(
          fmt::format("{} bytes of a last write that nobody was told of: the next start drops them",
                      found->torn_bytes)));
    }
  } else {
    talk.result(talk.bad("journal damaged, behind " + sums));
  }
  return found->damage ? talk.fail(*found->damage) : Exit::kDone;
}

}  // namespace

std::vector<Command> journal_commands() {
  auto dump_flags = settings_flags({"journal"});
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
       .flags = settings_flags({"journal"}),
       .run = run_verify}};
}

}  // namespace seckill::app
