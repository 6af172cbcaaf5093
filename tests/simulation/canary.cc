#include "canary.h"

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <vector>

#include "model/codec.h"

namespace seckill::simulation {
namespace {

// ---- the journal says "it is in" when it has only been handed over ----

class HastyJournal final : public Journal {
 public:
  HastyJournal(Journal& real, Position end) : real_(real), end_(end) {}

  void append(std::span<const Record> records, RawTime stamp) override {
    waiting_.push_back({{records.begin(), records.end()}, stamp});
    auto& batch = told_.emplace_back();
    for (const Record& record : records) {
      auto& bytes = batch.bytes.emplace_back();
      encode(record, bytes);
      batch.entries.push_back({end_, stamp, bytes, record});
      end_ = next(end_);
    }
    hand_over();
  }
  std::optional<JournalEvent> poll() override {
    while (auto real = real_.poll()) {
      flying_ = false;
      if (!std::holds_alternative<CameBack>(*real)) return real;
      hand_over();
    }
    if (told_.empty()) return std::nullopt;
    given_ = std::move(told_.front());
    told_.pop_front();
    return CameBack{given_.entries};
  }
  int wake_fd() const override { return real_.wake_fd(); }
  Room room() const override { return real_.room(); }

 private:
  struct Append {
    std::vector<Record> records;
    RawTime stamp;
  };
  struct Batch {
    std::deque<std::vector<std::byte>> bytes;
    std::vector<Entry> entries;
  };
  void hand_over() {
    if (flying_ || waiting_.empty()) return;
    flying_ = true;
    real_.append(waiting_.front().records, waiting_.front().stamp);
    waiting_.pop_front();
  }

  Journal& real_;
  Position end_;
  bool flying_ = false;
  std::deque<Append> waiting_;
  std::deque<Batch> told_;
  Batch given_;
};

// Alone it means "durable" when it is not; among several it means "mine is the next place", too.
struct AnswerBeforeTheFlush final : Canary {
  std::unique_ptr<Journal> journal(Journal& real, Position end) override {
    return std::make_unique<HastyJournal>(real, end);
  }
};

// ---- at the door ----

const SaleView* sale_of(const Ask& ask, const Ledger& ledger) {
  const Buy* buy = std::get_if<Buy>(&ask);
  return buy == nullptr ? nullptr : ledger.sale(buy->sale);
}

// A "sold out" flag is looked at before the key is.
struct StateBeforeKeys final : Canary {
  std::optional<Verdict> at_the_door(Ask& ask, const Ledger& ledger) override {
    const SaleView* sale = sale_of(ask, ledger);
    if (sale == nullptr || sale->available() > 0) return std::nullopt;
    return Verdict{.outcome = Outcome::kSoldOut, .position = ledger.position()};
  }
};

// Once a claim is answered its key is forgotten: asked again, it is a new one.
struct ForgetTheKey final : Canary {
  std::optional<Verdict> at_the_door(Ask& ask, const Ledger& ledger) override {
    const SaleView* sale = sale_of(ask, ledger);
    if (sale == nullptr) return std::nullopt;
    Buy& buy = std::get<Buy>(ask);
    if (ledger.find(order_id_of(sale->terms, buy.buyer, buy.key)) == nullptr) return std::nullopt;
    buy.key = *Key::from("ask-" + std::to_string(++asks_));
    return std::nullopt;
  }
  std::uint64_t asks_ = 0;
};

// What was granted before a restart is not found by its key any more.
struct ForgetTheKeyAfterRestart final : Canary {
  std::unique_ptr<Journal> journal(Journal&, Position end) override {
    restart_ = end;
    return nullptr;
  }
  std::optional<Verdict> at_the_door(Ask& ask, const Ledger& ledger) override {
    const SaleView* sale = sale_of(ask, ledger);
    if (sale == nullptr) return std::nullopt;
    Buy& buy = std::get<Buy>(ask);
    const Order* order = ledger.find(order_id_of(sale->terms, buy.buyer, buy.key));
    if (order != nullptr && order->position < restart_) {
      buy.key = *Key::from("new-" + std::to_string(number(restart_)));
    }
    return std::nullopt;
  }
  Position restart_{};
};

// The limit that the operator set is lost on the way in.
struct SkipTheLimit final : Canary {
  std::optional<Verdict> at_the_door(Ask& ask, const Ledger&) override {
    if (SaleAsk* sale = std::get_if<SaleAsk>(&ask)) sale->terms.per_buyer = 0;
    return std::nullopt;
  }
};

struct AnswerTheWrongOne final : Canary {
  bool heeds_generations() const override { return false; }
};

// ---- the disk and its recovery ----

// Hands everything through; canaries spoil one call.
class OtherDisk : public Disk {
 public:
  explicit OtherDisk(Disk& real) : real_(real) {}
  Result<std::vector<std::string>> list() override { return real_.list(); }
  Result<std::uint64_t> size(std::string_view name) override { return real_.size(name); }
  Result<std::size_t> read(std::string_view name, std::uint64_t offset,
                           std::span<std::byte> to) override {
    return real_.read(name, offset, to);
  }
  std::size_t sector() const override { return real_.sector(); }
  void write(std::string_view name, std::uint64_t offset,
             std::span<const std::byte> bytes) override {
    real_.write(name, offset, bytes);
  }
  void make(std::string_view name, std::uint64_t size) override { real_.make(name, size); }
  std::optional<DiskDone> poll() override { return real_.poll(); }
  int wake_fd() const override { return real_.wake_fd(); }
  Status put(std::string_view name, std::span<const std::byte> bytes, std::uint64_t size) override {
    return real_.put(name, bytes, size);
  }
  Status rename(std::string_view from, std::string_view to) override {
    return real_.rename(from, to);
  }
  Status remove(std::string_view name) override { return real_.remove(name); }

