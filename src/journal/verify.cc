#include "journal/verify.h"

#include <vector>

#include "journal/file_reader.h"
#include "journal/walk.h"

namespace seckill {
namespace {

void count(const Block& block, Verified& so_far) {
  if (so_far.blocks == 0) so_far.first_stamp = block.stamp;
  so_far.last_stamp = block.stamp;
  ++so_far.blocks;
  so_far.records += block.records;
  so_far.bytes += block.bytes();
  so_far.end = block.end();
}

Status walk_all(Walk& walk, Verified& so_far) {
  std::vector<Entry> entries;
  for (;;) {
    const auto block = walk.next();
    if (!block) return fail(block.error());
    if (*block) {
      entries.clear();
      if (Status good = entries_of(**block, entries); !good) {
        return fail(damage_at(walk.last_block(), good.error().message));
      }
      count(**block, so_far);
      continue;
    }
    const auto tail = walk.judge_end();
    if (!tail) return fail(tail.error());
    so_far.torn_bytes = tail->bytes;
    if (!tail->grew) return {};
  }
}

}  // namespace

Result<Verified> verify(DiskReader& disk) {
  Walk walk(disk);
  Verified so_far;
  const auto there = walk.start();
  if (there && !*there) {
    return fail(Error::Code::kInvalid,
                "journal: there is no journal here; is the directory right?");
  }
  const Status walked = there ? walk_all(walk, so_far) : Status(fail(there.error()));
  so_far.segments = walk.segment().number;
  so_far.identity = walk.segment().identity;
  if (walked) return so_far;
  if (walked.error().code != Error::Code::kCorrupt) return fail(walked.error());
  so_far.damage = walked.error();
  return so_far;
}

Status dump(DiskReader& disk, Position from, const std::function<Status(const Entry&)>& each) {
  FileJournalReader reader(disk);
  for (;;) {
    const auto entries = reader.read(from, kTurnMax);
    if (!entries) return fail(entries.error());
    if (entries->empty()) return {};
    for (const Entry& entry : *entries) {
      if (Status good = each(entry); !good) return good;
    }
    from = next(entries->back().position);
  }
}

}  // namespace seckill
