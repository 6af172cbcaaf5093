// Decided: what a sale's tables are made of. Things that are only ever added, found by their keyed
// hash, and that never move.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <sys/mman.h>
#include <utility>
#include <vector>

namespace seckill {

// Grows by chunks: nothing moves, nothing is touched before it is used, and no add waits for a
// copy of all the others (a vector that doubles would, for tens of milliseconds at a million).
template <class T>
class Shelf {
 public:
  static constexpr std::size_t kChunk = 2048;

  T& add(const T& thing) {
    if (size_ % kChunk == 0) chunks_.emplace_back().reserve(kChunk);
    ++size_;
    return chunks_.back().emplace_back(thing);
  }
  T& operator[](std::size_t at) { return chunks_[at / kChunk][at % kChunk]; }
  const T& operator[](std::size_t at) const { return chunks_[at / kChunk][at % kChunk]; }
  std::size_t size() const { return size_; }

 private:
  std::vector<std::vector<T>> chunks_;
  std::size_t size_ = 0;
};

// A shelf and its index: four bytes a slot, the place on the shelf and, in the bits that no place
// needs, some of the key, so that a slot of another key seldom costs a look at the shelf. kKey is
// the member that holds the key: a struct around a Hash128 named `bits`, keyed (so the table trusts
// its bits, and a stranger cannot choose a slot).
//
// Promises: (1) pointers stay good as long as the catalog; (2) after reserve(n), n things fit
// without a rehash, and room that nobody has looked at costs no memory. What it does badly: a look
// that misses the cache once for a miss does so twice for a hit; nothing is ever removed.
template <class T, class Key, Key T::* kKey>
class Catalog {
 public:
  // Never gives room back.
  void reserve(std::size_t things) {
    if (things <= reserved_) return;
    reserved_ = things;
    places_ = std::bit_ceil(static_cast<std::uint32_t>(things) + 1) - 1;
    last_slot_ = std::bit_ceil(things + things / 2 + 1) - 1;  // one slot is always free
    slots_.reset(static_cast<std::uint32_t*>(std::calloc(slots(), sizeof(std::uint32_t))));
    if (slots_ == nullptr) throw std::bad_alloc();
    want_huge_pages();
    for (std::uint32_t at = 0; at < shelf_.size(); ++at) put(at);
  }

  // This key will be looked for soon: its slot is fetched meanwhile. (Inlined by force: else GCC
  // sees a function that neither says nor changes anything, and leaves its calls out.)
  [[gnu::always_inline]] void expect(const Key& key) const {
    if (reserved_ != 0) __builtin_prefetch(&slots_[key.bits.lo & last_slot_]);
  }

  const T* find(const Key& key) const {
    if (reserved_ == 0) return nullptr;
    const std::uint64_t bits = key.bits.lo;
    for (std::size_t slot = bits & last_slot_; slots_[slot] != 0; slot = (slot + 1) & last_slot_) {
      if (((slots_[slot] ^ (bits >> 32)) & ~places_) != 0) continue;
      const T& thing = shelf_[(slots_[slot] & places_) - 1];
      if (thing.*kKey == key) return &thing;
    }
    return nullptr;
  }
  T* find(const Key& key) { return const_cast<T*>(std::as_const(*this).find(key)); }

  // Needs: no such key is there.
  T& add(const T& thing) {
    if (shelf_.size() == reserved_) reserve(std::max<std::size_t>(2 * reserved_, 16));
    T& placed = shelf_.add(thing);
    put(static_cast<std::uint32_t>(shelf_.size() - 1));
    return placed;
  }

  std::size_t size() const { return shelf_.size(); }
  std::size_t slots() const { return last_slot_ + 1; }  // changes when it rehashes

 private:
  struct Free {
    void operator()(std::uint32_t* slots) const { std::free(slots); }
  };

  // A table of megabytes is touched here and there: one page fault for 2 MiB of it, where the
  // kernel can, not one for 4 KiB.
  void want_huge_pages() {
    constexpr std::uintptr_t kHuge = 2U << 20;
    const auto begin = reinterpret_cast<std::uintptr_t>(slots_.get());
    const auto end = begin + slots() * sizeof(std::uint32_t);
    const auto first = (begin + kHuge - 1) / kHuge * kHuge;
    if (first + kHuge <= end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
  }

  void put(std::uint32_t at) {
    const std::uint64_t bits = (shelf_[at].*kKey).bits.lo;
    std::size_t slot = bits & last_slot_;
    while (slots_[slot] != 0) slot = (slot + 1) & last_slot_;
    slots_[slot] = (static_cast<std::uint32_t>(bits >> 32) & ~places_) | (at + 1);
  }

  Shelf<T> shelf_;
  std::unique_ptr<std::uint32_t[], Free> slots_;  // 0: nothing; else place + 1, above it key bits
  std::uint32_t places_ = 0;                      // mask of the place
  std::size_t last_slot_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace seckill
