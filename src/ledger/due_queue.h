// Decided: which hold ends next. Order: due time, then the position of the grant, so that every
// node returns them in the same order (A12).
#pragma once

#include <algorithm>
#include <deque>
#include <optional>

#include "model/ids.h"

namespace seckill {

struct DueHold {
  LogTime due;
  Position granted{};
  OrderId order;
};

// A heap over a deque: it grows without a copy of everything. Orders that were paid or cancelled
// stay in it until they come to its top: the owner prunes them there. Bounded by orders_max (I12).
class DueQueue {
 public:
  void add(const DueHold& hold) {
    heap_.push_back(hold);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  const DueHold* top() const { return heap_.empty() ? nullptr : &heap_.front(); }
  void pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }
  // Forgets the orders of a sale that is retired: none of them is held any more.
  void forget(SaleUid sale) {
    std::erase_if(heap_, [sale](const DueHold& hold) { return hold.order.sale() == sale; });
    std::make_heap(heap_.begin(), heap_.end(), later);
  }
  std::size_t size() const { return heap_.size(); }

 private:
  static bool later(const DueHold& a, const DueHold& b) {
    return a.due != b.due ? a.due > b.due : a.granted > b.granted;
  }
  std::deque<DueHold> heap_;
};

}  // namespace seckill
