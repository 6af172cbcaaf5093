// Decided: what a sale's tables are made of. Things that are only ever added, found by their keyed
// hash, and that never move.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
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

// A shelf and its index: four bytes a slot, since a slot holds a place on the shelf and the key is
// read there. kKey is the member that holds the key: a struct around a Hash128 named `bits`, keyed
// (so the table trusts its bits, and a stranger cannot choose a slot).
//
// Promises: (1) pointers stay good as long as the catalog; (2) after reserve(n), n things fit
// without a rehash. What it does badly: a miss costs one look at the index, a hit two misses of the
// cache; nothing is ever removed.
template <class T, class Key, Key T::* kKey>
class Catalog {
 public:
  Catalog() : index_(0, Hash{&shelf_}, Equal{&shelf_}) {}
  Catalog(const Catalog&) = delete;  // the index points to the shelf
  Catalog& operator=(const Catalog&) = delete;

  // Never gives room back: Boost's reserve() would.
  void reserve(std::size_t things) {
    if (things <= reserved_) return;
    index_.reserve(things);
    reserved_ = things;
  }

  const T* find(const Key& key) const {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &shelf_[*found];
  }
  T* find(const Key& key) {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &shelf_[*found];
  }

  // Needs: no such key is there.
  T& add(const T& thing) {
    const auto at = static_cast<std::uint32_t>(shelf_.size());
    T& placed = shelf_.add(thing);
    index_.insert(at);
    return placed;
  }

  std::size_t size() const { return shelf_.size(); }
  std::size_t slots() const { return index_.bucket_count(); }  // changes when it rehashes

 private:
  struct Hash {
    using is_avalanching = void;
    using is_transparent = void;
    const Shelf<T>* shelf;
    std::size_t operator()(const Key& key) const noexcept { return key.bits.lo; }
    std::size_t operator()(std::uint32_t at) const noexcept { return (*this)((*shelf)[at].*kKey); }
  };
  struct Equal {
    using is_transparent = void;
    const Shelf<T>* shelf;
    bool operator()(std::uint32_t a, std::uint32_t b) const noexcept { return a == b; }
    bool operator()(const Key& key, std::uint32_t at) const noexcept {
      return (*shelf)[at].*kKey == key;
    }
    bool operator()(std::uint32_t at, const Key& key) const noexcept { return (*this)(key, at); }
  };

  Shelf<T> shelf_;
  boost::unordered_flat_set<std::uint32_t, Hash, Equal> index_;
  std::size_t reserved_ = 0;
};

}  // namespace seckill
