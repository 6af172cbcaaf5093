#include "model/claim.h"

#include <algorithm>
#include <array>
#include <span>

#include "model/claim_maker.h"

namespace seckill {
namespace {

// The message of a keyed hash, built on the stack: what it is for, the sale, then texts with their
// lengths.
class Message {
 public:
  Message(char purpose, SaleUid sale) {
    put(purpose);
    put(sale);
  }
  template <class Tag, std::size_t Max>
  Message& text(const InlineText<Tag, Max>& text) {
    const auto size = static_cast<std::uint8_t>(text.view().size());
    put(size);
    put_all<Max>(text.view().data());  // a few moves; what follows stands where the text ends
    size_ -= Max - size;
    return *this;
  }
  Message& number(std::uint32_t number) {
    put(number);
    return *this;
  }
  Hash128 hash(const HashKey& key) const { return siphash128(key, std::span(bytes_).first(size_)); }

 private:
  template <class T>
  void put(const T& thing) {
    put_all<sizeof thing>(&thing);
  }
  template <std::size_t N>
  void put_all(const void* from) {
    std::copy_n(static_cast<const std::byte*>(from), N, bytes_.data() + size_);
    size_ += N;
  }
  std::array<std::byte, 1 + 4 + 2 * (1 + 64) + 4> bytes_;
  std::size_t size_ = 0;
};

}  // namespace

BuyerHash buyer_hash_of(const SaleTerms& terms, const Buyer& buyer) {
  return {Message('b', terms.uid).text(buyer).hash(terms.secret)};
}

OrderId order_id_of(const SaleTerms& terms, const Buyer& buyer, const Key& key) {
  Hash128 bits = Message('o', terms.uid).text(buyer).text(key).hash(terms.secret);
  bits.hi = (static_cast<std::uint64_t>(terms.uid) << 32) | (bits.hi & 0xffff'ffff);
  return {bits};
}

std::uint64_t body_hash_of(const SaleTerms& terms, std::uint32_t quantity) {
  return Message('q', terms.uid).number(quantity).hash(terms.secret).lo;
}

Claim claim_of(const Buy& buy, const SaleTerms& terms) { return ClaimMaker().make(buy, terms); }

Claim ClaimMaker::make(const Buy& buy, const SaleTerms& terms) {
  if (sale_ != terms.uid || quantity_ != buy.quantity) {
    sale_ = terms.uid;
    quantity_ = buy.quantity;
    body_ = body_hash_of(terms, buy.quantity);
  }
  return {.sale = terms.uid,
          .order = order_id_of(terms, buy.buyer, buy.key),
          .buyer_hash = buyer_hash_of(terms, buy.buyer),
          .body = body_,
          .quantity = buy.quantity,
          .buyer = buy.buyer,
          .key = buy.key};
}

}  // namespace seckill
