#include "audit/audit.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "audit/finding.h"
#include "audit/replay.h"
#include "audit/rows_check.h"
#include "audit/transcript.h"
#include "base/counted.h"
#include "model/codec.h"

namespace seckill {
namespace {

using audit_replay::Replay;

constexpr std::size_t kReadAtOnce = 4'096;

// One audit: the journal is replayed once, with a stop at the rows' bookmark.
class Audit {
 public:
  explicit Audit(const AuditInputs& inputs) : inputs_(inputs) {
    if (inputs.transcript != nullptr) transcript_.emplace(*inputs.transcript);
  }

  Result<AuditReport> run() {
    std::vector<Check> of_rows;
    if (inputs_.rows != nullptr) {
      auto checks = compare_rows();
      if (!checks) return fail(std::move(checks.error()));
      of_rows = std::move(*checks);
    }
    if (auto done = replay_to(Position{UINT64_MAX}, nullptr); !done) return fail(done.error());
    if (inputs_.sale && replay_.sale(*inputs_.sale) == nullptr) {
      return fail(Error::Code::kInvalid,
                  fmt::format("audit: the journal knows no sale {}", inputs_.sale->view()));
    }
    report_.journal_end = replay_.position();
    if (auto same = read_again(); !same) return fail(same.error());
    report_.checks.push_back(
        journal_.done(counted(number(replay_.position()), "record") + ", each as its bytes say"));
    std::move(of_rows.begin(), of_rows.end(), std::back_inserter(report_.checks));
    if (inputs_.rows == nullptr) add_journal_checks();
    if (inputs_.counters) add_counter();
    add_sums();
    if (transcript_) add_transcript();
    return std::move(report_);
  }

 private:
  Result<std::vector<Check>> compare_rows();
  Status replay_to(Position end, RowsCheck::Quarantine* aside);
  Status check(std::span<const Entry> entries);
  Status read_again();
  bool is_ours(const audit_replay::Sale& sale) const;
  void follow(const Entry& entry, RowsCheck::Quarantine* aside);
  void add_journal_checks();
  void add_counter();
  void add_sums();
  void add_transcript();

