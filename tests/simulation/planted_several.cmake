# The bugs that only several nodes over one log can have, or that only they can show: planted like
# those of planted.cmake, and looked for among several nodes.
set(planted_shared true)

# ---- the barrier ----

plant(answer-before-the-barrier "a node answers from what it knows, however old that is"
  "A2 | I2 | I5" sale/sale.cc
  [[  if (asked_ == nullptr) return answer(who, verdict);]]
  [[  if (asked_ == nullptr || PLANTED) return answer(who, verdict);]])
plant(look-before-the-barrier "only who looks for an order is answered from what the node knows"
  "A2 | I2" sale/sale.cc
  [[  answer_from_view(who, said(found ? Outcome::kFound : Outcome::kUnknownOrder, ask.order));]]
  [[  const Verdict seen = said(found ? Outcome::kFound : Outcome::kUnknownOrder, ask.order);
  if (PLANTED) return answer(who, seen);
  answer_from_view(who, seen);]])
plant(a-sale-before-the-barrier "only who looks for a sale is answered from what the node knows"
  "A2 | I2" sale/sale.cc
  [[  answer_from_view(who, said(found ? Outcome::kFound : Outcome::kUnknownSale));]]
  [[  const Verdict seen = said(found ? Outcome::kFound : Outcome::kUnknownSale);
  if (PLANTED) return answer(who, seen);
  answer_from_view(who, seen);]])
