// For a build without librdkafka; else kafka_*.cc take its place (station.cmake).
#include "journal/kafka_journal.h"

namespace seckill {
namespace {

tl::unexpected<Error> absent() {
  return fail(Error::Code::kInvalid,
              "journal/kafka: this build has no Kafka; install librdkafka-dev and build again, or "
              "use --journal file:DIR");
}

}  // namespace

Result<std::unique_ptr<KafkaJournal>> KafkaJournal::open(KafkaOptions, KafkaGenesis,
                                                         const Visitor&) {
  return absent();
}
Result<std::unique_ptr<JournalReader>> open_kafka_reader(KafkaOptions, KafkaSeen) {
  return absent();
}
Result<std::vector<std::string>> kafka_listeners(const KafkaOptions&, milliseconds) {
  return absent();
}
Result<KafkaTopic> look_at_kafka_topic(const KafkaOptions&, milliseconds) { return absent(); }

}  // namespace seckill