 private:
  Disk& real_;
};

// Recovery takes a damaged block for the end: it sees nothing of what lies behind it.
class EndsAtRot final : public OtherDisk {
 public:
  EndsAtRot(Disk& real, Platter::Written bad) : OtherDisk(real), bad_(std::move(bad)) {}
  Result<std::vector<std::string>> list() override {
    auto names = OtherDisk::list();
    if (names) std::erase_if(*names, [&](const std::string& name) { return name > bad_.name; });
    return names;
  }
  Result<std::size_t> read(std::string_view name, std::uint64_t offset,
                           std::span<std::byte> to) override {
    auto size = OtherDisk::read(name, offset, to);
    if (!size || name != bad_.name) return size;
    for (std::size_t n = 0; n < *size; ++n) {
      if (offset + n >= bad_.offset) to[n] = std::byte{0};
    }
    return size;
  }

 private:
  Platter::Written bad_;
};

struct CutRotAsTorn final : Canary {
  std::unique_ptr<Disk> disk(Disk& real, const Platter::Rot* rot) override {
    return rot ? std::make_unique<EndsAtRot>(real, rot->block) : nullptr;
  }
};

class DeafDisk final : public OtherDisk {
 public:
  using OtherDisk::OtherDisk;
  std::optional<DiskDone> poll() override {
    auto done = OtherDisk::poll();
    if (done && done->what == DiskDone::What::kWrite) done->error.reset();
    return done;
  }
};

struct IgnoreAFailedSync final : Canary {
  std::unique_ptr<Disk> disk(Disk& real, const Platter::Rot*) override {
    return std::make_unique<DeafDisk>(real);
  }
};

// The sync is asked for once more. It says yes, since the pages are clean: what they held is gone.
class PatientDisk final : public OtherDisk {
 public:
  using OtherDisk::OtherDisk;
  void write(std::string_view name, std::uint64_t offset,
             std::span<const std::byte> bytes) override {
    name_ = name;
    OtherDisk::write(name, offset, bytes);
  }
  std::optional<DiskDone> poll() override {
    auto done = OtherDisk::poll();
    if (!done || done->what != DiskDone::What::kWrite || !done->error) return done;
    OtherDisk::write(name_, 0, {});
    return std::nullopt;
  }

