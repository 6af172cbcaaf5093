// The people of the simulated world: shoppers who double-click, run out of patience, ask again with
// the same key (or for something else under it), pay late, twice or never, look at their order,
// come back after a restart; bots; and an operator with bad timing. Where there are several nodes,
// each time they ask they ask any of them. The network between is slow and loses things, both ways.
//
// Every errand and every act of an operator is a decision of the plan, with a stream of chance of
// its own: leaving one out (the shrinker does) changes nothing in another one's life but what they
// do to each other.
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
  Crowd(Stage& stage, Witness& witness, std::vector<Node*> nodes);

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

  // Somebody looks for an order that is not there.
  void look() { want(somebody(stage_.chance.split()), LookAsk{}); }

  const std::vector<SaleTerms>& sales() const { return sales_; }
  milliseconds longest_hold() const { return longest_hold_; }

 private:
  // Whose life it is: all that he does, and what the network does to him, is drawn from here.
  struct Person {
    Chance chance;
  };
  // Something somebody wants, asked until it has a final answer or he gives up.
  struct Request {
    Person* who = nullptr;
    Ask ask;
    std::function<void(const Verdict&)> then;
    bool done = false;
    bool gave_up = false;
    bool once = false;  // without a key it cannot be asked again
    int asked = 0;
    std::uint64_t last_call = 0;
  };
  using Id = std::size_t;
  struct Sent {
    Id id = 0;
    Node* to = nullptr;
  };

  Node& any_node(Chance& chance) {
    return *nodes_[nodes_.size() == 1 ? 0 : chance.below(nodes_.size())];
  }
  void invent_sales();
  SaleTerms invent_terms(const char* name);
  void send_shoppers(std::int64_t rush);
  void send_operators(microseconds within);
  void send_a_bot();
  void send_the_till(microseconds within);
  void run_errand(Person& who, std::uint64_t shopper);
  void buy(Person& who, const Buy& buy, int times_more);
  void own(Person& who, const Buy& buy, OrderId order);
  void pay(Person& who, OrderId order, const std::string& payment, std::int64_t amount);
  void pay_a_batch(Person& till);
  void cancel(Person& who, OrderId order);
  void buy_and_let_go(Person& who, const SaleName& sale, std::uint32_t bot, int times);
  void buy_namelessly(Person& who, const SaleName& sale);
  void change_a_sale(Person& who);
  void change(Person& who, SaleTerms& terms, SaleTerms& wished, const SaleView& view);
  void wind_up(Person& who, std::size_t sale, int tries);

  Person& somebody(const Chance& chance) { return people_.emplace_back(Person{chance}); }
  Id want(Person& who, Ask ask, std::function<void(const Verdict&)> then = nullptr,
          bool once = false);
  void later(std::int64_t delay_us, std::function<void()> event);
  void send(Id id);
  void lose_patience(Id id, std::uint64_t call);
  void arrive(std::uint64_t call, const Verdict& verdict);
  void check_it_is_mine(const Request& request, const Verdict& verdict);
  bool is_final(const Ask& ask, Outcome outcome) const;
  bool lost(Person& who) { return !calm_ && who.chance.percent(3); }

  Stage& stage_;
  Witness& witness_;
  const std::vector<Node*> nodes_;
  std::vector<SaleTerms> sales_;
  milliseconds longest_hold_{0};
  std::deque<Person> people_;
  std::deque<Request> requests_;
  std::map<std::uint64_t, Sent> calls_;
  std::uint64_t next_call_ = 0;
  std::uint32_t strangers_ = 0;
  std::uint64_t payments_ = 0;
  std::vector<OrderId> owned_;  // told of
  std::uint64_t nameless_ = 0;
  bool fickle_ = false;  // the operator changes limits, holds and windows, too
  bool calm_ = false;
};

}  // namespace seckill::simulation