plant(barrier-for-latecomers "who asks while a barrier is under way is answered behind it, too"
  "A2 | I2 | I5" sale/sale.cc
  [[  for (std::size_t n = looking(); n > 0; --n) {
    const Asked asked = lookers_.front();
    lookers_.pop();
    std::visit]]
  [[  for (std::size_t n = PLANTED ? lookers_.size() : looking(); n > 0; --n) {
    const Asked asked = lookers_.front();
    lookers_.pop();
    std::visit]])
plant(anything-is-a-barrier "whatever comes back lets those who wait for a barrier look"
  "A2 | I2 | I5" sale/sale.cc
  [[  if (!in_flight()) look_again();]]
  [[  if (!in_flight() || PLANTED) look_again();]])
plant(twins-hear-an-old-no "who joined a claim that was sent before he asked hears its no"
  "A2 | I5" sale/sale.cc
  [[  const SaleView* sale = limits_.shared && is_no(verdict) ? ledger_.sale(reserve.sale) : nullptr;]]
  [[  const SaleView* sale = limits_.shared && is_no(verdict) && !PLANTED ? ledger_.sale(reserve.sale) : nullptr;]])
plant(key-in-flight-is-his "another body under a key that is in flight here is 422, whoever has it in the log"
  "I5 | A2" sale/sale.cc
  [[    if (limits_.shared && twin.reserve.body != claim.body) return look_later({who, buy});]]
  [[    if (limits_.shared && twin.reserve.body != claim.body && !PLANTED) return look_later({who, buy});]])

# ---- who may ask, and again ----

plant(a-no-is-remembered "who was refused once is refused again, though units came back (A4)"
  "I3" sale/sale.cc
  [[  const Verdict verdict = ledger_.judge(claim, counted_, now.raw);]]
  [[  Verdict verdict = ledger_.judge(claim, counted_, now.raw);
  static boost::unordered_flat_map<OrderId, bool, OrderIdHash> refused;
  if (PLANTED && verdict.outcome == Outcome::kSoldOut) refused[claim.order] = true;
  if (PLANTED && verdict.outcome == Outcome::kWon && refused.contains(claim.order)) {
    verdict.outcome = Outcome::kSoldOut;
  }]])
plant(the-nameless-may-hold "who has no name gets an order that he could never pay (A8)"
  "I7" sale/sale.cc
  [[  if (buy.anonymous && (terms.per_buyer != 0 || terms.hold_ms != 0)) {]]
  [[  if (buy.anonymous && (terms.per_buyer != 0 || terms.hold_ms != 0) && !PLANTED) {]])

# ---- time ----

plant(the-nodes-own-clock "a node judges by its own clock, not by the log's"
  "I3 | I7 | I10" sale/sale.cc
  [[  if (heard_at_ == kNever) return now;]]
  [[  if (heard_at_ == kNever || PLANTED) return now;]])
plant(time-before-the-barrier "behind a barrier people are judged by the time before it"
  "I3 | A2" sale/sale.cc
  [[    now_ = by_the_log(now);]]
  [[    if (!PLANTED) now_ = by_the_log(now);]])
plant(hold-from-the-asking "a hold begins by the clock of the node that was asked"
  "rules | I7 | audit orders-differ | audit units-differ" ledger/ledger.cc
  [[    due_->add({order.due, at.position, order.id});]]
  [[    due_->add({PLANTED ? reserve.asked_at + milliseconds(order.hold_ms) : order.due, at.position, order.id});]])

# ---- what is unknown, what is late, what comes twice ----

plant(unknown-is-a-no "a claim whose outcome is unknown is told that all is sold"
  "I3 | I5 | A2" sale/sale.cc
  [[    finish({.outcome = Outcome::kUnsure,]]
  [[    if (const auto* claim = std::get_if<Reserve>(&turn_[back_].body); PLANTED && claim) {
      const SaleView* sale = ledger_.sale(claim->sale);
      finish({.outcome = Outcome::kSoldOut,
              .order = claim->order,
              .left = sale == nullptr ? 0 : sale->available(),
              .position = ledger_.position()});
      continue;
    }
    finish({.outcome = Outcome::kUnsure,]])
plant(unknown-is-a-yes "a claim whose outcome is unknown is told that it has won"
  "I2 | I5 | I1 | I6 | I4" sale/sale.cc
  [[void Sale::on(Now, const Unsure&) {
  ++stats_.unsure;]]
  [[void Sale::on(Now, const Unsure&) {
  while (PLANTED && in_flight() && std::holds_alternative<Reserve>(turn_[back_].body)) {
    const Reserve& sold = std::get<Reserve>(turn_[back_].body);
    const SaleView* sale = ledger_.sale(sold.sale);
    finish({.outcome = Outcome::kWon,
            .order = sold.order,
            .left = sale == nullptr ? 0 : sale->available(),
            .position = ledger_.position()});
  }
  ++stats_.unsure;]])
plant(late-record-is-the-next "a record that was given up and comes late is taken for the one in flight"
  "I11 | I5 | I2 | I7 | A2 | belief" sale/sale.cc
  [[  if (in_flight() && turn_[back_] == mine) return finish(verdict);]]
  [[  if (in_flight() && (PLANTED || turn_[back_] == mine)) return finish(verdict);]])
plant(twice-is-two "a claim that is in the log twice is granted twice"
  "I5 | I1 | I7 | rules | belief" ledger/ledger.cc
  [[  if (const auto outcome = known(*found, wanted)) return verdict(*outcome, found, reserve.order);]]
  [[  if (const auto outcome = known(*found, wanted); outcome && !PLANTED) return verdict(*outcome, found, reserve.order);]])
plant(order-id-by-chance "an order's id is drawn when its claim comes"
  "I3 | I5" sale/sale.cc
  [[  const Claim claim = maker_.make(buy, terms);]]
  [[  Claim claim = maker_.make(buy, terms);
  if (PLANTED) claim.order.bits.lo ^= static_cast<std::uint64_t>(now.steady.us);]])

# ---- the shared counter ----

plant(the-counters-no-is-final "whom the counter refuses is told that all is sold"
  "I3 | A2 | I5" sale/heed.cc
  [[  look_later({hopeful.who, again});]]
  [[  if (PLANTED) {
    answer(hopeful.who, {.outcome = Outcome::kSoldOut,
                         .order = reserve.order,
                         .left = sale->available(),
                         .position = ledger_.position()});
  } else {
    look_later({hopeful.who, again});
  }]])
plant(the-counter-sells "whom the counter grants is told that he has won, and nothing is recorded"
  "I2 | I1 | I5 | I4 | I3" sale/heed.cc
  [[        return hint_.grants(reserve.sale, reserve.quantity) || !put_off(hopeful);]]
  [[        const bool sells = hint_.grants(reserve.sale, reserve.quantity);
        if (PLANTED && sells) {
          const SaleView* sale = ledger_.sale(reserve.sale);
          release(hopeful, {.outcome = Outcome::kWon,
                            .order = reserve.order,
                            .left = sale == nullptr ? 0 : sale->available(),
                            .position = ledger_.position()});
          return false;
        }
        return sells || !put_off(hopeful);]])
plant(put-off-without-twins "whom the counter refuses is put off, and who joined him is forgotten"
  "I11" sale/heed.cc
  [[  twins_.release(hopeful.twins, [&](Who who) { look_later({who, again}); });]]
  [[  twins_.release(hopeful.twins, [&](Who who) { if (!PLANTED) look_later({who, again}); });]])
plant(the-counter-is-never-told "what the ledger knows is not told to the counter"
  "I3" sale/hint.cc
  [[  return tells_.empty() ? nullptr : &tell_;]]
  [[  return PLANTED || tells_.empty() ? nullptr : &tell_;]])
plant(told-once-for-all "what the counter was told once it is not told again, though it may have gone back"
  "I3" sale/hint.cc
  [[  if (tell_all_at_ <= now && is_told_) {]]
  [[  if (!PLANTED && tell_all_at_ <= now && is_told_) {]])
plant(the-counter-is-never-doubted "a counter that says no for ever is believed for ever"
  "I10 | I3" sale/hint.cc
  [[  if (now < known.refused_since + kDoubt) return;]]
  [[  if (PLANTED || now < known.refused_since + kDoubt) return;]])
plant(the-counter-is-waited-for "a counter that is silent is waited for without end"
  "I10 | I11 | I3" sale/hint.cc
  [[  if (waits() && now >= asked_at_ + kPatience) {]]
  [[  if (!PLANTED && waits() && now >= asked_at_ + kPatience) {]])

# ---- the topic ----

plant(a-second-partition "a topic of two partitions is read as if it had one order"
  "I9" journal/kafka_options.cc
  [[  if (topic.partitions != 1)]]
  [[  if (topic.partitions != 1 && !PLANTED)]])
plant(a-topic-that-forgets "a topic may delete what is a week old"
  "I9" journal/kafka_options.cc
  [[  must_be("retention.ms", "-1");]]
  [[  if (!PLANTED) must_be("retention.ms", "-1");]])
plant(a-topic-without-its-start "a topic whose first records were deleted is gone on with"
  "I9" journal/kafka_options.cc
  [[  if (topic.start != 0) {]]
  [[  if (topic.start != 0 && !PLANTED) {]])
plant(stamps-of-anybody "a record that its writer stamped is believed"
  "I9" journal/follower.cc
  [[  if (!message.stamped_by_broker) {]]
  [[  if (!message.stamped_by_broker && !PLANTED) {]])
plant(a-newer-format-is-nothing "a record of a newer format is passed over like a stranger's"
  "I9" journal/follower.cc
  [[  if (is_newer(message.bytes)) {]]
  [[  if (is_newer(message.bytes) && !PLANTED) {]])
plant(newer-rules-are-ours "a journal that newer rules have written is gone on with by older ones"
  "I9" ledger/ledger.cc
  [[  if (tick.rules > newest_) {]]
  [[  if (tick.rules > newest_ && !PLANTED) {]])
plant(another-record-is-the-same "who was cut off does not look whether the last record is still what it was"
  "I9 | I6 | A2 | I2" journal/follower.cc
  [[    if (hash_of(message.stamp, message.bytes) == *last_) return]]
  [[    if (PLANTED || hash_of(message.stamp, message.bytes) == *last_) return]])
plant(the-last-record-again "who was cut off takes the last record for a new one"
  "I9 | belief" journal/follower.cc
  [[  if (std::exchange(doubtful_, false)) {]]
  [[  if (std::exchange(doubtful_, false) && !PLANTED) {]])
plant(strangers-have-no-place "a message that is no record of ours is passed over, and its place with it"
  "I9" journal/follower.cc
  [[  if (!record) {]]
  [[  if (!record && PLANTED) return {};
  if (!record) {]])
plant(any-record-is-a-receipt "whatever record comes back is taken for the receipt of ours"
  "I10 | I11 | I3" journal/follower.cc
  [[    if (std::ranges::equal(entry.bytes, sent_[back_]) && ++back_ == count_) return true;]]
  [[    if ((PLANTED || std::ranges::equal(entry.bytes, sent_[back_])) && ++back_ == count_) return true;]])

# ---- the rows ----

plant(rows-of-another-journal "rows of another journal are written on"
  "I9" orders/consumer.cc
  [[  if (ledger_->identity() != bookmark_->journal) {]]
  [[  if (ledger_->identity() != bookmark_->journal && !PLANTED) {]])
plant(rows-ahead-of-the-log "rows that know more than the log are taken as they are"
  "I2 | I9" orders/consumer.cc
  [[  if (entries->empty()) {
    const std::string what =]]
  [[  if (entries->empty() && PLANTED) {
    bookmark_->next = ledger_->position();
    return true;
  }
  if (entries->empty()) {
    const std::string what =]])

set(planted_shared false)
