// One request, read and checked: what of its bytes we use.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/route.h"

namespace seckill {

// Views live in the connection's buffer, until the request is consumed.
struct Request {
  Method method = Method::kOther;
  std::string_view head;   // all of it, for the fields that are rarely wanted: head_field.h
  std::string_view path;   // begins with '/'
  std::string_view query;  // behind '?', may be empty
  std::string_view host;   // as in the Host field; empty only in HTTP/1.0
  std::string_view idempotency_key;
  std::string_view authorization;
  std::string_view if_match;
  std::string_view if_none_match;
  std::string_view origin;
  std::string_view body;
  bool has_key = false;
  bool has_authorization = false;
  bool has_if_match = false;
  bool has_origin = false;
  bool forwarded = false;  // has passed a proxy: Forwarded, X-Forwarded-*
  bool keep_alive = false;
  bool http_1_0 = false;
};

}  // namespace seckill
