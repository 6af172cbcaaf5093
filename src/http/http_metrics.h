// What the HTTP part counts. Labels come from our own tables and from names of sales that exist,
// never from what a stranger sends (T30).
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "http/buckets.h"
#include "http/replies.h"
#include "http/route.h"
#include "model/verdict.h"
#include "sale/sale.h"

namespace seckill {

inline constexpr std::size_t kOutcomes = static_cast<std::size_t>(Outcome::kUnsure) + 1;

// What the door knows of one sale: its refusals, ready to be sent, and how many it has sent.
struct SaleFront {
  struct Refused {
    std::uint64_t figures = 0;  // what its text was made from
    ReadyReply reply;
  };
  std::array<std::unique_ptr<Refused>, kOutcomes> refusals;
  std::array<std::uint64_t, kOutcomes> attempts{};
  std::uint64_t admitted = 0;  // of them: not refused at the door, so they waited for the journal
  Buckets decision;
};

class HttpMetrics {
 public:
  void served(Route route, Method method, unsigned status, microseconds took);
  // Of the sale; of all that name no sale, for uid 0.
  SaleFront& front(SaleUid sale);

  const SaleFront* find_front(SaleUid sale) const;  // null: nobody has asked for it yet

  // Everything, in Prometheus' text format.
  void append(std::string& to, const Sale& sale, RawTime now) const;

  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_shed = 0;  // no file, or too many
  std::uint32_t connections = 0;
  std::uint32_t active = 0;  // requests in progress

 private:
  void append_http(std::string& to) const;
  void append_attempts(std::string& to, const Ledger& ledger) const;
  void append_decisions(std::string& to, const Ledger& ledger) const;

  static constexpr std::array<std::uint16_t, 22> kStatuses{200, 201, 303, 304, 400, 401, 403, 404,
                                                           405, 408, 409, 412, 413, 414, 417, 422,
                                                           428, 431, 500, 503, 505, 0};
  static std::size_t index_of(unsigned status);
  std::array<std::array<std::array<std::unique_ptr<Buckets>, kStatuses.size()>, kMethods>, kRoutes>
      requests_;
  boost::unordered_flat_map<std::uint32_t, std::unique_ptr<SaleFront>> fronts_;
};

}  // namespace seckill
