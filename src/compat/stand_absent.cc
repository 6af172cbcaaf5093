// For a build without librdkafka or without libhiredis; else stand.cc takes its place
// (station.cmake).
#include "compat/stand.h"

namespace seckill::compat {
namespace {

tl::unexpected<Error> absent() {
  return fail(Error::Code::kInvalid,
              "compat: this build has no Kafka or no Redis; install librdkafka-dev and "
              "libhiredis-dev and build again");
}

}  // namespace

Result<std::unique_ptr<Stand>> Stand::open(StandOptions, Tell) { return absent(); }
Result<Figures> look_at_stand(const StandOptions&) { return absent(); }

}  // namespace seckill::compat
