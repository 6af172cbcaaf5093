# The bugs that cannot be planted at a seam: each a change of a line or three in a copy of a source of
# ours. Those at the seams are in canary.cc.

# ---- the ledger ----

plant(hold-returned-twice "a hold that had ended returns its units again when it is due"
  "I7 | I3 | I1 | I4" ledger/ledger.cc
  [[if (order == nullptr || order->state != OrderState::kHeld) continue;]]
  [[if (order == nullptr || (order->state != OrderState::kHeld && !PLANTED)) continue;]])
plant(raw-clock "the ledger believes every step of the wall clock"
  "rules | I7 | I6 | audit orders-differ | audit units-differ | audit sales-differ | audit bookmark" ledger/ledger.cc
  [[  if (is <= was) return milliseconds{0};]]
  [[  if (PLANTED) return is - was;
  if (is <= was) return milliseconds{0};]])
plant(late-claim-granted "a claim is granted though its asker left long ago"
  "rules | audit rows-unknown | audit orders-differ | audit units-differ" ledger/ledger.cc
  [[  if (reserve.asked_at.ms < at.clock.ms - kLateAfter.count()) {]]
  [[  if (!PLANTED && reserve.asked_at.ms < at.clock.ms - kLateAfter.count()) {]])
plant(refund-twice "a refund is not remembered: the same money is given back again"
  "I7 | audit payments-differ" ledger/ledger.cc
  [[  payments_->add(id, {pay.order, pay.amount_minor, outcome});]]
  [[  if (!PLANTED || held) payments_->add(id, {pay.order, pay.amount_minor, outcome});]])
plant(no-refund "money for an order that has ended is kept, and called paid"
  "I7 | I8 | rules | audit payments-differ" ledger/ledger.cc
  [[  const auto outcome = held ? PaymentOutcome::kApplied : PaymentOutcome::kRefund;]]
  [[  const auto outcome = held || PLANTED ? PaymentOutcome::kApplied : PaymentOutcome::kRefund;]]
  [[  return held ? Outcome::kPaid : Outcome::kRefund;]]
  [[  return held || PLANTED ? Outcome::kPaid : Outcome::kRefund;]])
plant(another-body-is-the-same "a used key is answered with its order, whatever is asked under it"
  "I5" ledger/ledger.cc
  [[  return order->body == wanted.body ? Outcome::kReplayed : Outcome::kKeyReused;]]
  [[  return order->body == wanted.body || PLANTED ? Outcome::kReplayed : Outcome::kKeyReused;]])
plant(paid-units-are-left "the number of units left counts those that are paid"
  "I6" ledger/ledger.cc
  [[          .left = book == nullptr ? 0 : book->view().available(),]]
  [[          .left = book == nullptr ? 0 : book->view().available() + (PLANTED ? book->view().paid : 0),]])
plant(version-not-compared "two operators who saw the same version both have their way"
  "I6 | rules | audit sales-differ" ledger/terms_check.cc
  [[  if (terms.version != std::uint64_t{now.terms.version} + 1) return Outcome::kVersionConflict;]]
  [[  if (terms.version != std::uint64_t{now.terms.version} + 1 && !PLANTED) return Outcome::kVersionConflict;]])

# ---- one sale's book ----

plant(limit-for-one "the limit is compared as if everybody wanted one unit"
  "I4 | rules | audit limit | audit orders-differ" ledger/book.cc
  [[  if (terms.per_buyer != 0 && live + wanted.quantity > terms.per_buyer) {]]
  [[  if (terms.per_buyer != 0 && live + (PLANTED ? 1U : wanted.quantity) > terms.per_buyer) {]]
  [[  invariant(terms.per_buyer == 0 || sum->live <= terms.per_buyer,]]
  [[  invariant(PLANTED || terms.per_buyer == 0 || sum->live <= terms.per_buyer,]])
plant(limit-never-freed "a hold that ends does not give its buyer his share of the limit back"
  "I3" ledger/book.cc
  [[  sum.live -= order.quantity;]]
  [[  if (!PLANTED) sum.live -= order.quantity;]])
plant(unit-given-while-held "a unit is given to the next buyer, too"
  "I1 | I7 | audit double | audit units-differ" ledger/book.cc
  [[    changes.units.push_back({view_.terms.uid, unit, id});
  }
  return first;]]
  [[    changes.units.push_back({view_.terms.uid, unit, id});
    if (PLANTED && n + 1 == quantity) tables_->units.give_back(unit);
  }
  return first;]]
  [[  invariant(tables_->units.taken() == live,]]
  [[  invariant(PLANTED || tables_->units.taken() == live,]])
plant(return-leaks "units of a hold that ends are nobody's any more"
  "I6 | rules | I3 | audit units-differ | audit rows-unknown | audit sales-differ | audit conservation" ledger/book.cc
  [[    tables_->units.give_back(unit);]]
  [[    if (!PLANTED) tables_->units.give_back(unit);]]
  [[  view_.held -= order.quantity;
  view_.returned += order.quantity;]]
  [[  if (!PLANTED) view_.held -= order.quantity, view_.returned += order.quantity;]])
plant(pause-ignored "a paused sale sells"
  "rules | audit orders-differ | audit rows-unknown" ledger/book.cc
  [[    case Phase::kPaused: return Outcome::kPaused;]]
  [[    case Phase::kPaused:
      if (!PLANTED) return Outcome::kPaused;
      break;]])
plant(orders-without-end "a sale grants more orders than its terms allow"
  "I12 | rules" ledger/book.cc
  [[  if (orders >= view_.terms.orders_max) return Outcome::kSaleFull;]]
  [[  if (orders >= view_.terms.orders_max && !PLANTED) return Outcome::kSaleFull;]])
plant(a-buyer-without-end "a buyer may reserve and cancel for ever"
  "I12 | rules" ledger/book.cc
  [[  if (orders >= kOrdersPerBuyerMax) return Outcome::kLimitReached;]]
  [[  if (orders >= kOrdersPerBuyerMax && !PLANTED) return Outcome::kLimitReached;]])

# ---- the sale ----

plant(in-flight-not-counted "what is gathered and in flight is not counted when the next one asks"
  "A10" sale/sale.cc
  [[  counted_.add(claim);]]
  [[  if (!PLANTED) counted_.add(claim);]]
  [[  counted_.remove(reserve.sale, hopeful.buyer, reserve.quantity);]]
  [[  if (!PLANTED) counted_.remove(reserve.sale, hopeful.buyer, reserve.quantity);]])
plant(twins-forgotten "whoever joined a claim in flight is not answered with it"
  "I11" sale/sale.cc
  [[    if (sale == nullptr) return answer(who, twins);]]
  [[    if (PLANTED) return;
    if (sale == nullptr) return answer(who, twins);]])
plant(everybody-may-wait "the queue before the turn has no end"
  "I12" sale/sale.cc
  [[  if (draining_ || room_ != Room::kPlenty || claims_.size() >= limits_.waiting_max) {]]
  [[  if (draining_ || room_ != Room::kPlenty || (claims_.size() >= limits_.waiting_max && !PLANTED)) {]])
plant(turn-without-end "a turn takes all who wait"
  "I12" sale/sale.cc
  [[std::min<std::size_t>(claims, limits_.turn_claims)]]
  [[std::min<std::size_t>(claims, PLANTED ? kTurnMax - limits_.turn_lane : limits_.turn_claims)]])
plant(no-place-for-money "payments are refused along with claims"
  "I11" sale/sale.cc
  [[  if (draining_ || room_ == Room::kFull || lane_.size() >= limits_.lane_max) {]]
  [[  if (draining_ || room_ == Room::kFull || (PLANTED && room_ != Room::kPlenty) || lane_.size() >= limits_.lane_max) {]])
plant(does-not-stop "a process whose journal is broken goes on answering"
  "I10" sale/sale.cc
  [[  stop(broken.error.message);]]
  [[  if (PLANTED) return abandon();
  stop(broken.error.message);]])

# ---- the journal ----

plant(goes-on-after-a-failed-write "a write failed; the next one goes to the same place"
  "I9 | I2" journal/file_journal.cc
  [[  in_flight_.reset();
  if (done.error) {]]
  [[  in_flight_.reset();
  if (done.error && PLANTED) return Unsure{"never mind"};
  if (done.error) {]])
plant(trim-in-place "recovery goes on in the last segment, as it can be read"
  "I2 | I9" journal/file_journal.cc
  [[  const std::string name = segment_name(end.segment);
  const std::string temporary]]
  [[  if (PLANTED && disk_.sector() == segment_.sector) return {};
  const std::string name = segment_name(end.segment);
  const std::string temporary]])
plant(segment-without-spare "claims are let in though there is no spare segment"
  "I12 | I11" journal/file_journal.cc
  [[  if (spare_ == Spare::kReady) return Room::kPlenty;]]
  [[  if (spare_ == Spare::kReady || PLANTED) return Room::kPlenty;]])
plant(season-without-end "the season's cap is not looked at"
  "I12" journal/file_journal.cc
  [[  return (std::uint64_t{segment_.number} + 1) * options_.segment_bytes > options_.journal_max;]]
  [[  return !PLANTED && (std::uint64_t{segment_.number} + 1) * options_.segment_bytes > options_.journal_max;]])
plant(crc-not-looked-at "a block is believed without its checksum"
  "I9 | I2" journal/block.cc
  [[  if (crc32c(payload, crc32c(bytes.first(head - 4))) != crc) {]]
  [[  if (!PLANTED && crc32c(payload, crc32c(bytes.first(head - 4))) != crc) {]])

# ---- the rows ----

plant(digest-ignored "rows that other rules have written are taken for ours"
  "I9" orders/consumer.cc
  [[  if (ledger_->digest() != bookmark_->digest || ledger_->clock() != bookmark_->clock) {]]
  [[  if (!PLANTED && (ledger_->digest() != bookmark_->digest || ledger_->clock() != bookmark_->clock)) {]])
plant(unknown-is-committed "a COMMIT whose answer was lost is taken for done, and nobody looks again"
  "I2 | I9 | audit rows-missing | audit orders-differ | audit units-differ" orders/consumer.cc
  [[    case Stored::What::kUnknown: doubt(); return true;]]
  [[    case Stored::What::kUnknown:
      if (PLANTED) {
        committed(becomes, rows, count, now);
      } else {
        doubt();
      }
      return true;]]
  [[  if (now.steady < looked_ + kLookEvery) return false;]]
  [[  if (PLANTED || now.steady < looked_ + kLookEvery) return false;]])
plant(upsert-reversed "of two states of a row in one batch the older one is stored"
  "I2 | audit orders-differ | audit units-differ | audit sales-differ | audit double | audit conservation" orders/batch.cc
  [[    const Step& step = steps[i];]]
  [[    const Step& step = steps[PLANTED ? count - 1 - i : i];]])
plant(quarantine-takes-along "a refused record takes along what time did as it was applied"
  "audit orders-differ | audit units-differ | audit sales-differ | audit conservation | audit oversold | audit double" orders/batch.cc
  [[            [](const OrderRow& row) { return row.state != OrderState::kExpired; });]]
  [[            [](const OrderRow& row) { return PLANTED || row.state != OrderState::kExpired; });]])
