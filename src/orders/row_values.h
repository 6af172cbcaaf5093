// A row of ours, bound to a statement: what the writers share. Statement is sqlite's or mysql's;
// values come in the order of the lists below.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <vector>

#include "model/verdict.h"
#include "orders/orders.h"

namespace seckill {

// A statement for many rows at once: head, a group of values for each row, tail.
struct Many {
  std::string_view head;
  std::size_t values;  // of a row
  std::string_view tail;
};

inline std::string text_of(const Many& many, std::size_t rows) {
  std::string group = "?";
  for (std::size_t i = 1; i < many.values; ++i) group += ",?";
  if (many.values > 1) group = fmt::format("({})", group);
  std::string text(many.head);
  for (std::size_t i = 0; i < rows; ++i) text.append(i == 0 ? "" : ",").append(group);
  return text.append(many.tail);
}

// each(i, from, end) for chunks of sizes[i] rows. Sizes fall and end with 1; others are at most
// `most`.
template <std::size_t N, class Each>
Status in_chunks(const std::array<std::size_t, N>& sizes, std::size_t most, std::size_t count,
                 Each each) {
  std::size_t i = 0;
  for (std::size_t done = 0; done < count; done += sizes[i]) {
    while (sizes[i] > 1 && sizes[i] > std::min(most, count - done)) ++i;
    if (auto ran = each(i, done, done + sizes[i]); !ran) return ran;
  }
  return {};
}

inline std::int64_t signed_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }
inline std::int64_t signed_of(Position at) { return signed_of(number(at)); }

inline std::optional<std::int64_t> ms_of(const std::optional<RawTime>& time) {
  if (!time) return std::nullopt;
  return time->ms;
}

// As JSON: "[1,2]".
inline std::string listed(const UnitNumbers& units) {
  std::string text = "[";
  for (const std::uint32_t unit : units) {
    if (text.size() > 1) text += ',';
    const fmt::format_int digits(unit);
    text.append(digits.data(), digits.size());
  }
  text += ']';
  return text;
}

inline std::optional<std::string_view> payment_of(const OrderRow& row) {
  if (row.payment.empty()) return std::nullopt;
  return row.payment.view();
}

template <class Statement>
void bind(Statement& to, const Bookmark& mark) {
  to.bind(mark.journal.bits)
      .bind(signed_of(mark.next))
      .bind(mark.last.bits)
      .bind(mark.clock.ms)
      .bind(signed_of(static_cast<std::uint64_t>(mark.digest)));
}

template <class Statement>
void bind(Statement& to, const SaleRow& row) {
  const SaleTerms& terms = row.terms;
  const bool ends = terms.ends_at != kNoEnd;
  to.bind(terms.name.view())
      .bind(std::int64_t{static_cast<std::uint32_t>(terms.uid)})
      .bind(terms.title.view())
      .bind(std::int64_t{terms.stock})
      .bind(std::int64_t{terms.withdrawn})
      .bind(std::int64_t{terms.per_buyer})
      .bind(terms.price_minor)
      .bind(terms.currency.view())
      .bind(std::string_view(to_text(row.state)))
      .bind(terms.starts_at.ms)
      .bind(ends ? std::optional(terms.ends_at.ms) : std::nullopt)
      .bind(terms.hold_ms)
      .bind(std::int64_t{terms.orders_max})
      .bind(std::int64_t{terms.version})
      .bind(signed_of(row.position));
}

template <class Statement>
void bind(Statement& to, const OrderRow& row) {
  // A row that is only moved has no quantity to tell, perhaps; the column's rule is met.
  const std::int64_t quantity = row.created ? row.quantity : 1;
  to.bind(signed_of(row.made))
      .bind(row.id.bits)
      .bind(row.sale.view())
      .bind(row.buyer.view())
      .bind(row.key.view())
      .bind(quantity)
      .bind_copy(listed(row.units))
      .bind(std::string_view(to_text(row.state)))
      .bind(row.held_at.ms)
      .bind(ms_of(row.due_at))
      .bind(ms_of(row.paid_at))
      .bind(ms_of(row.ended_at))
      .bind(payment_of(row))
      .bind(signed_of(row.position));
}

template <class Statement>
void bind(Statement& to, const PaymentRow& row) {
  to.bind(row.id.view())
      .bind(row.order.bits)
      .bind(row.amount_minor)
      .bind(std::string_view(row.refund ? "refund" : "applied"))
      .bind(signed_of(row.position));
}

template <class Statement>
void bind(Statement& to, const QuarantineRow& row) {
  to.bind(signed_of(row.position))
      .bind(std::string_view(row.error))
      .bind(std::span<const std::byte>(row.bytes))
      .bind(row.at.ms);
}

}  // namespace seckill
