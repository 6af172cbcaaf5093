// A journal in memory, told record by record: what the consumer's and the audit's tests read.
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.h"
#include "model/codec.h"

namespace seckill::testing {

template <class Text>
Text text(std::string_view from) {
  return Text::from(from).value();
}

// Terms that are open from the beginning of time.
inline SaleTerms terms_of(std::string_view name, std::uint32_t uid, std::uint32_t stock) {
  SaleTerms terms{.uid = SaleUid{uid},
                  .name = text<SaleName>(name),
                  .title = text<Title>("A fine thing"),
                  .stock = stock,
                  .orders_max = default_orders_max(stock),
                  .price_minor = 990,
                  .currency = text<Currency>("CNY")};
  terms.secret.bytes.fill(static_cast<std::uint8_t>(uid));
  return terms;
}

class Story : public JournalReader {
 public:
  static constexpr RawTime kStart{1'800'000'000'000};

  // Record 0 is a tick whose nonce makes this journal another one than all others.
  explicit Story(std::uint64_t nonce = 1) { add(Tick{.rules = kNewestRules, .nonce = nonce}); }

  Story(Story&&) noexcept = default;  // not copied: the entries' bytes are its own

  // The records told from here on carry a stamp that is so much later.
  Story& after(milliseconds step) {
    stamp_ = stamp_ + step;
    return *this;
  }

  Position sale(const SaleTerms& terms) { return add(SaleRecord{terms}); }
  OrderId buy(const SaleTerms& terms, std::string_view buyer, std::string_view key,
              std::uint32_t quantity = 1) {
    const auto claim = claim_of({.sale = terms.name,
                                 .buyer = text<Buyer>(buyer),
                                 .key = text<Key>(key),
                                 .quantity = quantity},
                                terms);
    add(Reserve{.sale = terms.uid,
                .order = claim.order,
                .buyer = claim.buyer,
                .key = claim.key,
                .body = claim.body,
                .quantity = quantity,
                .asked_at = clock()});
    return claim.order;
  }
  Position pay(OrderId order, std::string_view payment, std::int64_t amount_minor = 990) {
    return add(Pay{order, text<PaymentId>(payment), amount_minor});
  }
  Position cancel(OrderId order) { return add(Cancel{order}); }
  Position tick() { return add(Tick{.rules = kNewestRules}); }

  template <class Body>
  Position add(Body body) {
    const Position at{entries_.size()};
    if (!entries_.empty()) {
      clock_ = clock_ + std::clamp(stamp_ - entries_.back().stamp, milliseconds(0), kClockStepMax);
    }
    entries_.push_back({.position = at, .stamp = stamp_, .record = Record{.body = body}});
    bytes_.emplace_back();
    seal(entries_.back());
    return at;
  }

  // For a test that changes history: a record that was changed needs its bytes anew.
  std::vector<Entry>& entries() { return entries_; }
  void reseal() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      entries_[i].position = Position{i};
      bytes_[i].clear();
      seal(entries_[i]);
    }
  }
  // Only the first so many are to be seen: the rest is not durable yet.
  void show(std::size_t records) { shown_ = records; }
  std::size_t size() const { return entries_.size(); }
  // What the ledger's clock will be at the next record.
  LogTime clock() const {
    return clock_ + std::clamp(stamp_ - entries_.back().stamp, milliseconds(0), kClockStepMax);
  }

  Result<std::span<const Entry>> read(Position from, std::size_t most) override {
    const auto end = std::min(entries_.size(), shown_);
    const auto begin = std::min<std::size_t>(number(from), end);
    return std::span<const Entry>(entries_).subspan(begin, std::min(most, end - begin));
  }

 private:
  void seal(Entry& entry) {
    auto& bytes = bytes_[number(entry.position)];
    encode(entry.record, bytes);
    entry.bytes = bytes;
  }

  RawTime stamp_ = kStart;
  LogTime clock_;
  std::vector<Entry> entries_;
  std::deque<std::vector<std::byte>> bytes_;  // a deque: the spans into it stay
  std::size_t shown_ = SIZE_MAX;
};

}  // namespace seckill::testing
