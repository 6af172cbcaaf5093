// For tests of this station: records to journal, and what came of them.
#pragma once

#include <poll.h>
#include <string>
#include <vector>

#include "base/disk.h"
#include "journal/file_journal.h"
#include "journal/file_reader.h"

namespace seckill {

// The n-th of endless many records, of all kinds.
inline Record record_no(std::uint64_t n) {
  Record record{{Node{7}, {static_cast<std::uint32_t>(n), 1}}, Cancel{OrderId{{n, n * n}}}};
  const std::string number = std::to_string(n);
  switch (n % 5) {
    case 0: {
      SaleTerms terms;
      terms.uid = SaleUid{static_cast<std::uint32_t>(n + 1)};
      terms.name = *SaleName::from("car-" + number);
      terms.title = *Title::from("A \"fast\" car \\ " + number);
      terms.secret.bytes.fill(0x5a);
      terms.stock = 100;
      record.body = SaleRecord{terms};
      break;
    }
    case 1:
    case 2: {
      Reserve reserve;
      reserve.sale = SaleUid{1};
      reserve.order = OrderId{{n, ~n}};
      reserve.buyer = *Buyer::from("buyer-" + number);
      reserve.key = *Key::from("key-" + number);
      reserve.body = n * 17;
      record.body = reserve;
      break;
    }
    case 3:
      record.body =
          Pay{OrderId{{n, n}}, *PaymentId::from("payment-" + number), static_cast<std::int64_t>(n)};
      break;
    default: break;
  }
  return record;
}

inline std::vector<Record> records_from(std::uint64_t n, std::size_t count) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < count; ++i) records.push_back(record_no(n + i));
  return records;
}

// An entry that owns its bytes.
struct Kept {
  Position position{};
  RawTime stamp;
  std::vector<std::byte> bytes;
  Record record;
  bool operator==(const Kept&) const = default;
};

inline void keep_all(std::span<const Entry> entries, std::vector<Kept>& to) {
  for (const Entry& entry : entries) {
    to.push_back(
        {entry.position, entry.stamp, {entry.bytes.begin(), entry.bytes.end()}, entry.record});
  }
}

inline FileJournal::Visitor keeping(std::vector<Kept>& to) {
  return [&to](std::span<const Entry> entries) {
    keep_all(entries, to);
    return Status{};
  };
}

// Everything that can be read from `from` on, `most` at a time.
inline Result<std::vector<Kept>> read_all(JournalReader& reader, Position from = {},
                                          std::size_t most = 7) {
  std::vector<Kept> all;
  for (;;) {
    const auto entries = reader.read(from, most);
    if (!entries) return fail(entries.error());
    if (entries->empty()) return all;
    keep_all(*entries, all);
    from = next(entries->back().position);
  }
}

// The next event of a journal on a real disk: waits for its descriptor, 10 s at the most.
inline std::optional<JournalEvent> await(Journal& journal) {
  for (int i = 0; i < 1000; ++i) {
    if (auto event = journal.poll()) return event;
    pollfd wake{journal.wake_fd(), POLLIN, 0};
    if (::poll(&wake, 1, 10'000) != 1) return std::nullopt;
  }
  return std::nullopt;
}

inline FileJournalOptions small_segments(std::uint64_t bytes = 64 << 10) {
  FileJournalOptions options;
  options.segment_bytes = bytes;
  options.genesis = {Node{1}, 4711, RawTime{1'700'000'000'000}};
  return options;
}

}  // namespace seckill
