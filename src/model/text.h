// Short texts that live inside their owner: a claim of a stranger costs no allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace seckill {

// Up to Max bytes, inline. Tag keeps a buyer from being a key.
template <class Tag, std::size_t Max>
class InlineText {
 public:
  static constexpr std::size_t kMax = Max;
  constexpr InlineText() = default;

  // Nothing when the text is too long or Tag's rule refuses a byte of it.
  static constexpr std::optional<InlineText> from(std::string_view text) {
    if (text.size() > Max || !Tag::allows(text)) return std::nullopt;
    InlineText made;
    std::copy(text.begin(), text.end(), made.bytes_.begin());
    made.size_ = static_cast<std::uint8_t>(text.size());
    return made;
  }

  constexpr std::string_view view() const { return {bytes_.data(), size_}; }
  constexpr bool empty() const { return size_ == 0; }
  friend constexpr bool operator==(const InlineText& a, const InlineText& b) {
    return a.view() == b.view();
  }
  friend constexpr auto operator<=>(const InlineText& a, const InlineText& b) {
    return a.view() <=> b.view();
  }

 private:
  static_assert(Max < 256);
  std::array<char, Max> bytes_{};
  std::uint8_t size_ = 0;
};

// [A-Za-z0-9_-]{1,64}: what may name a sale, a buyer, a key or a payment (T11). Needs no escaping
// anywhere.
inline constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> bytes{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789_-"))
    bytes[static_cast<unsigned char>(c)] = true;
  return bytes;
}();
constexpr bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return kTokenBytes[static_cast<unsigned char>(c)];
  });
}
// Any bytes but control characters; that it is UTF-8 is checked where it enters.
constexpr bool is_title(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}
constexpr bool is_currency(std::string_view text) {
  return text.size() == 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

struct SaleNameTag {
  static constexpr bool allows(std::string_view t) { return is_token(t); }
};
struct BuyerTag {
  static constexpr bool allows(std::string_view t) { return is_token(t); }
};
struct KeyTag {
  static constexpr bool allows(std::string_view t) { return is_token(t); }
};
struct PaymentIdTag {
  static constexpr bool allows(std::string_view t) { return is_token(t); }
};
struct TitleTag {
  static constexpr bool allows(std::string_view t) { return is_title(t); }
};
struct CurrencyTag {
  static constexpr bool allows(std::string_view t) { return is_currency(t); }
};

using SaleName = InlineText<SaleNameTag, 64>;    // "car": what URLs and people call a sale
using Buyer = InlineText<BuyerTag, 64>;          // the shop's name for a person
using Key = InlineText<KeyTag, 64>;              // Idempotency-Key
using PaymentId = InlineText<PaymentIdTag, 64>;  // the payment provider's name for a payment
using Title = InlineText<TitleTag, 120>;         // UTF-8, for people
using Currency = InlineText<CurrencyTag, 3>;     // ISO 4217: "CNY"

}  // namespace seckill
