#include "model/claim.h"

#include <array>
#include <cstring>
#include <span>

namespace seckill {
namespace {

// The message of a keyed hash, built on the stack: what it is for, the sale, then texts with their
// lengths.
class Message {
 public:
  Message(char purpose, SaleUid sale) {
    put(&purpose, 1);
    put(&sale, sizeof sale);
  }
  Message& text(std::string_view text) {
    const auto size = static_cast<std::uint8_t>(text.size());
    put(&size, 1);
    put(text.data(), text.size());
    return *this;
  }
  Message& number(std::uint32_t number) {
    put(&number, sizeof number);
    return *this;
  }
  Hash128 hash(const HashKey& key) const { return siphash128(key, std::span(bytes_).first(size_)); }

 private:
  void put(const void* from, std::size_t size) {
    std::memcpy(bytes_.data() + size_, from, size);
    size_ += size;
  }
  std::array<std::byte, 1 + 4 + 2 * (1 + 64) + 4> bytes_;
  std::size_t size_ = 0;
};

}  // namespace

BuyerHash buyer_hash_of(const SaleTerms& terms, const Buyer& buyer) {
  return {Message('b', terms.uid).text(buyer.view()).hash(terms.secret)};
}

OrderId order_id_of(const SaleTerms& terms, const Buyer& buyer, const Key& key) {
  Hash128 bits = Message('o', terms.uid).text(buyer.view()).text(key.view()).hash(terms.secret);
  bits.hi = (static_cast<std::uint64_t>(terms.uid) << 32) | (bits.hi & 0xffff'ffff);
  return {bits};
}

std::uint64_t body_hash_of(const SaleTerms& terms, std::uint32_t quantity) {
  return Message('q', terms.uid).number(quantity).hash(terms.secret).lo;
}

Claim claim_of(const Buy& buy, const SaleTerms& terms) {
  return {.sale = terms.uid,
          .order = order_id_of(terms, buy.buyer, buy.key),
          .buyer_hash = buyer_hash_of(terms, buy.buyer),
          .body = body_hash_of(terms, buy.quantity),
          .quantity = buy.quantity,
          .buyer = buy.buyer,
          .key = buy.key};
}

}  // namespace seckill
