// Who may come in: tokens, and what a browser on another site may not do (T25, T29, T30).
#pragma once

#include <optional>

#include "http/options.h"
#include "http/problem.h"
#include "http/request.h"

namespace seckill {

enum class Need : std::uint8_t { kAdmin, kTill };  // what kTill opens, admin opens too

// Nothing: come in. Without a token only who is beside us: we listen on loopback alone, are called
// by a loopback name, and no proxy has been passed. A token that is shown is always checked, in
// constant time.
std::optional<Refusal> may_enter(const Request& request, const HttpOptions& options,
                                 bool listens_on_loopback, Need need);

// A browser says where a POST comes from; it must be from here.
bool is_cross_origin(const Request& request);

bool is_loopback_name(std::string_view host);  // with or without a port

}  // namespace seckill
