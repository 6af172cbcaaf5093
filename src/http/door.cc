#include "http/door.h"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace seckill {
namespace {

bool is_token_of(const std::optional<TokenHash>& known, const TokenHash& shown) {
  return known && CRYPTO_memcmp(known->data(), shown.data(), shown.size()) == 0;
}

bool equal_nocase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

std::optional<Refusal> may_enter_with(std::string_view authorization, const HttpOptions& options,
                                      Need need) {
  constexpr std::string_view kBearer = "Bearer ";
  if (authorization.size() <= kBearer.size() ||
      !equal_nocase(authorization.substr(0, kBearer.size()), kBearer))
    return Refusal{problems::kTokenWrong, "Authorization is not `Bearer <token>`."};
  const TokenHash shown = hash_of_token(authorization.substr(kBearer.size()));
  const bool admin = is_token_of(options.admin_token, shown);
  const bool till = is_token_of(options.till_token, shown);
  if (admin || (till && need == Need::kTill)) return std::nullopt;
  if (till) return Refusal{problems::kTokenScope, "A till may mark orders paid, nothing else."};
  return Refusal{problems::kTokenWrong, "This token is not known here."};
}

}  // namespace

TokenHash hash_of_token(std::string_view token) {
  TokenHash hash;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

bool is_loopback_name(std::string_view host) {
  if (host.starts_with("[::1]")) return host.size() == 5 || host[5] == ':';
  const std::string_view name = host.substr(0, host.find(':'));
  if (equal_nocase(name, "localhost")) return true;
  return name.starts_with("127.") && name.find_first_not_of("0123456789.") == name.npos;
}

std::optional<Refusal> may_enter(const Request& request, const HttpOptions& options,
                                 bool listens_on_loopback, Need need) {
  if (request.has_authorization) return may_enter_with(request.authorization, options, need);
  if (listens_on_loopback && !request.forwarded && is_loopback_name(request.host))
    return std::nullopt;
  return Refusal{problems::kTokenMissing,
                 "Send `Authorization: Bearer <token>`; only a caller on this machine needs none."};
}

bool is_cross_origin(const Request& request) {
  if (!request.has_origin) return false;
  std::string_view origin = request.origin;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme))
      return !equal_nocase(origin.substr(scheme.size()), request.host);
  }
  return true;
}

}  // namespace seckill