 private:
  std::string name_;
};

struct RetryAFailedSync final : Canary {
  std::unique_ptr<Disk> disk(Disk& real, const Platter::Rot*) override {
    return std::make_unique<PatientDisk>(real);
  }
};

// Blocks share sectors, since somebody believed in 512 bytes.
class FinerDisk final : public OtherDisk {
 public:
  using OtherDisk::OtherDisk;
  std::size_t sector() const override { return 512; }
};

struct RewriteASharedSector final : Canary {
  std::unique_ptr<Disk> disk(Disk& real, const Platter::Rot*) override {
    return std::make_unique<FinerDisk>(real);
  }
};

struct NoDirectorySync final : Canary {
  bool syncs_directories() const override { return false; }
};

// ---- the rows ----

// The bookmark is stored in a transaction of its own, before the rows are.
class TwoTransactions final : public Orders {
 public:
  explicit TwoTransactions(SimOrders& real) : real_(real) {}
  Result<std::optional<Bookmark>> bookmark() override { return real_.bookmark(); }
  Result<Stored> store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                       const Rows& rows) override {
    auto stored = real_.store(was, becomes, {});
    if (!stored || stored->what != Stored::What::kCommitted) return stored;
    if (auto done = real_.commit(std::nullopt, rows); !done) return fail(done.error());
    return stored;
  }

 private:
  SimOrders& real_;
};

struct BookmarkOutsideTheTransaction final : Canary {
  std::unique_ptr<Orders> orders(SimOrders& real) override {
    return std::make_unique<TwoTransactions>(real);
  }
};

// Of two consumers each stores as if it were alone: the bookmark is not compared.
class NoRace final : public Orders {
 public:
  explicit NoRace(SimOrders& real) : real_(real) {}
  Result<std::optional<Bookmark>> bookmark() override { return real_.bookmark(); }
  Result<Stored> store(const std::optional<Bookmark>&, const Bookmark& becomes,
                       const Rows& rows) override {
    return real_.store(real_.mark(), becomes, rows);
  }

 private:
  SimOrders& real_;
};

struct RaceForTheRowsNotSeen final : Canary {
  std::unique_ptr<Orders> orders(SimOrders& real) override {
    return std::make_unique<NoRace>(real);
  }
};

struct RowsBeforeTheFlush final : Canary {
  bool reads_only_what_is_durable() const override { return false; }
};

// Recovery is not told how much the rows know: a damaged last block passes for a torn write.
struct OpenWithoutTheRows final : Canary {
  bool opens_with_the_rows_bookmark() const override { return false; }
};

// ---- time ----

// Ticks are thought to be of no use, and thrown away.
class NoTicks final : public Journal {
 public:
  explicit NoTicks(Journal& real) : real_(real) {}
  void append(std::span<const Record> records, RawTime stamp) override {
    lost_ = std::holds_alternative<Tick>(records.front().body);
    if (!lost_) real_.append(records, stamp);
  }
  std::optional<JournalEvent> poll() override {
    if (std::exchange(lost_, false)) return Unsure{"thrown away"};
    return real_.poll();
  }
  int wake_fd() const override { return real_.wake_fd(); }
  Room room() const override { return real_.room(); }

 private:
  Journal& real_;
  bool lost_ = false;
};

struct LoseTheTicks final : Canary {
  std::unique_ptr<Journal> journal(Journal& real, Position) override {
    return std::make_unique<NoTicks>(real);
  }
};

// ---- the shared log ----

// The producer has given up for good, and nobody hears of it.
class NeverUnsure final : public Journal {
 public:
  explicit NeverUnsure(Journal& real) : real_(real) {}
  void append(std::span<const Record> records, RawTime stamp) override {
    real_.append(records, stamp);
  }
  std::optional<JournalEvent> poll() override {
    auto event = real_.poll();
    if (event && std::holds_alternative<Unsure>(*event)) return std::nullopt;
    return event;
  }
  int wake_fd() const override { return real_.wake_fd(); }
  Room room() const override { return real_.room(); }

