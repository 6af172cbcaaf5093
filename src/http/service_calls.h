// What a server says of itself: health, metrics, time, and what it can be asked.
#pragma once

#include "http/office.h"

namespace seckill {

class ServiceCalls {
 public:
  explicit ServiceCalls(Office& office);

  Step live(Call& call, std::string& out);   // this process turns its loop
  Step ready(Call& call, std::string& out);  // it can sell: 503 says why not
  Step metrics(Call& call, std::string& out);
  Step time(Call& call, std::string& out);
  // GET /api/v1/sales/{sale}/events: writes the head; the session hands its socket to Streams.
  Step events(Call& call, const Request& request, std::string_view sale, std::string& out);
  Step openapi(Call& call, std::string& out);
  Step problems(Call& call, std::string& out);
  Step problem_page(Call& call, std::string_view code, std::string& out);  // its part of that page
  Step index(Call& call, std::string& out);

 private:
  Office& office_;
  ReadyReply live_;
  ReadyReply openapi_;
  ReadyReply problems_;
  ReadyReply index_;
};

}  // namespace seckill
