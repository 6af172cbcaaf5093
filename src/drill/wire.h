// Two ways to ask for a unit: the buy API with a buyer and a key, and the demo's keyless POST.
// Pure: makes requests, reads verdicts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "drill/reply.h"
#include "drill/told.h"

namespace seckill {

// http://host[:port][/path]. https is refused with a sentence: a rush is played without TLS.
struct Address {
  std::string host;  // a name or a number, without brackets
  std::uint16_t port = 80;
  std::string path = "/";
  std::string authority() const;  // what Host: says
};
Result<Address> address_from(std::string_view url);

// What a reply said. reason: why, for a person, when it is worth a sample.
struct Heard {
  Told told = Told::kError;
  std::string_view order;  // its id, when won over the API
  std::int32_t left = -1;  // when won over the demo's wire
  std::string reason;
};

class Wire {
 public:
  // POST /api/v1/sales/{sale}/orders of this server, {"buyer":"u1","quantity":1}, Idempotency-Key.
  static Wire api(Address server, std::string_view sale);
  // POST to this URL, nothing else: 200 "[N]" is a win, 200 "sold out!" is none. There is no key,
  // so a retry or a second click is a new ask.
  static Wire demo(Address url);

  bool keyed() const { return keyed_; }
  const Address& address() const { return address_; }
  // Overwrites into with the bytes of one request; views are tokens (model/text.h).
  void request(std::string_view buyer, std::string_view key, std::string& into) const;
  Heard heard(const Reply& reply) const;
  // A harmless question, to warm a connection up.
  const std::string& warm_up() const { return warm_up_; }

 private:
  Wire(Address address, bool keyed);
  Address address_;
  bool keyed_;
  std::string head_;  // up to the key, or the whole request
  std::string warm_up_;
};

}  // namespace seckill
