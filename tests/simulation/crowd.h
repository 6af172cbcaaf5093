// The people of the simulated world: shoppers who double-click, run out of patience, ask again with
// the same key, pay late, twice or never; and an operator with bad timing. The network between them
// and the node is slow and loses things, both ways.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "node.h"
#include "stage.h"

namespace seckill::simulation {

class Crowd {
 public:
  Crowd(Stage& stage, Witness& witness, Node& node);

  // Everybody arrives within that time.
  void open(microseconds within);
  // The node's answer sets out to whoever made the call.
  void hear(std::uint64_t call, const Verdict& verdict);

  // From now on nothing is lost, and whoever waits asks until he has a final answer.
  void calm();
  bool content() const;  // nobody waits
  std::string who_waits() const;

  // Strangers who buy, one unit each, once the crowd is content: as many as that.
  void probe(const SaleName& sale, std::uint32_t strangers);

  const std::vector<SaleTerms>& sales() const { return sales_; }
  std::size_t shoppers() const { return shoppers_; }

 private:
  // Something somebody wants, asked until it has a final answer or he gives up.
  struct Request {
    Ask ask;
    std::function<void(const Verdict&)> then;
    bool done = false;
    bool gave_up = false;
    bool once = false;  // without a key it cannot be asked again
    int asked = 0;
    std::uint64_t last_call = 0;
  };
  using Id = std::size_t;

  void invent_sales();
  void shop(int shopper);
  void buy(const Buy& buy, int times_more);
  void own(const Buy& buy, OrderId order);
  void pay(OrderId order, const std::string& payment, std::int64_t amount);
  void cancel(OrderId order);
  void change_a_sale();
  void wind_up(std::size_t sale, int tries);
  void buy_namelessly(const SaleName& sale);

  Id want(Ask ask, std::function<void(const Verdict&)> then, bool once = false);
  void later(std::int64_t delay_us, std::function<void()> event);
  void send(Id id);
  void lose_patience(Id id, std::uint64_t call);
  void arrive(std::uint64_t call, const Verdict& verdict);
  void check_it_is_mine(const Request& request, const Verdict& verdict);
  bool is_final(const Ask& ask, Outcome outcome) const;
  bool lost() { return !calm_ && stage_.chance.percent(3); }

  Stage& stage_;
  Witness& witness_;
  Node& node_;
  std::vector<SaleTerms> sales_;
  std::deque<Request> requests_;
  std::map<std::uint64_t, Id> calls_;
  std::uint64_t next_call_ = 0;
  std::size_t shoppers_ = 0;
  std::uint32_t strangers_ = 0;
  std::uint64_t payments_ = 0;
  std::uint64_t nameless_ = 0;
  bool fickle_ = false;  // the operator changes limits, holds and windows, too
  bool calm_ = false;
};

}  // namespace seckill::simulation