  const AuditInputs& inputs_;
  Replay replay_;
  std::optional<Transcript> transcript_;
  RecordHash identity_, last_hash_;
  RawTime rows_stamp_;  // of the record before the rows' bookmark
  Finding journal_{"journal"};
  std::vector<std::byte> encoded_;
  AuditReport report_;
};

void Audit::follow(const Entry& entry, RowsCheck::Quarantine* aside) {
  const Verdict said = replay_.apply(entry);
  if (aside != nullptr) {
    const auto found = aside->find(entry.position);
    if (found != aside->end() && std::ranges::equal(found->second, entry.bytes)) {
      replay_.put_aside();
      aside->erase(found);
    }
  }
  if (transcript_ && said.outcome == Outcome::kWon) {
    transcript_->granted(std::get<Reserve>(entry.record.body));
  }
}

// As far as `end`, or as the journal reaches.
Status Audit::replay_to(Position end, RowsCheck::Quarantine* aside) {
  while (replay_.position() < end) {
    const std::uint64_t missing = number(end) - number(replay_.position());
    auto entries =
        inputs_.journal->read(replay_.position(), std::min<std::uint64_t>(missing, kReadAtOnce));
    if (!entries) return fail(std::move(entries.error()));
    if (entries->empty()) return {};
    if (auto sound = check(*entries); !sound) return sound;
    if (replay_.position() == Position{0}) {
      identity_ = hash_of(entries->front().stamp, entries->front().bytes);
    }
    for (const Entry& entry : *entries) follow(entry, aside);
    last_hash_ = hash_of(entries->back().stamp, entries->back().bytes);
    if (replay_.stopped()) return fail(Error::Code::kCorrupt, "audit: " + *replay_.stopped());
  }
  return {};
}

// What was read is what was asked for, and a record's bytes, of which all hashes are made, say what
// is replayed.
Status Audit::check(std::span<const Entry> entries) {
  Position expected = replay_.position();
  for (const Entry& entry : entries) {
    if (entry.position != expected) {
      return fail(Error::Code::kCorrupt,
                  fmt::format("audit: the journal's reader gave record {} where {} comes next",
                              number(entry.position), number(expected)));
    }
    encoded_.clear();
    encode(entry.record, encoded_);
    // A stranger's message in a topic is no record, and says nothing.
    const bool stranger = entry.record == nothing_said() && !decode(entry.bytes);
    if (!stranger && !std::ranges::equal(encoded_, entry.bytes)) {
      journal_.broken("record {} is not what its bytes say", number(expected));
    }
    expected = next(expected);
  }
  return {};
}

// The first record and the last one a second time, each sought by its number: a reader that has
// walked here and one that has jumped here must meet the same.
Status Audit::read_again() {
  const std::uint64_t end = number(replay_.position());
  if (end == 0) return {};
  const auto compare = [this](std::uint64_t at, const RecordHash& was) -> Status {
    const auto entries = inputs_.journal->read(Position{at}, 1);
    if (!entries) return fail(entries.error());
    if (entries->size() != 1 || entries->front().position != Position{at} ||
        hash_of(entries->front().stamp, entries->front().bytes) != was) {
      journal_.broken("record {} is another one when it is read again", at);
    }
    return {};
  };
  if (auto first = compare(0, identity_); !first) return first;
  return compare(end - 1, last_hash_);
}

Result<std::vector<Check>> Audit::compare_rows() {
  RowsCheck* compared = nullptr;
  RowsCheck check(
      replay_, inputs_.sale, [&](const Bookmark& mark, RowsCheck::Quarantine& aside) -> Status {
        if (auto done = replay_to(mark.next, &aside); !done) return done;
        if (replay_.position() < mark.next) {
          compared->foreign(fmt::format("the rows know {}, the journal has {}",
                                        counted(number(mark.next), "record"),
                                        grouped(number(replay_.position()))));
        } else if (mark.last != last_hash_) {
          compared->foreign(fmt::format("record {} is another one", number(mark.next) - 1));
        } else if (mark.clock != replay_.clock()) {
          compared->foreign("its clock is not the journal's");
        }
        if (mark.journal != identity_) {
          compared->foreign(fmt::format("the rows are of journal {}, this one is {}",
                                        to_text(mark.journal), to_text(identity_)));
        }
        return {};
      });
  compared = &check;
  if (auto visited = inputs_.rows->visit(check); !visited) return fail(visited.error());
  auto checks = check.done(report_.sums);
  if (check.mark()) report_.rows_at = check.mark()->next;
  rows_stamp_ = replay_.last_stamp();
  return checks;
}

bool Audit::is_ours(const audit_replay::Sale& sale) const {
  return !inputs_.sale || sale.terms.name == *inputs_.sale;
}

// Without rows, the journal is held against itself: its orders are counted one by one.
void Audit::add_journal_checks() {
  std::map<const audit_replay::Sale*, std::uint64_t> live_of;
  for (const auto& [id, order] : replay_.orders()) {
    if (is_live(order.state)) live_of[order.sale] += order.quantity;
  }
  Finding oversold("oversold"), conservation("conservation");
  std::uint64_t sold = 0, stock = 0;
  for (const auto& [uid, sale] : replay_.sales()) {
    if (!is_ours(sale)) continue;
    const std::uint64_t live = live_of[&sale];
    sold += live;
    stock += sale.terms.stock;
    if (live + sale.terms.withdrawn > sale.terms.stock) {
      oversold.broken("sale {}: {} sold and {} withdrawn of {}", sale.terms.name.view(), live,
                      sale.terms.withdrawn, sale.terms.stock);
    }
    if (live != sale.held + sale.paid) {
      conservation.broken("sale {}: {} held + {} paid, {} in live orders", sale.terms.name.view(),
                          sale.held, sale.paid, live);
    }
  }
  report_.checks.push_back(oversold.done(fmt::format("{} sold <= {} in stock", sold, stock)));
  report_.checks.push_back(conservation.done("held + paid + withdrawn + available = stock"));
}

void Audit::add_counter() {
  Finding counter("counter", Check::Weight::kUnproven);
  std::vector<SaleUid> sales;
  for (const auto& [uid, sale] : replay_.sales()) {
    if (is_ours(sale) && !sale.retired()) sales.push_back(uid);
  }
  const auto lefts = inputs_.counters(identity_, sales);
  if (!lefts) {
    counter.broken("{}", lefts.error().message);
    report_.checks.push_back(counter.done("cannot be read"));
    return;
  }
  for (const auto& [uid, left] : *lefts) {
    const audit_replay::Sale& sale = *replay_.sale(uid);
    if (left == static_cast<std::int64_t>(sale.available())) continue;
    counter.broken("sale {}: it says {} are left, {} are available", sale.terms.name.view(), left,
                   sale.available());
  }
  const std::size_t unknown = sales.size() - lefts->size();
  report_.checks.push_back(counter.done(fmt::format(
      "left = available of {} of {}, at rest{}", lefts->size(), counted(sales.size(), "sale"),
      unknown > 0 ? "; it knows no more of them, which misleads nobody" : "")));
}

void Audit::add_sums() {
  AuditSums& sums = report_.sums;
  const auto is_beyond = [this](Position changed) {
    return inputs_.rows != nullptr && changed >= report_.rows_at;
  };
  const bool behind = report_.rows_at < inputs_.asked;
  const auto is_behind = [&](Position changed) { return behind && is_beyond(changed); };
  for (const auto& [uid, sale] : replay_.sales()) {
    if (!is_ours(sale)) continue;
    sums.stock += sale.terms.stock;
    sums.withdrawn += sale.terms.withdrawn;
    // Its row says how it stands, which time changes, too.
    const bool moved_on =
        phase_at(sale.terms, rows_stamp_) != phase_at(sale.terms, replay_.last_stamp());
    if (is_behind(moved_on ? replay_.position() : sale.position)) ++sums.behind;
  }
  for (const auto& [id, order] : replay_.orders()) {
    if (!is_ours(*order.sale)) continue;
    ++sums.won;
    if (order.state == OrderState::kPaid) ++sums.paid;
    if (!is_live(order.state)) ++sums.returned;
    if (is_beyond(order.granted)) ++sums.pending;
    if (is_behind(order.position)) ++sums.behind;
  }
  for (const auto& [id, payment] : replay_.payments()) {
    const auto* order = replay_.order(payment.order);
    if (order == nullptr || !is_ours(*order->sale)) continue;
    if (payment.refund) ++sums.refunds;
    if (is_behind(payment.position)) ++sums.behind;
  }
}

void Audit::add_transcript() {
  std::optional<SaleUid> uid;
  if (inputs_.sale) uid = replay_.sale(*inputs_.sale)->terms.uid;
  auto checks = transcript_->judge(replay_, uid, report_.sums);
  std::move(checks.begin(), checks.end(), std::back_inserter(report_.checks));
}

}  // namespace

bool AuditReport::violated() const {
  return std::any_of(checks.begin(), checks.end(), [](const Check& check) {
    return !check.holds && check.weight == Check::Weight::kViolation;
  });
}

bool AuditReport::proven() const {
  const bool hold =
      std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.holds; });
  return hold && sums.behind == 0;
}

Result<AuditReport> audit(const AuditInputs& inputs) { return Audit(inputs).run(); }

}  // namespace seckill
