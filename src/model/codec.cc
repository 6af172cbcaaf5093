#include "model/codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <type_traits>

namespace seckill {
namespace {

enum class Kind : std::uint8_t { kSale = 1, kReserve = 2, kPay = 3, kCancel = 4, kTick = 5 };

// Puts the fields side by side on the stack: no record is longer than kRecordBytesMax. All copies
// are of sizes that the compiler knows: a few moves each, no calls.
class Writer {
 public:
  std::span<const std::byte> written() const { return std::span(bytes_).first(size_); }

  template <class T>
    requires(std::is_integral_v<T> || std::is_enum_v<T>)
  void operator()(T value) {
    put<sizeof value>(&value);
  }
  void operator()(RawTime at) { (*this)(at.ms); }
  void operator()(LogTime at) { (*this)(at.ms); }
  void operator()(Hash128 bits) { (*this)(bits.hi), (*this)(bits.lo); }
  void operator()(OrderId id) { (*this)(id.bits); }
  void operator()(const HashKey& key) { put<sizeof key.bytes>(key.bytes.data()); }
  template <class Tag, std::size_t Max>
  void operator()(const InlineText<Tag, Max>& text) {
    const auto size = static_cast<std::uint8_t>(text.view().size());
    (*this)(size);
    put<Max>(text.view().data());  // all of it; what follows stands where it ends
    size_ -= Max - size;
  }

 private:
  template <std::size_t N>
  void put(const void* from) {
    std::copy_n(static_cast<const std::byte*>(from), N, bytes_.data() + size_);
    size_ += N;
  }
  std::array<std::byte, kRecordBytesMax + Title::kMax> bytes_;  // room for the longest, unused
  std::size_t size_ = 0;
};

// Reads what Writer wrote; after the first thing that does not fit, everything is refused and
// `wrong` says why.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> from) : from_(from) {}

  template <class T>
    requires(std::is_integral_v<T> || std::is_enum_v<T>)
  void operator()(T& value) {
    take(&value, sizeof value);
  }
  void operator()(RawTime& at) { (*this)(at.ms); }
  void operator()(LogTime& at) { (*this)(at.ms); }
  void operator()(Hash128& bits) { (*this)(bits.hi), (*this)(bits.lo); }
  void operator()(OrderId& id) { (*this)(id.bits); }
  void operator()(HashKey& key) { take(key.bytes.data(), key.bytes.size()); }
  template <class Tag, std::size_t Max>
  void operator()(InlineText<Tag, Max>& text) {
    std::uint8_t size = 0;
    (*this)(size);
    if (wrong_ == nullptr && size > from_.size()) wrong_ = "it is cut short";
    if (wrong_ != nullptr || size == 0) return;
    const auto* chars = reinterpret_cast<const char*>(from_.data());
    const auto made = InlineText<Tag, Max>::from({chars, size});
    if (!made) return refuse("a text holds bytes that it may not");
    text = *made;
    from_ = from_.subspan(size);
  }

  void refuse(const char* why) {
    if (wrong_ == nullptr) wrong_ = why;
  }
  const char* wrong() const { return wrong_; }
  std::size_t left() const { return from_.size(); }

