// The witness has heard everything that anybody was ever told, and holds the engine to it: in the
// moment it is said, after every restart, and in the end. It knows the terms as the operator wished
// them, not as the engine remembers them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "ledger/ledger.h"
#include "model/claim.h"
#include "model/verdict.h"
#include "stage.h"

namespace seckill::simulation {

class Witness {
 public:
  explicit Witness(Stage& stage) : stage_(stage) {}

  // The first terms of a sale: its secret, and whether it holds.
  void wished(const SaleTerms& terms) { terms_.emplace(terms.name, terms); }
  void asked(const Ask& ask);
  // The engine says it; whether it arrives is another question.
  void said(const Ask& ask, const Verdict& verdict, const Ledger& ledger);

  // All that was told is true in this ledger (I2, I5, I7, I8), and I1, I4 hold in it.
  void examine(const Ledger& ledger);
  void examine_sums(const Ledger& ledger);

  std::uint64_t answers() const { return answers_; }
  std::uint64_t yeses() const { return orders_.size(); }
  std::uint64_t payments() const { return payments_.size(); }

 private:
  using BuyKey = std::tuple<SaleName, Buyer, Key>;
  struct ToldOrder {
    BuyKey key;
    std::uint32_t quantity = 0;
    bool paid = false;
    bool cancelled = false;
  };
  struct ToldPayment {
    OrderId order;
    std::int64_t amount_minor = 0;
    Outcome outcome{};
  };

  void said_of(const Buy& buy, const Verdict& verdict, const Ledger& ledger);
  void said_of(const PayAsk& ask, const Verdict& verdict, const Ledger& ledger);
  void said_of(const CancelAsk& ask, const Verdict& verdict, const Ledger& ledger);
  void said_of(const SaleAsk& ask, const Verdict& verdict, const Ledger& ledger);
  void check_limit(const SaleName& sale, const Buyer& buyer, const Ledger& ledger);
  // Retired, and somebody wanted that: its orders are let go.
  bool let_go(const SaleName& sale, const Ledger& ledger) const;
  bool check(bool holds, const char* promise, const char* what, const std::string& who);

  Stage& stage_;
  std::uint64_t answers_ = 0;
  std::optional<Position> last_;  // no record that was told of lies behind it
  std::map<SaleName, SaleTerms> terms_;
  std::map<SaleName, std::uint32_t> limits_;  // the highest ever wanted; 0: none
  std::set<SaleName> wanted_retired_;
  std::map<BuyKey, std::set<std::uint32_t>> bodies_;  // quantities ever asked for under a key
  std::map<BuyKey, OrderId> by_key_;
  std::map<OrderId, ToldOrder> orders_;
  std::map<std::pair<SaleName, Buyer>, std::set<OrderId>> by_buyer_;
  std::map<PaymentId, std::set<std::pair<OrderId, std::int64_t>>> paid_for_;  // ever asked
  std::map<PaymentId, ToldPayment> payments_;
  std::map<SaleName, std::uint32_t> versions_;  // the newest accepted
};

std::string to_text(const Ask& ask);

}  // namespace seckill::simulation
