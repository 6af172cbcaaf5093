// The refusals of HTTP by name: every reply that is not a yes is one of these (RFC 9457).
#pragma once

#include <string_view>

#include "model/verdict.h"

namespace seckill {

// 409 = well-formed, the sale's state says no; `code` says which. Codes are stable: clients branch
// on them.
struct Problem {
  unsigned status = 500;
  std::string_view code;
  std::string_view title;
};

namespace problems {
// bytes that are no request of ours
inline constexpr Problem kMalformedRequest{400, "malformed-request", "Malformed request"};
inline constexpr Problem kVersion{505, "http-version", "HTTP version not supported"};
inline constexpr Problem kTimeout{408, "request-timeout", "Request came too slowly"};
inline constexpr Problem kBodyTooLarge{413, "body-too-large", "Body too large"};
inline constexpr Problem kUriTooLong{414, "uri-too-long", "URI too long"};
inline constexpr Problem kHeadTooLarge{431, "head-too-large", "Header fields too large"};
inline constexpr Problem kExpectation{417, "expectation-failed", "Expectation failed"};
// who asks, and where
inline constexpr Problem kNotFound{404, "not-found", "Not found"};
inline constexpr Problem kMethod{405, "method-not-allowed", "Method not allowed"};
inline constexpr Problem kTokenMissing{401, "token-missing", "A token is needed"};
inline constexpr Problem kTokenWrong{401, "token-wrong", "This token is not known"};
inline constexpr Problem kTokenScope{403, "token-scope", "This token may not do that"};
inline constexpr Problem kCrossOrigin{403, "cross-origin", "Cross-origin request"};
inline constexpr Problem kCookieMissing{403, "cookie-missing", "No cookie came along"};
// what is asked
inline constexpr Problem kMalformed{400, "malformed", "Malformed body"};
inline constexpr Problem kUnknownField{400, "unknown-field", "Unknown field"};
inline constexpr Problem kIdentifier{400, "invalid-identifier", "Invalid identifier"};
inline constexpr Problem kKeyMissing{400, "idempotency-key-missing", "Idempotency-Key is missing"};
inline constexpr Problem kInvalidField{422, "invalid-field", "Invalid field"};
inline constexpr Problem kPrecondition{412, "version-conflict", "The sale has changed"};
inline constexpr Problem kPreconditionMissing{428, "if-match-missing", "If-Match is needed"};
inline constexpr Problem kSaleState{409, "sale-state", "The sale's state does not allow that"};
// of ourselves
inline constexpr Problem kBusy{503, "busy", "Busy, come back"};
inline constexpr Problem kUnknownOutcome{503, "outcome-unknown", "Outcome unknown"};
inline constexpr Problem kUnavailable{503, "unavailable", "Not available now"};
inline constexpr Problem kTooManyReaders{503, "too-many-readers", "Too many live readers"};
inline constexpr Problem kInternal{500, "internal", "Internal error"};
}  // namespace problems

// What HTTP calls a verdict that gives nothing.
Problem problem_of(Outcome outcome);

// A request refused before it was read to its end.
struct Refusal {
  Problem problem;
  std::string_view detail;
};

}  // namespace seckill
