#include "clerk.h"

#include <utility>

namespace seckill::simulation {

struct Clerk::Process {
  Process(Broker& broker, const Link& link, Canary& canary, SimOrders& rows,
          ConsumerOptions options)
      : reader(broker, link),
        other_orders(canary.orders(rows)),
        consumer(reader, other_orders ? *other_orders : rows, std::move(options)) {}
  SimLogReader reader;
  std::unique_ptr<Orders> other_orders;
  Consumer consumer;
  bool saw_mixed_up = false;  // rows
};

Clerk::Clerk(NodeId id, Stage& stage, Canary& canary, Broker& broker, SimOrders& rows,
             const DatabaseMood& mood)
    : id_(id),
      name_(fmt::format("clerk {}", static_cast<int>(id) % 10)),
      stage_(stage),
      chance_(stage.chance.split()),
      canary_(canary),
      broker_(broker),
      rows_(rows),
      mood_(mood) {}

Clerk::~Clerk() = default;

// As `consume` does: the topic is looked at first.
void Clerk::start() {
  if (up()) return;
  ++starts_;
  if (broker_.mood.away) return start_again(microseconds(500'000));
  if (const auto safe = check_kafka_topic(broker_.look(), topic_options()); !safe) {
    stage_.check(broker_.disaster().has_value(), "I9",
                 "stopped for nothing: " + safe.error().message);
    return start_again(microseconds(1'000'000));
  }
  process_ = std::make_unique<Process>(broker_, link, canary_, rows_, invent_options());
  later(microseconds(chance_.delay(5'000, 100'000)), [this] { consume(); });
}

// Batches so small that many are full. Side by side means in either order.
ConsumerOptions Clerk::invent_options() {
  ConsumerOptions options{.batch_max = 1 + chance_.below(chance_.percent(50) ? 8 : 200)};
  options.side_by_side = [this](const std::function<void()>& store,
                                const std::function<void()>& read) {
    stage_.reached("a batch is read while another is stored");
    const bool store_first = chance_.percent(50);
    if (store_first) store();
    read();
    if (!store_first) store();
  };
  return options;
}

void Clerk::start_again(microseconds after) {
  stage_.later(after, [this] { start(); });
}

void Clerk::crash() {
  if (!up()) return;
  stage_.trace(name_, "is killed");
  stage_.reached("a consumer is killed");
  process_.reset();
  stage_.go_on(id_);
  start_again(microseconds(chance_.delay(100'000, 2'000'000)));
}

void Clerk::stop_for(microseconds time) {
  if (!up() || stage_.is_withheld(id_)) return;
  stage_.trace(name_, "is stopped for {} ms", time.count() / 1'000);
  stage_.reached("a consumer is stopped");
  stage_.withhold(id_, stage_.now().steady + time);
}

void Clerk::calm() {
  link = {};
  stage_.go_on(id_);
  start();
}

void Clerk::later(microseconds delay, std::function<void()> event) {
  stage_.later(
      delay,
      [this, epoch = starts_, event = std::move(event)] {
        if (up() && starts_ == epoch) event();
      },
      id_);
}

void Clerk::consume() {
  Consumer& consumer = process_->consumer;
  const auto before = consumer.stats();
  const bool mixed_up = rows_.mixed_up();
  process_->saw_mixed_up |= mixed_up;
  const auto transactions = rows_.transactions();
  const auto more = consumer.turn(stage_.now());
  if (consumer.stats().lost_races > before.lost_races) stage_.reached("a lost race for the rows");
  if (consumer.stats().quarantined > before.quarantined) stage_.reached("a record in quarantine");
  stage_.check(!mixed_up || rows_.transactions() == transactions, "I9",
               "rows that are not this journal's were written to");
  const auto mark = rows_.mark();
  stage_.check(
      rows_.mixed_up() || broker_.disaster() || !mark || number(mark->next) <= broker_.end(), "I9",
      "rows are ahead of what is durable");
  if (!more && !goes_on_after(more.error())) return;
  const auto pause = more && *more ? chance_.delay(500, 20'000) : chance_.delay(20'000, 300'000);
  later(microseconds(pause), [this] { consume(); });
}

// It stopped: was it right to? False: this process is over.
bool Clerk::goes_on_after(const Error& error) {
  if (error.code == Error::Code::kUnavailable) return true;
  stage_.trace(name_, "stops: {}", error.message);
  const bool many = error.code == Error::Code::kFailed && mood_.refuses();
  if (many) stage_.reached("too many records in quarantine");
  const bool refused = error.code == Error::Code::kCorrupt && was_to_be_refused();
  if (!many && !refused) stage_.blame("I9", "the consumer stopped for nothing: " + error.message);
  process_.reset();
  start_again(microseconds(1'000'000));
  return false;
}

// Then somebody mends it.
bool Clerk::was_to_be_refused() {
  if (broker_.disaster()) {
    stage_.reached("a consumer stops on " + std::string(to_text(*broker_.disaster())));
    return true;
  }
  if (!process_->saw_mixed_up) return false;
  if (!rows_.mixed_up()) return true;  // somebody else was first
  stage_.trace("operator", "brings the right rows");
  rows_.sort_out();
  return true;
}

}  // namespace seckill::simulation