 private:
  Journal& real_;
};

struct UnsureIsNotHeard final : Canary {
  std::unique_ptr<Journal> journal(Journal& real, Position) override {
    return std::make_unique<NeverUnsure>(real);
  }
};

struct LatestOnALostOffset final : Canary {
  bool stops_on_a_lost_offset() const override { return false; }
};

// ---- in the copies ----

class InTheCopies final : public Canary {
 public:
  explicit InTheCopies(std::size_t bug) : bug_(bug) { plant(bug_, true); }
  ~InTheCopies() override { plant(bug_, false); }
  InTheCopies(const InTheCopies&) = delete;
  InTheCopies& operator=(const InTheCopies&) = delete;

 private:
  std::size_t bug_;
};

// ---- two at once ----

class Duet final : public Canary {
 public:
  Duet(std::unique_ptr<Canary> one, std::unique_ptr<Canary> other)
      : one_(std::move(one)), other_(std::move(other)) {}

  std::unique_ptr<Disk> disk(Disk& real, const Platter::Rot* rot) override {
    auto disk = one_->disk(real, rot);
    return disk ? std::move(disk) : other_->disk(real, rot);
  }
  std::unique_ptr<Journal> journal(Journal& real, Position end) override {
    auto journal = one_->journal(real, end);
    return journal ? std::move(journal) : other_->journal(real, end);
  }
  std::unique_ptr<Orders> orders(SimOrders& real) override {
    auto orders = one_->orders(real);
    return orders ? std::move(orders) : other_->orders(real);
  }
  std::optional<Verdict> at_the_door(Ask& ask, const Ledger& ledger) override {
    const auto said = one_->at_the_door(ask, ledger);
    return said ? said : other_->at_the_door(ask, ledger);
  }
  bool syncs_directories() const override {
    return one_->syncs_directories() && other_->syncs_directories();
  }
  bool heeds_generations() const override {
    return one_->heeds_generations() && other_->heeds_generations();
  }
  bool reads_only_what_is_durable() const override {
    return one_->reads_only_what_is_durable() && other_->reads_only_what_is_durable();
  }
  bool opens_with_the_rows_bookmark() const override {
    return one_->opens_with_the_rows_bookmark() && other_->opens_with_the_rows_bookmark();
  }
  bool stops_on_a_lost_offset() const override {
    return one_->stops_on_a_lost_offset() && other_->stops_on_a_lost_offset();
  }

