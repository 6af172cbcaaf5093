// Audited: what a drill's shoppers say they were told, one line of JSON an attempt.
//
// Whose order is it? A line carries no sale: it is one of those whose order ids the transcript
// names (or the one that is audited). A shopper is a (buyer, key). Where a transcript names several
// sales he may have asked with one key at each of them, and nobody can tell which one said no: then
// only "every attempt was answered, and none with his order" is held against us.
//
// What may be held against us:
//   told-won     he was told of an order ("won", or "ended": it was returned since), and the
//                journal has none of that id, or it is not that of his key. On the demo's wire
//                there are no ids: more wins told than there are orders of others.
//   told-twice   one shopper was told two ids, or two shoppers were told one.
//   told-no      he has an order, was never told of it, and either every attempt of his was
//                answered (each "no" and each "busy" said: this ask recorded nothing), or he asked
//                again after an attempt without an answer (unknown, error) and then heard a no:
//                keys come before state, so he had to hear of his order (I5).
// What may not: a shopper whose last attempt had no answer and who has an order is *unanswered*. He
// may ask again with his key and will hear of it (I11); that is a number, as is one who heard
// "busy" (come back) or a "no" that overlapped the attempt without an answer, so that it may have
// been said first. One case remains in doubt: an ask that was given up, lay in a socket, and was
// read after a later "no" while units came back. It is rare, it is reported, and the example names
// the shopper.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit/audit.h"
#include "audit/replay.h"

namespace seckill {

class Transcript {
 public:
  // Reads every line; what cannot be read is a finding and nothing more.
  explicit Transcript(std::istream& lines);

  // The journal has an order for this shopper (or stranger).
  void granted(const Reserve& reserve);
  // Judges everything, against the whole journal. Adds to sums.unanswered.
  std::vector<Check> judge(const audit_replay::Replay& replay, const std::optional<SaleUid>& sale,
                           AuditSums& sums) const;

 private:
  enum class Said : std::uint8_t { kOrder, kNo, kBusy, kNothing, kNotAsked };
  struct Attempt {
    Said said = Said::kNothing;
    std::uint64_t attempt = 0;
    std::string sent_at, answered_at;  // RFC 3339 in UTC, so they sort; "": not said
    std::optional<OrderId> order;
  };
  struct Shopper {
    std::vector<Attempt> attempts;
    std::vector<OrderId> orders;  // that the journal has for him
  };
  using Shoppers = std::unordered_map<std::string, Shopper>;  // "buyer key"

  void read(const std::string& line, std::uint64_t number);
  static Said said_of(const std::string& outcome);
  bool was_refused(const Shopper& shopper, bool one_sale) const;
  void judge_won(const audit_replay::Replay& replay, const std::optional<SaleUid>& sale,
                 std::vector<Check>& checks) const;
  void judge_twice(std::vector<Check>& checks) const;
  void judge_no(const std::set<SaleUid>& sales, AuditSums& sums, std::vector<Check>& checks) const;
  std::set<SaleUid> told_sales() const;  // empty: no line names an order

  Shoppers shoppers_;
  std::uint64_t lines_ = 0;
  std::uint64_t anonymous_won_ = 0;  // of the demo's wire, which has no keys
  struct Bad {
    std::uint64_t line = 0;
    std::string why;
  };
  std::vector<Bad> bad_;  // the first few
  std::uint64_t bad_lines_ = 0;
};

}  // namespace seckill
