// A row of a database, taken apart into ours: what the readers share. Statement is sqlite's or
// mysql's; columns come in the order of the lists below.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string_view>
#include <vector>

#include "model/verdict.h"
#include "orders/orders.h"

namespace seckill {

// Takes one row apart. A value that we would never have written makes the whole row bad.
template <class Statement>
class Fields {
 public:
  explicit Fields(const Statement& row) : row_(row) {}
  bool good() const { return good_; }

  Hash128 hash(int column) {
    const auto found = row_.hash(column);
    good_ = good_ && found;
    return found.value_or(Hash128{});
  }
  template <class Text>
  Text text(int column) {
    if (row_.text(column).empty()) return Text{};
    const auto found = Text::from(row_.text(column));
    good_ = good_ && found;
    return found.value_or(Text{});
  }
  std::uint32_t small(int column) {
    const auto value = row_.number(column);
    good_ = good_ && value >= 0 && value <= std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(value);
  }
  std::int64_t number(int column) { return row_.number(column); }
  Position position(int column) { return Position{static_cast<std::uint64_t>(number(column))}; }
  std::optional<RawTime> time(int column) {
    if (row_.is_null(column)) return std::nullopt;
    return RawTime{number(column)};
  }
  // "[1,2]", and nothing that only means the same.
  UnitNumbers list(int column) {
    UnitNumbers numbers;
    const auto text = row_.text(column);
    const char *at = text.data(), *end = at + text.size();
    bool open = at != end && *at++ == '[';
    while (open && at != end && *at != ']') {
      const auto read = std::from_chars(at, end, numbers.emplace_back());
      open = read.ec == std::errc{};
      at = read.ptr + (open && read.ptr != end && *read.ptr == ',');
    }
    good_ = good_ && open && at + 1 == end;
    return numbers;
  }
  // The value whose word this is.
  template <class Value, std::size_t N>
  Value word(int column, const std::array<Value, N>& values) {
    const auto word = row_.text(column);
    const auto* found = std::find_if(values.begin(), values.end(),
                                     [&](Value value) { return word == to_text(value); });
    good_ = good_ && found != values.end();
    return found == values.end() ? values[0] : *found;
  }
  // Is it the first word? Else it must be the second.
  bool is(int column, std::string_view yes, std::string_view no) {
    const auto word = row_.text(column);
    good_ = good_ && (word == yes || word == no);
    return word == yes;
  }

 private:
  const Statement& row_;
  bool good_ = true;
};

inline constexpr std::array kStates{OrderState::kHeld, OrderState::kPaid, OrderState::kCancelled,
                                    OrderState::kExpired};
inline constexpr std::array kPhases{Phase::kScheduled, Phase::kOpen, Phase::kPaused, Phase::kClosed,
                                    Phase::kRetired};

template <class Statement>
void read(Fields<Statement>& from, Bookmark& row) {
  row.journal = {from.hash(0)};
  row.next = from.position(1);
  row.last = {from.hash(2)};
  row.clock = {from.number(3)};
  row.digest = Digest{static_cast<std::uint64_t>(from.number(4))};
}

template <class Statement>
void read(Fields<Statement>& from, OrderRow& row) {
  row.id = {from.hash(0)};
  row.sale = from.template text<SaleName>(1);
  row.buyer = from.template text<Buyer>(2);
  row.key = from.template text<Key>(3);
  row.quantity = from.small(4);
  row.state = from.word(5, kStates);
  row.held_at = from.time(6).value_or(RawTime{});
  row.due_at = from.time(7);
  row.paid_at = from.time(8);
  row.ended_at = from.time(9);
  row.payment = from.template text<PaymentId>(10);
  row.position = from.position(11);
  row.made = from.position(12);
  row.units = from.list(13);
}

template <class Statement>
void read(Fields<Statement>& from, PaymentRow& row) {
  row.id = from.template text<PaymentId>(0);
  row.order = {from.hash(1)};
  row.amount_minor = from.number(2);
  row.refund = from.is(3, "refund", "applied");
  row.position = from.position(4);
}

inline Standing standing_of(Phase phase) {
  switch (phase) {
    case Phase::kPaused: return Standing::kPaused;
    case Phase::kClosed: return Standing::kClosed;
    case Phase::kRetired: return Standing::kRetired;
    default: return Standing::kActive;
  }
}

template <class Statement>
void read(Fields<Statement>& from, SaleRow& row) {
  row.terms.name = from.template text<SaleName>(0);
  row.terms.uid = SaleUid{from.small(1)};
  row.terms.title = from.template text<Title>(2);
  row.terms.stock = from.small(3);
  row.terms.withdrawn = from.small(4);
  row.terms.per_buyer = from.small(5);
  row.terms.price_minor = from.number(6);
  row.terms.currency = from.template text<Currency>(7);
  row.state = from.word(8, kPhases);
  row.terms.standing = standing_of(row.state);  // the nearest that the state allows
  row.terms.starts_at = from.time(9).value_or(RawTime{});
  row.terms.ends_at = from.time(10).value_or(kNoEnd);
  row.terms.hold_ms = from.number(11);
  row.terms.orders_max = from.small(12);
  row.terms.version = from.small(13);
  row.position = from.position(14);
}

}  // namespace seckill
