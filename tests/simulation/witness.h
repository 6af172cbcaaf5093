// The witness has heard everything that anybody was ever told, and holds the engine to it: in the
// moment it is said, after every restart, and in the end. It knows the terms as the operator wished
// them, not as the engine remembers them.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "ledger/ledger.h"
#include "model/claim.h"
#include "model/verdict.h"
#include "orders/orders.h"
#include "stage.h"

namespace seckill::simulation {

// A number that somebody was shown (I6): so much is left of the sale, right after that record, or
// right before it, where none was written.
struct Figure {
  Position position{};
  bool after = false;
  SaleUid sale{};
  std::uint32_t left = 0;
};

// Somebody was told no at the door, while nobody else was on his way: then the reason is to be
// found in the journal before that record.
struct Refusal {
  Position position{};
  SaleUid sale{};
  Buyer buyer;
  std::uint32_t quantity = 0;
  RawTime asked_at;
  Outcome outcome{};
};

// How much had been told when somebody asked: so many answers, and whatever the records before
// `told` decided.
struct Known {
  std::uint64_t answers = 0;
  Position told{};
};

class Witness {
 public:
  explicit Witness(Stage& stage) : stage_(stage) {}

  // The first terms of a sale: its secret, and whether it holds.
  void wished(const SaleTerms& terms) { terms_.emplace(terms.name, terms); }
  void asked(const Ask& ask);
  Known known() const { return {answers_, told_}; }
  // The engine says it, to somebody who asked when so much was known; whether it arrives is another
  // question.
  void said(const Ask& ask, const Verdict& verdict, const Ledger& ledger, const Known& known);

  // He was told no though the node had nothing else to do; by the journal's time it was then.
  void refused_alone(const Buy& buy, const Verdict& verdict, RawTime at);

  // All that was told is true in this ledger (I2, I5, I7, I8), and I1, I4 hold in it.
  void examine(const Ledger& ledger);
  void examine_sums(const Ledger& ledger);
  // What was told of money is what the till's rows say (I7), unless the shop refuses them.
  void examine_payments(OrdersReader& rows, const PaymentId& refused);
  // What all the answers came to.
  void note_outcomes();
  const std::vector<Figure>& figures() const { return figures_; }
  const std::vector<Refusal>& refusals() const { return refusals_; }

  std::uint64_t answers() const { return answers_; }
  std::uint64_t yeses() const { return orders_.size(); }
  std::uint64_t payments() const { return payments_.size(); }

 private:
  using BuyKey = std::tuple<SaleName, Buyer, Key>;
  struct ToldOrder {
    BuyKey key;
    std::uint32_t quantity = 0;
    std::uint64_t first_told = 0;  // with which answer
    Position known{};              // ledgers that stand there, or behind it, know all of this
    bool won = false;
    bool paid = false;
    bool cancelled = false;
  };
  struct ToldPayment {
    OrderId order;
    std::int64_t amount_minor = 0;
    Outcome outcome{};
  };

  void remember_figure(SaleUid sale, const Verdict& verdict, const Ledger& ledger);
  void check_view(const Ask& ask, const Verdict& verdict, const Ledger& ledger, const Known& known);
  void refused(const Buy& buy, const Verdict& verdict, const Ledger& ledger, const Known& known);
  void said_of(const Buy& buy, const Verdict& verdict, const Ledger& ledger, const Known& known);
  void said_of(const PayAsk& ask, const Verdict& verdict, const Ledger& ledger, const Known& known);
  void said_of(const CancelAsk& ask, const Verdict& verdict, const Ledger& ledger,
               const Known& known);
  void said_of(const LookAsk& ask, const Verdict& verdict, const Ledger& ledger,
               const Known& known);
  void said_of(const SaleLookAsk& ask, const Verdict& verdict, const Ledger& ledger,
               const Known& known);
  void said_of(const SaleAsk& ask, const Verdict& verdict, const Ledger& ledger,
               const Known& known);
  ToldOrder* told_of(OrderId order, const Known& known);
  void check_limit(const SaleName& sale, const Buyer& buyer, const Ledger& ledger);
  // Retired, and somebody wanted that: its orders are let go.
  bool let_go(const SaleName& sale, const Ledger& ledger) const;
  bool check(bool holds, const char* promise, const char* what, const std::string& who);

  void examine_order(OrderId id, const ToldOrder& told, const Ledger& ledger);

  static constexpr std::size_t kOutcomes = static_cast<std::size_t>(Outcome::kUnsure) + 1;

  Stage& stage_;
  std::uint64_t answers_ = 0;
  Position told_{};
  std::array<std::uint64_t, kOutcomes> outcomes_{};
  std::vector<Figure> figures_;
  std::vector<Refusal> refusals_;
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
  std::map<SaleName, std::set<std::uint32_t>> versions_;  // accepted
};

std::string name_of(OrderId order);
std::string to_text(const Ask& ask);

}  // namespace seckill::simulation