 private:
  void take(void* to, std::size_t size) {
    if (wrong_ == nullptr && size > from_.size()) wrong_ = "it is cut short";
    if (wrong_ != nullptr) return;
    std::memcpy(to, from_.data(), size);
    from_ = from_.subspan(size);
  }
  std::span<const std::byte> from_;
  const char* wrong_ = nullptr;
};

// One list of fields a kind, for both directions.
template <class Each, class Terms>
void sale_fields(Each&& each, Terms& t) {
  each(t.uid), each(t.version), each(t.name), each(t.title), each(t.secret), each(t.stock);
  each(t.withdrawn), each(t.per_buyer), each(t.orders_max), each(t.price_minor), each(t.currency);
  each(t.starts_at), each(t.ends_at), each(t.hold_ms), each(t.standing);
}
template <class Each, class R>
void reserve_fields(Each&& each, R& r) {
  each(r.sale), each(r.order), each(r.buyer), each(r.key), each(r.body), each(r.quantity);
  each(r.asked_at);
}
template <class Each, class P>
void pay_fields(Each&& each, P& p) {
  each(p.order), each(p.payment), each(p.amount_minor);
}
template <class Each, class T>
void tick_fields(Each&& each, T& t) {
  each(t.rules), each(t.position), each(t.digest), each(t.nonce);
}

struct Encode {
  Writer& write;
  void operator()(const SaleRecord& sale) const { sale_fields(write, sale.terms); }
  void operator()(const Reserve& reserve) const { reserve_fields(write, reserve); }
  void operator()(const Pay& pay) const { pay_fields(write, pay); }
  void operator()(const Cancel& cancel) const { write(cancel.order); }
  void operator()(const Tick& tick) const { tick_fields(write, tick); }
};

void need(Reader& read, const auto& text) {
  if (text.empty()) read.refuse("a text that it needs is empty");
}

void decode_body(Reader& read, Kind kind, Record& record) {
  switch (kind) {
    case Kind::kSale: {
      SaleTerms& terms = record.body.emplace<SaleRecord>().terms;
      sale_fields(read, terms);
      if (terms.standing > Standing::kRetired) read.refuse("its standing is none that we know");
      return need(read, terms.name);
    }
    case Kind::kReserve: {
      auto& reserve = record.body.emplace<Reserve>();
      reserve_fields(read, reserve);
      return need(read, reserve.buyer), need(read, reserve.key);
    }
    case Kind::kPay: {
      auto& pay = record.body.emplace<Pay>();
      pay_fields(read, pay);
      return need(read, pay.payment);
    }
    case Kind::kCancel: return read(record.body.emplace<Cancel>().order);
    case Kind::kTick: return tick_fields(read, record.body.emplace<Tick>());
  }
  read.refuse("its kind is none that we know");
}

constexpr HashKey kRecordHashKey{
    {'s', 'e', 'c', 'k', 'i', 'l', 'l', ' ', 'r', 'e', 'c', 'o', 'r', 'd', ' ', '1'}};

}  // namespace

void encode(const Record& record, std::vector<std::byte>& to) {
  Writer write;
  write(kRecordFormat);
  write(static_cast<Kind>(record.body.index() + 1));  // the variant's order is the kinds'
  write(record.origin.node), write(record.origin.who.slot), write(record.origin.who.generation);
  std::visit(Encode{write}, record.body);
  const auto bytes = write.written();
  to.insert(to.end(), bytes.begin(), bytes.end());
}

Result<Record> decode(std::span<const std::byte> bytes) {
  Reader read(bytes);
  Result<Record> decoded;  // made where the caller wants it: a record is 300 bytes
  Record& record = *decoded;
  std::uint8_t format = 0;
  Kind kind{};
  read(format);
  if (read.wrong() == nullptr && format != kRecordFormat) {
    decoded = fail(
        Error::Code::kCorrupt,
        fmt::format("a record of format {}; this program knows format {}", format, kRecordFormat));
    return decoded;
  }
  read(kind);
  read(record.origin.node), read(record.origin.who.slot), read(record.origin.who.generation);
  if (read.wrong() == nullptr) decode_body(read, kind, record);
  if (read.wrong() == nullptr && read.left() != 0) read.refuse("bytes stand behind its end");
  if (read.wrong() != nullptr) {
    decoded = fail(Error::Code::kCorrupt,
                   fmt::format("{} bytes are no record: {}", bytes.size(), read.wrong()));
  }
  return decoded;
}

RecordHash hash_of(RawTime stamp, std::span<const std::byte> bytes) {
  HashKey key = kRecordHashKey;
  std::uint64_t mixed = 0;
  std::memcpy(&mixed, key.bytes.data() + 8, sizeof mixed);
  mixed ^= static_cast<std::uint64_t>(stamp.ms);
  std::memcpy(key.bytes.data() + 8, &mixed, sizeof mixed);
  return {siphash128(key, bytes)};
}

}  // namespace seckill
