#include "node.h"

#include <algorithm>
#include <utility>

namespace seckill::simulation {

Node::Node(NodeId id, std::string name, Stage& stage, Witness& witness, Canary& canary,
           const SaleLimits& limits, Hear hear)
    : id_(id),
      name_(std::move(name)),
      stage_(stage),
      chance_(stage.chance.split()),
      witness_(witness),
      canary_(canary),
      limits_(limits),
      hear_(std::move(hear)) {}

Node::~Node() = default;

// ---- its life ----

void Node::open_for_business(Ledger ledger, seckill::Node name, Journal& journal,
                             Counter* counter) {
  process_ = std::make_unique<Process>();
  disturbed_until_ = stage_.now().steady;
  Process& p = *process_;
  stage_.trace(name_, "{} records, {} open holds", number(ledger.position()), ledger.open_holds());
  p.watch = std::make_unique<JournalWatch>(journal, stage_, name, limits_.shared);
  p.sale = std::make_unique<Sale>(std::move(ledger), name, limits_);
  p.shell = std::make_unique<Shell>(
      *p.sale, *p.watch, [this] { return clock(); },
      [this](std::span<const Answer> answers) { tell(answers); },
      [this](const std::string& why) { stopped(why); }, counter);
}

void Node::end_process() {
  ++crashes_;
  process_.reset();
  stage_.go_on(id_);
}

// SIGTERM: whoever waits is answered first, and soon.
void Node::drain() {
  if (!up() || is_stopped() || std::exchange(process_->draining, true)) return;
  stage_.trace(name_, "drains");
  stage_.reached("SIGTERM");
  process_->sale->drain();
  expect_drained();
  touched();
}

// Within 5 s, or what a shared log may take; a stop meanwhile does not count.
void Node::expect_drained() {
  process_->was_stopped = false;
  later(microseconds(limits_.shared ? 25'000'000 : 5'000'000), [this] {
    if (process_->was_stopped) return expect_drained();
    stage_.check(process_->stopping, "I10", "it drains for ever");
  });
}

void Node::drained() {
  process_->stopping = true;
  later(microseconds(1'000), [this] {
    crash(Crash::kKill, chance_);
    start_again(microseconds(50'000), microseconds(500'000));
  });
}

void Node::start_again(microseconds usual, microseconds most) {
  const auto pause = chance_.delay(usual.count(), most.count());
  stage_.later(microseconds(pause), [this] { start(); });
}

void Node::stop_for(microseconds time, bool when_asked) {
  if (when_asked) stops_when_asked_ = time;
  if (when_asked || !up() || is_stopped()) return;
  stage_.trace(name_, "is stopped for {} ms", time.count() / 1'000);
  stage_.reached(time > microseconds(10'000'000) ? "SIGSTOP for more than 10 s" : "SIGSTOP");
  process_->was_stopped = true;
  disturbed_until_ = std::max(disturbed_until_, stage_.now().steady + time);
  stage_.withhold(id_, stage_.now().steady + time);
}

void Node::stopped(const std::string& why) {
  process_->stopping = true;
  stage_.trace(name_, "stops itself: {}", why);
  check_stop(why);
  const auto pause = chance_.delay(1'000, 50'000);
  later(microseconds(pause), [this] {
    crash(Crash::kKill, chance_);
    start_again(microseconds(50'000), microseconds(500'000));
  });
}

// ---- its loop ----

void Node::later(microseconds delay, std::function<void()> event) {
  stage_.later(
      delay,
      [this, epoch = starts_, event = std::move(event)] {
        if (up() && starts_ == epoch) event();
      },
      id_);
}

void Node::touched() {
  Process& p = *process_;
  witness_.examine_sums(p.sale->ledger());
  check_bounds();
  note_branches();
  if (p.sale->quiet()) {
    stage_.check(p.waiting.empty(), "I11", "somebody who asked was forgotten");
    if (p.draining && !p.stopping) drained();
  }
  if (!p.idle_comes) {
    p.idle_comes = true;
    const auto soon = chance_.delay(50, 3'000);
    later(microseconds(soon), [this] {
      Process& process = *process_;
      process.idle_comes = false;
      const auto before = process.sale->stats().turns;
      process.shell->pump();
      process.shell->idle();
      if (process.sale->stats().turns != before) touched();
    });
  }
  const SteadyTime wake = p.shell->wake();
  if (wake == kNever || wake >= p.wakes_at) return;
  const SteadyTime at = std::max(wake, stage_.now().steady);
  p.wakes_at = at;
  const microseconds late(chance_.between(0, 1'000));
  later(at - stage_.now().steady + late, [this, at] {
    if (process_->wakes_at == at) process_->wakes_at = kNever;
    process_->shell->pass();
    touched();
  });
}

// Rare things of the sale, for the table.
void Node::note_branches() {
  Process& p = *process_;
  const auto note = [this](std::uint64_t& noted, std::uint64_t is, const char* what) {
    if (is > noted) stage_.reached(what, is - noted);
    noted = is;
  };
  note(p.stale, p.sale->stats().stale_answers, "a record of ours comes late, or twice");
  note(p.put_off, p.sale->stats().put_off, "the counter says no, and a claim is put off");
  note(p.unknown, p.sale->hint().unknown(), "a turn goes without the counter");
  note(p.doubts, p.sale->hint().doubts(), "the counter is not believed");
}

void Node::check_bounds() {
  const Process& p = *process_;
  const std::uint32_t lookers = limits_.shared ? limits_.waiting_max + limits_.lane_max : 0;
  stage_.check(p.sale->waiting() <= limits_.waiting_max + limits_.lane_max + lookers, "I12",
               "more wait than may");
  stage_.check(p.watch->most() <= limits_.turn_claims + limits_.turn_lane, "I12",
               "a turn is larger than it may be");
}

// ---- its door ----

bool Node::ask(const Call& call) {
  if (!up() || process_->stopping) return false;
  if (is_stopped()) {  // the kernel takes the connection and the bytes
    later(microseconds(0), [this, call] {
      if (!process_->stopping) take(call);
    });
  } else {
    take(call);
  }
  return true;
}

void Node::take(const Call& call) {
  Process& p = *process_;
  witness_.asked(call.ask);
  stage_.trace(limits_.shared ? name_ : "door", "{}", to_text(call.ask));
  Ask ask = call.ask;
  const auto at_once = canary_.at_the_door(ask, p.sale->ledger());
  const Who who = seat(call.id);
  const Asked asked{call.ask, witness_.known(), news_at_first(call.ask), p.sale->quiet()};
  p.waiting.emplace(who, asked);
  if (at_once) {
    const Answer answer{who, *at_once};
    tell(std::span(&answer, 1));
  } else {
    p.shell->ask(who, ask);
  }
  touched();
  if (stops_when_asked_) stop_for(*std::exchange(stops_when_asked_, {}), /*when_asked=*/false);
}

// What may have made a hopeful claim a hopeless one: changes of terms, others' records, ours that
// were given up.
std::uint64_t Node::news() const {
  const Process& p = *process_;
  return p.watch->news() + (limits_.shared ? p.sale->stats().stale_answers : 0);
}

// How much of that had come when this was asked, or when the claim was that it joins.
std::uint64_t Node::news_at_first(const Ask& ask) const {
  std::uint64_t least = news();
  const auto* buy = std::get_if<Buy>(&ask);
  if (buy == nullptr) return least;
  for (const auto& [who, other] : process_->waiting) {
    const auto* same = std::get_if<Buy>(&other.ask);
    if (same != nullptr && same->sale == buy->sale && same->buyer == buy->buyer &&
        same->key == buy->key) {
      least = std::min(least, other.news);
    }
  }
  return least;
}

Who Node::seat(std::uint64_t call) {
  Process& p = *process_;
  if (p.free.empty()) {
    p.free.push_back(static_cast<std::uint32_t>(p.slots.size()));
    p.slots.emplace_back();
  }
  const std::uint32_t slot = p.free.back();
  p.free.pop_back();
  p.slots[slot].call = call;
  return {slot, p.slots[slot].generation};
}

void Node::free_slot(std::uint32_t slot) {
  Slot& free = process_->slots[slot];
  free.call.reset();
  ++free.generation;
  process_->free.push_back(slot);
}

void Node::leave(std::uint64_t call) {
  if (!up()) return;
  if (!is_stopped()) return let_go(call);
  later(microseconds(0), [this, call] { let_go(call); });
}

void Node::let_go(std::uint64_t call) {
  auto& slots = process_->slots;
  const auto slot =
      std::find_if(slots.begin(), slots.end(), [&](const Slot& s) { return s.call == call; });
  if (slot != slots.end()) free_slot(static_cast<std::uint32_t>(slot - slots.begin()));
}

void Node::tell(std::span<const Answer> answers) {
  Process& p = *process_;
  for (const auto& [who, verdict] : answers) {
    const auto waiting = p.waiting.find(who);
    if (!stage_.check(waiting != p.waiting.end(), "I11", "nobody asked, or he was answered")) {
      return;
    }
    const Asked asked = waiting->second;
    const Ask& ask = asked.ask;
    p.waiting.erase(waiting);
    // Alone, a node knows all that was told until now.
    const Known alone{witness_.known().answers, Position{}};
    witness_.said(ask, verdict, p.sale->ledger(), limits_.shared ? asked.known : alone);
    check_refusal(asked, verdict);
    stage_.note((number(verdict.position) << 8) | static_cast<std::uint64_t>(verdict.outcome));
    const Slot& slot = p.slots[who.slot];
    const bool there = slot.call && slot.generation == who.generation;
    stage_.trace(name_, "{}: {}{}{}", to_text(ask), seckill::to_text(verdict.outcome),
                 verdict.gives() ? ", " + name_of(verdict.order) : "",
                 there ? "" : " (he has left)");
    if (!there) stage_.reached("an answer to somebody who has left");
    if (!slot.call || (!there && canary_.heeds_generations())) continue;
    hear_(*slot.call, verdict);
    free_slot(who.slot);
  }
}

// A no must have been needed.
void Node::check_refusal(const Asked& asked, const Verdict& verdict) {
  const Process& p = *process_;
  const Outcome said = verdict.outcome;
  const auto* buy = std::get_if<Buy>(&asked.ask);
  const bool money =
      std::holds_alternative<PayAsk>(asked.ask) || std::holds_alternative<CancelAsk>(asked.ask);
  if (money && said == Outcome::kBusy) {
    const bool needed = p.draining || p.stopping || !p.sale->why().empty() ||
                        p.watch->room() == Room::kFull || p.sale->waiting() >= limits_.lane_max;
    stage_.check(needed, "I11", "money was turned away, and there was room (J6)");
  }
  if (buy == nullptr) return;
  const bool recorded = verdict.position < p.sale->ledger().position();
  const bool alone = limits_.shared ? p.sale->quiet() : asked.alone;
  if (!recorded && alone && !verdict.gives()) {
    witness_.refused_alone(*buy, verdict, p.watch->log_time(stage_.now()));
  }
  // Whoever has no hope leaves no record (A10): what is in flight is counted, so that only news
  // can make a hopeful claim a hopeless one.
  const bool hopeless =
      said == Outcome::kSoldOut || said == Outcome::kLimitReached || said == Outcome::kSaleFull;
  if (!recorded || !hopeless) return;
  stage_.reached("a hopeful claim was hopeless after all");
  stage_.check(news() != asked.news, "A10", "a hopeless claim was recorded");
}

// ---- what the world looks at ----

const Ledger* Node::ledger() const { return up() ? &process_->sale->ledger() : nullptr; }

bool Node::quiet() const { return up() && process_->sale->quiet(); }

}  // namespace seckill::simulation