 private:
  std::unique_ptr<Canary> one_, other_;
};

// ---- the list of them ----

template <class T>
std::unique_ptr<Canary> make() {
  return std::make_unique<T>();
}

struct Planted {
  CanaryName name;
  std::unique_ptr<Canary> (*make)();
};

constexpr bool kAmongSeveral = true;

constexpr auto kAll = std::to_array<Planted>({
    {{"answer-before-the-flush", "yes is said when the record was handed over, not when durable",
      " I2 | I8 "},
     make<AnswerBeforeTheFlush>},
    {{"state-before-keys", "sold out is said before the key is looked up", " I5 "},
     make<StateBeforeKeys>},
    {{"forget-the-key", "once a claim is answered, its key is forgotten", " I5 | I11 "},
     make<ForgetTheKey>},
    {{"forget-the-key-after-restart", "what was granted before a restart has no key any more",
      " I5 | I11 "},
     make<ForgetTheKeyAfterRestart>},
    {{"skip-the-limit", "the per-buyer limit is lost", " I4 "}, make<SkipTheLimit>},
    {{"cut-rot-as-torn", "recovery takes damage in the middle for a torn end", " I9 "},
     make<CutRotAsTorn>},
    {{"bookmark-outside", "the bookmark is stored apart from the rows",
      " I2 | audit rows-missing | audit orders-differ | audit units-differ | audit payments-differ "
      "| "
      "audit sales-differ "},
     make<BookmarkOutsideTheTransaction>},
    {{"ignore-a-failed-sync", "a failed sync is taken for a good one", " I2 | I9 "},
     make<IgnoreAFailedSync>},
    {{"retry-a-failed-sync", "a failed sync is asked for again, and says yes", " I2 | I9 "},
     make<RetryAFailedSync>},
    {{"rewrite-a-shared-sector", "blocks begin every 512 bytes, whatever the disk's sector is",
      " I2 | I8 | I9 "},
     make<RewriteASharedSector>},
    {{"no-directory-sync", "names of files are never synced", " I2 | I9 | audit bookmark "},
     make<NoDirectorySync>},
    {{"rows-before-the-flush", "the consumer reads blocks that are not durable", " I9 "},
     make<RowsBeforeTheFlush>},
    {{"open-without-the-rows", "recovery does not ask how much the rows know", " I9 "},
     make<OpenWithoutTheRows>},
    {{"answer-the-wrong-one", "answers go to the slot, whoever sits there now", " I11 "},
     make<AnswerTheWrongOne>},
    {{"lose-the-ticks", "nothing tells the ledger that time goes on", " I7 "}, make<LoseTheTicks>},
    {{"sent-is-recorded", "a record that was sent is believed to be the log's next one",
      " I1 | I2 | I5 | I8 | I9 | A2 ", kAmongSeveral},
     make<AnswerBeforeTheFlush>},
    {{"unsure-is-not-heard", "the producer has given up, and nobody looks", " I10 | I11 | I3 ",
      kAmongSeveral},
     make<UnsureIsNotHeard>},
    {{"latest-on-a-lost-offset", "a reader whose place is gone goes on at the end", " I9 | belief ",
      kAmongSeveral},
     make<LatestOnALostOffset>},
    {{"race-for-the-rows-not-seen", "of two consumers each stores as if it were alone",
      " I2 | I9 | audit orders-differ | audit units-differ | audit sales-differ | audit double ",
      kAmongSeveral},
     make<RaceForTheRowsNotSeen>},
});

// One alone may hide another; these are planted together.
constexpr auto kDuets = std::to_array<CanaryName>({
    {"state-before-keys+answer-before-the-flush", "both", " I5 | I2 | I8 "},
    {"forget-the-key+skip-the-limit", "both", " I5 | I11 | I4 "},
    {"no-directory-sync+trim-in-place", "both", " I2 | I9 | audit bookmark "},
    {"retry-a-failed-sync+rows-before-the-flush", "both", " I2 | I9 "},
    {"raw-clock+lose-the-ticks", "both", " I7 | rules | I6 | audit bookmark "},
    {"refund-twice+unknown-is-committed", "both",
     " I7 | I2 | I9 | audit payments-differ | audit rows-missing | audit orders-differ | audit "
     "units-differ "},
    {"limit-for-one+in-flight-not-counted", "both", " I4 | A10 | rules "},
    {"the-counter-sells+answer-before-the-barrier", "both", " I2 | I1 | I5 | I4 | A2 ",
     kAmongSeveral},
    {"hold-from-the-asking+the-nodes-own-clock", "both",
     " rules | I3 | I7 | I10 | audit orders-differ | audit units-differ ", kAmongSeveral},
    {"twice-is-two+race-for-the-rows-not-seen", "both",
     " I1 | I2 | I5 | I7 | I9 | rules | belief | audit orders-differ | audit units-differ ",
     kAmongSeveral},
});

}  // namespace

std::vector<CanaryName> canaries() {
  std::vector<CanaryName> names;
  for (const Planted& each : kAll) names.push_back(each.name);
  for (const PlantedBug& each : planted_bugs()) names.push_back(each.name);
  for (const CanaryName& each : kDuets) {
    if (canary_of(each.name)) names.push_back(each);
  }
  return names;
}

std::unique_ptr<Canary> canary_of(std::string_view name) {
  if (const auto plus = name.find('+'); plus != name.npos) {
    auto one = canary_of(name.substr(0, plus)), other = canary_of(name.substr(plus + 1));
    if (!one || !other) return nullptr;
    return std::make_unique<Duet>(std::move(one), std::move(other));
  }
  if (name == "none") return std::make_unique<Canary>();
  for (const Planted& each : kAll) {
    if (each.name.name == name) return each.make();
  }
  for (const PlantedBug& each : planted_bugs()) {
    if (each.name.name == name) return std::make_unique<InTheCopies>(each.number);
  }
  return nullptr;
}

}  // namespace seckill::simulation
