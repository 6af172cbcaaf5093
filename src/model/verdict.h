// What the ledger (or, for two of them, the sale) says of an ask. A refusal is an answer, not an
// error.
#pragma once

#include <cstdint>

#include "model/ids.h"

namespace seckill {

enum class Outcome : std::uint8_t {
  // RESERVE
  kWon,           // an order, now
  kReplayed,      // the order this key already has, whatever its state
  kSoldOut,       // for now: a unit may come back (I8)
  kLimitReached,  // the buyer's live units, or kOrdersPerBuyerMax orders ever
  kNotStarted,
  kPaused,
  kClosed,
  kSaleFull,  // orders_max
  kUnknownSale,
  kNotAnonymous,  // the demo's wire asked a sale with a limit or a hold
  kKeyReused,     // same key, another body (I5)
  kLate,          // asked more than kLateAfter ago: ask again
  // PAY, CANCEL
  kPaid,           // applied
  kRefund,         // money to give back: the order had ended, or was paid already (I7)
  kPaymentReused,  // this payment id was taken for another order or amount
  kCancelled,
  kOrderState,  // a paid order cannot be cancelled
  kUnknownOrder,
  // SALE
  kSaleAccepted,
  kSaleExists,       // a sale of that name (or uid) is there, or was and is retired
  kVersionConflict,  // another change came first
  kNotAllowed,  // these terms may not follow the present ones: stock below before, withdrawn above
                // what is available, …
  kSeasonFull,  // more sales or orders than a journal may hold in memory (I12)
  // TICK
  kTicked,
  // said by the sale, not by the ledger
  kFound,   // the order, or sale, that was looked for
  kBusy,    // nothing was recorded; come back
  kUnsure,  // it may or may not be recorded: ask again with the same key (I11)
};

struct Verdict {
  Outcome outcome = Outcome::kBusy;
  OrderId order;           // the order it is about; for kUnsure of a Buy: the one it would be
  std::uint32_t left = 0;  // units available right after this record (kWon), else at the judging
  Position position{};     // of the record; of what was known when judged before

  bool operator==(const Verdict&) const = default;
  bool gives() const { return outcome == Outcome::kWon || outcome == Outcome::kReplayed; }
};

const char* to_text(Outcome outcome);  // "sold-out": the words of the API and the metrics

}  // namespace seckill
