#include "support/record_stream.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>

#include "model/codec.h"

namespace seckill {
namespace {

constexpr std::size_t kSalesKept = 6;
constexpr std::size_t kOrdersKept = 300;
constexpr std::size_t kPaymentsKept = 60;
constexpr std::uint64_t kBuyers = 14;
constexpr std::uint64_t kKeys = 9;

template <class Text>
Text text(const std::string& from) {
  return Text::from(from).value();
}

template <class T>
void remember(std::deque<T>& list, const T& thing, std::size_t most) {
  list.push_back(thing);
  if (list.size() > most) list.pop_front();
}

}  // namespace

RecordStream::RecordStream(std::uint64_t seed, StreamShape shape)
    : dice_(seed), shape_(shape), raw_{1'700'000'000'000} {}

const Entry& RecordStream::next() {
  move_time();
  const Position at{written_};
  Record record = written_ == 0 ? Record{{}, Tick{kNewestRules, at, {}, dice_.bits()}} : write();
  if (written_ > 0 && shape_.wild > 0 && dice_.one_in(shape_.wild)) go_wild(record);
  bytes_.clear();
  encode(record, bytes_);
  entry_ = {.position = at, .stamp = last_, .bytes = bytes_, .record = record};
  ++written_;
  return entry_;
}

// Stamps that stand still, run, run back, jump; wild ones are of no time at all.
void RecordStream::move_time() {
  const std::uint64_t throw_of = dice_.below(100);
  std::int64_t step = 0;
  if (throw_of < 50) step = dice_.between(0, 40);
  if (throw_of >= 50 && throw_of < 60) step = dice_.between(0, 3'000);
  if (throw_of >= 60 && throw_of < 64) step = dice_.between(-2'000, 0);
  if (throw_of == 64) step = dice_.between(50'000, 70'000);
  if (shape_.odd > 0 && dice_.one_in(shape_.odd)) step = dice_.between(-3'600'000, 3'600'000);
  raw_.ms += step;
  const bool wild = shape_.wild > 0 && dice_.one_in(shape_.wild * 20);
  const RawTime stamp = wild ? RawTime{extreme()} : raw_;
  if (written_ > 0 && stamp > last_) {
    const auto by = static_cast<std::uint64_t>(stamp.ms) - static_cast<std::uint64_t>(last_.ms);
    clock_.ms += static_cast<std::int64_t>(std::min<std::uint64_t>(by, 60'000));
  }
  last_ = stamp;
}

Record RecordStream::write() {
  Record record;
  record.origin = {
      Node{dice_.below(3)},
      {static_cast<std::uint32_t>(dice_.below(100)), static_cast<std::uint32_t>(written_)}};
  const std::uint64_t kind = dice_.below(100);
  if (sales_.empty() || (shape_.new_sale > 0 && dice_.one_in(shape_.new_sale))) {
    record.body = create();
  } else if (kind < 52) {
    record.body = reserve();
  } else if (kind < 70) {
    record.body = pay();
  } else if (kind < 83) {
    record.body = cancel();
  } else if (kind < 93) {
    record.body = tick();
  } else {
    record.body = change();
  }
  return record;
}

SaleRecord RecordStream::create() {
  static constexpr std::array<std::int64_t, 5> kHolds{0, 0, 2'000, 30'000, 120'000};
  SaleTerms terms;
  terms.uid = SaleUid{static_cast<std::uint32_t>(dice_.below(0xffff'ffff) + 1)};
  terms.name = text<SaleName>(fmt::format("sale-{}", names_++));
  for (auto& byte : terms.secret.bytes) byte = static_cast<std::uint8_t>(dice_.bits());
  terms.stock = static_cast<std::uint32_t>(dice_.between(1, 90));
  terms.per_buyer = static_cast<std::uint32_t>(dice_.below(7));
  terms.orders_max = static_cast<std::uint32_t>(dice_.one_in(4) ? dice_.between(1, 40) : 400);
  terms.price_minor = dice_.between(0, 100'000);
  if (dice_.one_in(3)) terms.starts_at = RawTime{raw_.ms + dice_.between(-20'000, 500)};
  if (dice_.one_in(3)) terms.ends_at = RawTime{raw_.ms + dice_.between(60'000, 1'200'000)};
  terms.hold_ms = dice_.of(kHolds);
  if (!sales_.empty() && dice_.one_in(10))
    terms.name = dice_.of(sales_).name;  // known already
  else
    remember(sales_, terms, kSalesKept);
  return {terms};
}

// A change that is surely allowed is believed; of others the stream cannot know, so it tries
// versions around the believed one.
SaleRecord RecordStream::change() {
  SaleTerms& believed = dice_.of(sales_);
  SaleTerms terms = believed;
  const bool sure = dice_.one_in(2);
  terms.version += sure ? 1 : static_cast<std::uint32_t>(dice_.below(3));
  const std::uint64_t verb = sure ? dice_.below(6) : 6 + dice_.below(9);
  switch (verb) {
    case 0: terms.standing = Standing::kActive; break;
    case 1: terms.stock += static_cast<std::uint32_t>(dice_.between(1, 10)); break;
    case 2: terms.per_buyer = static_cast<std::uint32_t>(dice_.below(7)); break;
    case 3: terms.hold_ms = terms.hold_ms == 0 ? 0 : dice_.between(1, 60'000); break;
    case 4: terms.orders_max += static_cast<std::uint32_t>(dice_.below(50)); break;
    case 5: terms.ends_at = kNoEnd; break;
    case 6: terms.standing = Standing::kPaused; break;
    case 7: terms.standing = dice_.one_in(3) ? Standing::kClosed : Standing::kActive; break;
    case 8: terms.standing = Standing::kRetired; break;
    case 9: terms.withdrawn += static_cast<std::uint32_t>(dice_.between(1, 8)); break;
    case 10: terms.orders_max -= std::min<std::uint32_t>(terms.orders_max, 100); break;
    case 11: terms.stock -= 1; break;
    case 12: terms.secret.bytes[3] ^= 1; break;
    case 13: terms.name = text<SaleName>("another"); break;
    default: terms.starts_at = terms.ends_at; break;
  }
  if (believed.standing == Standing::kClosed) terms.standing = Standing::kRetired;
  if (sure || verb == 6 || verb == 7) believed = terms;
  if (terms.standing == Standing::kRetired && dice_.one_in(3))
    believed.standing = Standing::kClosed;
  return {terms};
}

Reserve RecordStream::reserve() {
  const SaleTerms& terms = dice_.of(sales_);
  const std::uint64_t buyer = dice_.below(kBuyers) + (dice_.one_in(5) ? dice_.below(1'000) : 0);
  const std::uint64_t key = dice_.below(kKeys);
  Reserve reserve;
  reserve.sale = terms.uid;
  reserve.buyer = text<Buyer>(fmt::format("b{}", buyer));
  reserve.key = text<Key>(fmt::format("k{}", key));
  reserve.order = order_id_of(terms, reserve.buyer, reserve.key);
  // Twins ask for the same; now and then they do not.
  reserve.quantity = static_cast<std::uint32_t>((buyer * 3 + key) % 5 == 0 ? 2 + key % 4 : 1);
  if (dice_.one_in(15)) reserve.quantity = static_cast<std::uint32_t>(dice_.between(1, 4));
  reserve.body = body_hash_of(terms, reserve.quantity);
  reserve.asked_at = {clock_.ms -
                      (dice_.one_in(30) ? dice_.between(8'000, 14'000) : dice_.between(-200, 900))};
  remember(orders_, reserve.order, kOrdersKept);
  return reserve;
}

OrderId RecordStream::some_order() {
  if (orders_.empty() || dice_.one_in(30)) return {{dice_.bits(), dice_.bits()}};
  return dice_.of(orders_);
}

Pay RecordStream::pay() {
  if (!payments_.empty() && dice_.one_in(4)) {  // told again, perhaps otherwise
    Pay again = dice_.of(payments_);
    if (dice_.one_in(4)) again.amount_minor += 1;
    if (dice_.one_in(4)) again.order = some_order();
    return again;
  }
  const Pay pay{some_order(), text<PaymentId>(fmt::format("p{}", names_++)),
                dice_.between(0, 9'999)};
  remember(payments_, pay, kPaymentsKept);
  return pay;
}

Cancel RecordStream::cancel() { return {some_order()}; }

// Says nothing of the state (position 0), or of one too old to be remembered.
Tick RecordStream::tick() {
  const std::uint64_t old = written_ > 10'000 && dice_.one_in(2) ? written_ - 10'000 : 0;
  return {kNewestRules, Position{old}, Digest{dice_.bits()}, dice_.bits()};
}

std::int64_t RecordStream::extreme() {
  static constexpr std::array<std::int64_t, 6> kValues{std::numeric_limits<std::int64_t>::min(),
                                                       std::numeric_limits<std::int64_t>::max(),
                                                       -1,
                                                       0,
                                                       1,
                                                       std::int64_t{1} << 40};
  return dice_.of(kValues);
}

// One field of the record becomes what no honest writer writes.
void RecordStream::go_wild(Record& record) {
  static constexpr std::array<std::uint32_t, 7> kCounts{
      0, 1, 33, kStockMax + 1, 1u << 31, 0xffff'fffe, 0xffff'ffff};
  const std::uint64_t field = dice_.below(9);
  if (auto* sale = std::get_if<SaleRecord>(&record.body)) {
    SaleTerms& t = sale->terms;
    if (field == 0) t.uid = SaleUid{dice_.of(kCounts)};
    if (field == 1) t.version = dice_.of(kCounts);
    if (field == 2) t.stock = 0;
    if (field == 3) t.withdrawn = dice_.of(kCounts);
    if (field == 4) t.per_buyer = dice_.of(kCounts);
    if (field == 5) t.orders_max = 0xffff'ffff;
    if (field == 6) t.hold_ms = extreme();
    if (field == 7) t.starts_at = {extreme()};
    if (field == 8) t.ends_at = {extreme()};
  } else if (auto* reserve = std::get_if<Reserve>(&record.body)) {
    if (field < 2) reserve->quantity = dice_.of(kCounts);
    if (field == 2) reserve->asked_at = {extreme()};
    if (field == 3) reserve->sale = SaleUid{static_cast<std::uint32_t>(dice_.bits())};
    if (field == 4) reserve->order = some_order();  // forged
    if (field == 5) reserve->body = dice_.bits();
    if (field > 5) reserve->order.bits.lo ^= 1;
  } else if (auto* pay = std::get_if<Pay>(&record.body)) {
    if (field < 4) pay->amount_minor = extreme();
    if (field >= 4) pay->order.bits.hi = dice_.bits();
  } else if (auto* cancel = std::get_if<Cancel>(&record.body)) {
    if (field < 4) cancel->order = {};
    if (field >= 4) cancel->order.bits.hi = dice_.bits();
  }
}

}  // namespace seckill
