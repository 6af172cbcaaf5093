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
struct Settings;
}

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

  // kUnavailable: nobody answers there; anything that HTTP can say is a reply. A server at loopback
  // that does not know our token (401) is asked once more, without it.
  Result<HttpReply> ask(const HttpAsk& ask);
  // As ask(), but what is not 2xx becomes an error with the problem's words: 4xx kFailed or
  // kInvalid, 5xx kUnavailable.
  Result<HttpReply> expect(const HttpAsk& ask);

  std::string url() const;

 private:
  Result<HttpReply> send(const HttpAsk& ask, const std::string& token);

  Address server_;
  std::string token_;  // of ./seckill-data/admin.token when it is there; sent, never shown
  milliseconds patience_;
};

// "http://host:port" as --server and SECKILL_SERVER take it.
Result<Address> server_from(std::string_view url);
bool is_loopback(std::string_view host);  // a number of it, or "localhost"
// --server, else SECKILL_SERVER, else where `serve` would listen by these settings.
Result<Address> server_of(const Args& args, const Settings& settings);
// The admin's token goes in clear: to this machine, or where --journal or -c name it on purpose.
bool may_have_token(const Args& args, const Address& server);
// server_of(), with the admin token that --journal's directory holds, if it may have it.
Result<Client> client_of(const Args& args);
Flag server_flag();

}  // namespace seckill::app
