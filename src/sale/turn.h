// A turn is what is gathered, journaled and answered together. Here: the people who wait for one,
// first come, first served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/invariant.h"
#include "model/record.h"

namespace seckill {

// A ring of those who wait: the older ones are in flight, the younger ones are gathered for a later
// turn. Both leave in the order in which they came, so a ticket finds its place without a search,
// and nobody costs an allocation of his own. It grows with the crowd (the caller bounds it) and
// keeps its memory.
template <class T>
class Line {
 public:
  using Ticket = std::uint64_t;

  std::size_t size() const { return static_cast<std::size_t>(end_ - begin_); }
  std::size_t gathered() const { return static_cast<std::size_t>(end_ - taken_); }

  Ticket push(const T& one) {
    if (size() == slots_.size()) grow();
    slots_[end_ & (slots_.size() - 1)] = one;
    return end_++;
  }
  T& operator[](Ticket ticket) { return slots_[ticket & (slots_.size() - 1)]; }

  // The eldest, who is in flight if anybody is.
  T& front() { return (*this)[begin_]; }
  void pop() {
    invariant(begin_ != end_, "whoever is answered was waiting");
    if (taken_ == begin_++) taken_ = begin_;
  }
  // The next one of the gathered goes into flight.
  T& take() { return (*this)[taken_++]; }
  // The n-th of the gathered, from 0.
  T& waiting(std::size_t n) { return (*this)[taken_ + n]; }
  // Of the n eldest only those stay whom keep(one) wants; it is asked eldest first. moved(one,
  // ticket) says where one of them is now. How many stayed. Needs: nobody is in flight.
  template <class Keep, class Moved>
  std::size_t sift(std::size_t n, Keep&& keep, Moved&& moved) {
    invariant(begin_ == taken_, "nobody is in flight");
    std::vector<char> stays(n);
    for (std::size_t i = 0; i < n; ++i) stays[i] = keep(waiting(i)) ? 1 : 0;
    Ticket to = taken_ + n;  // they close up to those behind them
    for (std::size_t i = n; i > 0; --i) {
      if (stays[i - 1] == 0) continue;
      const Ticket from = taken_ + i - 1;
      if (--to != from) moved((*this)[to] = (*this)[from], to);
    }
    const auto stayed = static_cast<std::size_t>(taken_ + n - to);
    begin_ = taken_ = to;
    return stayed;
  }
  // Nothing is gathered then: drop(one) for each of them.
  template <class Drop>
  void drop_gathered(Drop&& drop) {
    for (Ticket at = taken_; at != end_; ++at) drop((*this)[at]);
    end_ = taken_;
  }

 private:
  void grow() {
    std::vector<T> larger(slots_.empty() ? 256 : slots_.size() * 2);
    for (Ticket at = begin_; at != end_; ++at) larger[at & (larger.size() - 1)] = (*this)[at];
    slots_ = std::move(larger);
  }

  std::vector<T> slots_;  // a power of two of them
  Ticket begin_ = 0;      // in flight: [begin_, taken_) …
  Ticket taken_ = 0;
  Ticket end_ = 0;  // … gathered: [taken_, end_)
};

// Twins ask the same thing under the same key while it is in flight (a double click, a hasty
// retry): they wait with the first and hear what he hears. Chains in one pool.
class Twins {
 public:
  static constexpr std::uint32_t kPerClaimMax = 16;
  struct Chain {
    std::uint32_t first = 0;  // 1-based; 0: none
    std::uint32_t count = 0;
  };

  std::size_t size() const { return size_; }
  void join(Chain& chain, Who who);
  // Calls tell(who) for each of them; the chain is empty then.
  template <class Tell>
  void release(Chain& chain, Tell&& tell) {
    while (chain.first != 0) {
      Twin& twin = pool_[chain.first - 1];
      tell(twin.who);
      const std::uint32_t next = std::exchange(twin.next, free_);
      free_ = std::exchange(chain.first, next);
      --size_;
    }
    chain.count = 0;
  }

 private:
  struct Twin {
    Who who;
    std::uint32_t next = 0;
  };
  std::vector<Twin> pool_;
  std::uint32_t free_ = 0;
  std::size_t size_ = 0;
};

// A claim that may win, and who waits for it.
struct Hopeful {
  Who who;
  Reserve reserve;
  BuyerHash buyer;
  Twins::Chain twins;
};

}  // namespace seckill
