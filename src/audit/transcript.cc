#include "audit/transcript.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/finding.h"
#include "base/counted.h"

namespace seckill {
namespace {

using nlohmann::json;

// A text of the line, "" when there is none; nothing when it is of another type.
std::optional<std::string> text_of(const json& line, const char* name) {
  const auto found = line.find(name);
  if (found == line.end() || found->is_null()) return "";
  if (!found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

// A time, as a text that sorts. Unreadable ones say nothing: the number of the attempt decides
// then.
std::string time_of(const json& line, const char* name) {
  const auto found = line.find(name);
  if (found == line.end()) return "";
  if (found->is_number()) return fmt::format("{:030.6f}", found->get<double>());
  return found->is_string() ? found->get<std::string>() : "";
}

// The first, second … try of a click.
std::uint64_t attempt_of(const json& line) {
  const auto found = line.find("attempt");
  return found != line.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string name_of(std::string_view buyer, std::string_view key) {
  return fmt::format("{} {}", buyer, key);
}

}  // namespace

Transcript::Transcript(std::istream& lines) {
  std::string line;
  for (std::uint64_t number = 1; std::getline(lines, line); ++number) {
    if (!line.empty()) read(line, number);
  }
}

Transcript::Said Transcript::said_of(const std::string& outcome) {
  if (outcome == "won" || outcome == "replayed" || outcome == "ended") return Said::kOrder;
  if (outcome == "unknown" || outcome == "error") return Said::kNothing;
  if (outcome == "busy") return Said::kBusy;
  if (outcome == "not-sent") return Said::kNotAsked;
  return Said::kNo;
}

void Transcript::read(const std::string& line, std::uint64_t number) {
  ++lines_;
  const auto bad = [&](std::string why) {
    if (++bad_lines_ <= Finding::kExamplesMax) bad_.push_back({number, std::move(why)});
  };
  const auto parsed = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return bad("is no JSON object");
  const auto buyer = text_of(parsed, "buyer"), key = text_of(parsed, "key"),
             outcome = text_of(parsed, "outcome"), id = text_of(parsed, "order_id");
  if (!buyer || !key || !outcome || !id) return bad("buyer, key, outcome and order_id are texts");
  if (!buyer->empty() && !is_token(*buyer)) return bad("its buyer is no name");
  if (!key->empty() && !is_token(*key)) return bad("its key is no key");
  if (outcome->empty()) return bad("has no outcome");
  Attempt attempt{.said = said_of(*outcome),
                  .attempt = attempt_of(parsed),
                  .sent_at = time_of(parsed, "sent_at"),
                  .answered_at = time_of(parsed, "answered_at")};
  if (!id->empty()) {
    const auto order = order_id_from(*id);
    if (!order) return bad("its order_id is none");
    attempt.order = *order;
  }
  if (key->empty()) {
    anonymous_won_ += attempt.said == Said::kOrder ? 1 : 0;
    return;
  }
  shoppers_[name_of(*buyer, *key)].attempts.push_back(attempt);
}

void Transcript::granted(const Reserve& reserve) {
  const auto found = shoppers_.find(name_of(reserve.buyer.view(), reserve.key.view()));
  if (found != shoppers_.end()) found->second.orders.push_back(reserve.order);
}

std::set<SaleUid> Transcript::told_sales() const {
  std::set<SaleUid> sales;
  for (const auto& [name, shopper] : shoppers_) {
    for (const Attempt& attempt : shopper.attempts) {
      if (attempt.order) sales.insert(attempt.order->sale());
    }
  }
  return sales;
}

std::vector<Check> Transcript::judge(const audit_replay::Replay& replay,
                                     const std::optional<SaleUid>& sale, AuditSums& sums) const {
  std::vector<Check> checks;
  Finding readable("transcript", Check::Weight::kUnproven);
  for (const Bad& bad : bad_) readable.broken("line {} {}", bad.line, bad.why);
  checks.push_back(readable.done(fmt::format("{} of {} read, {} bad", counted(lines_, "attempt"),
                                             counted(shoppers_.size(), "shopper"),
                                             counted(bad_lines_, "line"))));
  judge_won(replay, sale, checks);
  judge_twice(checks);
  judge_no(sale ? std::set{*sale} : told_sales(), sums, checks);
  return checks;
}

void Transcript::judge_won(const audit_replay::Replay& replay, const std::optional<SaleUid>& sale,
                           std::vector<Check>& checks) const {
  Finding won("told-won");
  std::uint64_t told = 0, named = 0;
  for (const auto& [name, shopper] : shoppers_) {
    for (const Attempt& attempt : shopper.attempts) {
      if (attempt.said != Said::kOrder) continue;
      ++told;
      if (!attempt.order) {
        won.broken("{} was told of an order without its id", name);
      } else if (replay.order(*attempt.order) == nullptr) {
        won.broken("{} was told of order {}, which the journal does not know", name,
                   to_text(*attempt.order));
      } else if (std::count(shopper.orders.begin(), shopper.orders.end(), *attempt.order) == 0) {
        won.broken("{} was told of order {}, which is not of his key", name,
                   to_text(*attempt.order));
      }
    }
    named += shopper.orders.size();
  }
  if (anonymous_won_ > 0) {
    std::uint64_t all = 0;
    for (const auto& [uid, each] : replay.sales()) all += !sale || uid == *sale ? each.orders : 0;
    const std::uint64_t others = all > named ? all - named : 0;
    if (anonymous_won_ > others) {
      won.broken("{} nameless shoppers were told that they won, and there are {} orders for them",
                 anonymous_won_, others);
    }
  }
  checks.push_back(
      won.done("told of an order that is there: " + counted(told + anonymous_won_, "time")));
}

void Transcript::judge_twice(std::vector<Check>& checks) const {
  Finding twice("told-twice");
  std::unordered_map<OrderId, const std::string*, OrderIdHash> told_to;
  for (const auto& [name, shopper] : shoppers_) {
    std::optional<OrderId> first;
    for (const Attempt& attempt : shopper.attempts) {
      if (!attempt.order || attempt.said != Said::kOrder) continue;
      if (first && *first != *attempt.order) {
        twice.broken("{} was told of two orders, {} and {}", name, to_text(*first),
                     to_text(*attempt.order));
      }
      first = attempt.order;
      const auto [place, fresh] = told_to.try_emplace(*attempt.order, &name);
      if (!fresh && *place->second != name) {
        twice.broken("order {} was told to {} and to {}", to_text(*attempt.order), *place->second,
                     name);
      }
    }
  }
  checks.push_back(twice.done(counted(told_to.size(), "order") + " told, each to one key"));
}

// He has an order and never heard of it: may that be held against us?
bool Transcript::was_refused(const Shopper& shopper, bool one_sale) const {
  const auto& all = shopper.attempts;
  const auto unanswered = [](const Attempt& each) { return each.said == Said::kNothing; };
  if (std::none_of(all.begin(), all.end(), unanswered)) return true;
  if (!one_sale) return false;  // the no may be another sale's
  // A no to an ask that began when the one without an answer had been given up.
  return std::any_of(all.begin(), all.end(), [&](const Attempt& no) {
    return no.said == Said::kNo && std::any_of(all.begin(), all.end(), [&](const Attempt& earlier) {
             if (earlier.said != Said::kNothing) return false;
             return earlier.answered_at != no.sent_at ? earlier.answered_at < no.sent_at
                                                      : earlier.attempt < no.attempt;
           });
  });
}

void Transcript::judge_no(const std::set<SaleUid>& sales, AuditSums& sums,
                          std::vector<Check>& checks) const {
  Finding untold("told-no");
  std::uint64_t unanswered = 0, owners = 0;
  for (const auto& [name, shopper] : shoppers_) {
    const auto order =
        std::find_if(shopper.orders.begin(), shopper.orders.end(),
                     [&](const OrderId& id) { return sales.empty() || sales.contains(id.sale()); });
    if (order == shopper.orders.end()) continue;
    ++owners;
    const auto said = [&](Said what) {
      return [what](const Attempt& each) { return each.said == what; };
    };
    const auto& all = shopper.attempts;
    if (std::any_of(all.begin(), all.end(), said(Said::kOrder))) continue;
    if (std::all_of(all.begin(), all.end(), said(Said::kNotAsked))) continue;  // asked elsewhere
    if (was_refused(shopper, sales.size() < 2)) {
      untold.broken("{} has order {} and was told no", name, to_text(*order));
    } else {
      ++unanswered;
    }
  }
  sums.unanswered += unanswered;
  checks.push_back(untold.done(fmt::format("{} with an order, {} of them not told yet",
                                           counted(owners, "shopper"), unanswered)));
}

}  // namespace seckill
