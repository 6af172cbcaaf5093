// How commands talk to a running server: one blocking request at a time, with errors for people.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command.h"
#include "app/units.h"
#include "base/result.h"

namespace seckill::app {

struct HttpReply {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string header(std::string_view name) const;  // empty: not there; names without case
};

struct HttpAsk {
  std::string method = "GET";
  std::string path;  // "/api/v1/sales"
  std::string body;  // JSON; empty: none
  std::vector<std::pair<std::string, std::string>> headers;
};

// A connection a request: a command makes two or three of them. Threads: one owner; ask() waits, at
// most `patience`.
class Client {
 public:
  Client(Address server, std::string token, milliseconds patience = milliseconds(10'000));

  // kUnavailable: nobody answers there; anything that HTTP can say is a reply.
  Result<HttpReply> ask(const HttpAsk& ask);
  // As ask(), but what is not 2xx becomes an error with the problem's words: 4xx kFailed or
  // kInvalid, 5xx kUnavailable.
  Result<HttpReply> expect(const HttpAsk& ask);

  std::string url() const;

 private:
  Address server_;
  std::string token_;  // of ./seckill-data/admin.token when it is there; sent, never shown
  milliseconds patience_;
};

// "http://host:port" as --server and SECKILL_SERVER take it.
Result<Address> server_from(std::string_view url);
// --server, else SECKILL_SERVER, else 127.0.0.1:3000, with the admin token that --journal's
// directory holds.
Result<Client> client_of(const Args& args);
Flag server_flag();

}  // namespace seckill::app
