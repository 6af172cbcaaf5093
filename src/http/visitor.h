// Who looks at a page: the buyer that a cookie stands for, his language, and where his request
// comes from. A shop would put its own login here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "http/request.h"
#include "model/text.h"

namespace seckill {

enum class Language : std::uint8_t { kEnglish, kChinese };
inline constexpr std::size_t kLanguages = 2;

struct Visitor {
  std::optional<Buyer> buyer;  // none: he brought no cookie of ours
  Language language = Language::kEnglish;
  std::string set_cookies;  // header lines, each with its CRLF
};

using Random = std::function<void(std::span<std::byte>)>;

// The cookie is a secret of 128 bits; the buyer is made of its hash, so that neither rows, lists
// nor logs can give it away. With `random`, who has none gets one.
// The language: `?lang=`, else the one chosen before, else Accept-Language.
Visitor visitor_of(const Request& request, const Random& random = {});

// The browser says that another site made it send this (T29).
bool is_cross_site(const Request& request);

}  // namespace seckill
