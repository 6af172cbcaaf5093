// A sale as everybody sees it.
#pragma once

#include <string>

#include "base/clock.h"
#include "model/order.h"

namespace seckill {

// Everything but the secret; without server_time, which only a whole reply has.
void append_sale(std::string& to, const SaleView& sale, RawTime now);

// "3.open.62.0.0.0", quoted: the version of the terms, then all else that the reply shows.
std::string etag_of(const SaleView& sale, RawTime now);

}  // namespace seckill
