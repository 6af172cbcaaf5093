// For a build without hiredis; else redis_*.cc take its place (station.cmake).
#include "counter/redis_counter.h"

namespace seckill {
namespace {

tl::unexpected<Error> absent() {
  return fail(Error::Code::kInvalid,
              "counter/redis: this build has no Redis; install libhiredis-dev and build again, or "
              "use --counter none");
}

}  // namespace

std::string redis_key_of(RecordHash, SaleUid) { return {}; }
Result<std::unique_ptr<RedisCounter>> RedisCounter::open(RedisOptions, RecordHash) {
  return absent();
}
Result<std::map<SaleUid, Left>> read_redis_counters(const RedisOptions&, RecordHash,
                                                    const std::vector<SaleUid>&) {
  return absent();
}
Result<RedisLook> look_at_redis(const RedisOptions&) { return absent(); }

}  // namespace seckill
