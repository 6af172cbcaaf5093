// Delivered and stored: the rows that a shop's other systems read. A view of the journal with a
// bookmark, never the truth.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "model/order.h"
#include "model/text.h"

namespace seckill {

// How far the rows have come. It is stored in the same transaction as they are.
struct Bookmark {
  RecordHash journal;  // identity: whose rows these are (J7)
  Position next{};     // first record that is not in the rows
  RecordHash last;     // hash of record next - 1
  LogTime clock;       // of the ledger there
  Digest digest{};     // of the ledger there
  bool operator==(const Bookmark&) const = default;
};

struct SaleRow {
  SaleTerms terms;  // secret is not stored
  Phase state{};    // at the batch's last time stamp
  Position position{};
  bool operator==(const SaleRow&) const = default;
};

// Few orders have more than these: they cost no allocation.
using UnitNumbers = boost::container::small_vector<std::uint32_t, 4>;

// Inserted with its texts when created in this batch, else only its state is updated. It is found
// by `made`, which grows: rows are appended, and a batch touches few pages (decision 0013).
struct OrderRow {
  Position made{};  // of the RESERVE that made it
  OrderId id;
  SaleName sale;
  Buyer buyer;  // empty: not created in this batch
  Key key;      // empty: not created in this batch
  std::uint32_t quantity = 0;
  UnitNumbers units;  // which pieces it has now: 1..stock; none when it has ended
  OrderState state{};
  RawTime held_at;
  std::optional<RawTime> due_at;  // held_at + hold: an estimate, since the ledger's clock decides
  std::optional<RawTime> paid_at;
  std::optional<RawTime> ended_at;  // cancelled or expired
  PaymentId payment;                // empty: none, or not paid in this batch
  Position position{};
  bool created = false;
  bool operator==(const OrderRow&) const = default;
};

struct PaymentRow {
  PaymentId id;
  OrderId order;
  std::int64_t amount_minor = 0;
  bool refund = false;
  Position position{};
  bool operator==(const PaymentRow&) const = default;
};

struct QuarantineRow {
  Position position{};
  std::string error;
  std::vector<std::byte> bytes;
  RawTime at;
  bool operator==(const QuarantineRow&) const = default;
};

// Each changed row once, in its state at the end of the batch.
struct Rows {
  std::vector<SaleRow> sales;
  std::vector<OrderRow> orders;
  std::vector<PaymentRow> payments;
  std::vector<QuarantineRow> quarantine;
  bool operator==(const Rows&) const = default;
};

struct Stored {
  enum class What : std::uint8_t {
    kCommitted,
    kLostRace,  // the bookmark was not what the caller believed: nothing is stored
    kUnknown,   // the answer to COMMIT was lost: read the bookmark
    kRefused,   // a row cannot be stored (a constraint, a value): nothing is stored; `why` says
                // which
  };
  What what = What::kCommitted;
  std::string why;
};

// sqlite and mysql (and the simulator's) are held to these lines by orders_contract_test.cc.
//   (1) store() is one transaction whose first statement locks the bookmark (R2);
//   (2) two handles racing from one bookmark: one commits, the other learns kLostRace and stores
//   nothing;
//   (3) storing the same batch after going back gives the same rows (states, not operations);
//   (4) primary keys only (R1): the ledger enforces, the audit proves;
//   (5) an order that was not created in this batch has a row already, or its RESERVE is in the
//   quarantine and it stays without one; else kCorrupt: rows were tampered with.
// Errors: kUnavailable (ask later), kInvalid (what took us once refuses us: a person has to look,
// ask later), kCorrupt (foreign or newer schema, damaged file), kFull (disk); nothing is stored
// then. Threads: one owner.
class Orders {
 public:
  virtual ~Orders() = default;
  // Nothing when the rows are empty: no journal has been consumed into them yet.
  virtual Result<std::optional<Bookmark>> bookmark() = 0;
  virtual Result<Stored> store(const std::optional<Bookmark>& was, const Bookmark& becomes,
                               const Rows& rows) = 0;
};

struct OrdersQuery {
  std::optional<SaleName> sale;
  std::optional<Buyer> buyer;
  std::optional<OrderState> state;
  std::optional<OrderId> after;        // starting_after, in the order in which they were made
  std::optional<Position> after_made;  // of `after`, if the asker knows: else it is searched for
  std::uint32_t limit = 100;           // 1..1000
};

struct PaymentsQuery {
  bool refunds_only = false;
  std::optional<PaymentId> after;
  std::uint32_t limit = 100;
};

template <class Row>
struct Page {
  std::vector<Row> rows;
  bool has_more = false;
  Position as_of{};  // first position that these rows do not know
};

// Everything, of one moment: what the audit compares. First the bookmark, then the quarantine, then
// the rows, so that whoever compares knows what to expect.
class RowsVisitor {
 public:
  virtual ~RowsVisitor() = default;
  virtual void bookmark(const std::optional<Bookmark>& bookmark) = 0;
  virtual void quarantined(const QuarantineRow& row) = 0;
  virtual void sale(const SaleRow& row) = 0;
  virtual void order(const OrderRow& row) = 0;
  virtual void payment(const PaymentRow& row) = 0;
};

// Reads beside a writer. Threads: one owner, may be another than the writer's.
class OrdersReader {
 public:
  virtual ~OrdersReader() = default;
  virtual Result<Page<OrderRow>> orders(const OrdersQuery& query) = 0;
  virtual Result<Page<PaymentRow>> payments(const PaymentsQuery& query) = 0;
  virtual Status visit(RowsVisitor& visitor) = 0;  // one snapshot
};

}  // namespace seckill
