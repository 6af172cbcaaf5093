// A journal told record by record to one ledger: how tests of the ledger read like a story.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ledger/ledger.h"
#include "model/codec.h"

namespace seckill {

struct Story {
  explicit Story(Rules newest = kNewestRules) : ledger(newest) {
    tell(Tick{newest, Position{0}, Digest{0}, 42});
  }

  // One more record, stamped `now`. What it changed is in `changes`, whole.
  template <class Body>
  Verdict tell(Body body) {
    Record record;
    record.body = std::move(body);
    bytes.clear();
    encode(record, bytes);
    changes.clear();
    return ledger.apply({ledger.position(), now, bytes, record}, changes);
  }
  void pass(milliseconds time) { now = now + time; }
  Verdict tick() { return tell(Tick{kNewestRules, ledger.position(), ledger.digest(), 0}); }

  const SaleTerms& terms() const { return ledger.sale(SaleUid{7})->terms; }
  const SaleView& view() const { return *ledger.sale(SaleUid{7}); }

  Claim claim(const std::string& buyer, const std::string& key, std::uint32_t quantity = 1) const {
    return claim_of({terms().name, *Buyer::from(buyer), *Key::from(key), quantity}, terms());
  }
  Reserve reserve(const std::string& buyer, const std::string& key,
                  std::uint32_t quantity = 1) const {
    const Claim c = claim(buyer, key, quantity);
    return {c.sale, c.order, c.buyer, c.key, c.body, c.quantity, ledger.clock_at(now)};
  }
  Verdict buy(const std::string& buyer, const std::string& key, std::uint32_t quantity = 1) {
    return tell(reserve(buyer, key, quantity));
  }
  Verdict pay(OrderId order, const std::string& payment, std::int64_t amount = 100) {
    return tell(Pay{order, *PaymentId::from(payment), amount});
  }
  Verdict cancel(OrderId order) { return tell(Cancel{order}); }
  // The next version of the sale, changed by `edit`.
  template <class Edit>
  Verdict change(Edit edit) {
    SaleTerms next = terms();
    ++next.version;
    edit(next);
    return tell(SaleRecord{next});
  }
  Verdict stand(Standing standing) {
    return change([standing](SaleTerms& t) { t.standing = standing; });
  }
  std::vector<std::uint32_t> units(OrderId order) const {
    std::vector<std::uint32_t> list;
    if (const Order* found = ledger.find(order)) ledger.units_of(*found, list);
    return list;
  }
  OrderState state(OrderId order) const { return ledger.find(order)->state; }

  Ledger ledger;
  Changes changes;
  RawTime now{1'000'000};
  std::vector<std::byte> bytes;
};

// A sale "car", open, whose buyers may have as much as they like.
inline SaleTerms car(std::uint32_t stock) {
  SaleTerms terms;
  terms.uid = SaleUid{7};
  terms.name = *SaleName::from("car");
  terms.secret.bytes = {1, 2, 3};
  terms.stock = stock;
  terms.orders_max = default_orders_max(stock);
  return terms;
}

inline Story story_of(const SaleTerms& terms) {
  Story story;
  story.tell(SaleRecord{terms});
  return story;
}

}  // namespace seckill
