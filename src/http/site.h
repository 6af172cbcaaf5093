// The pages as they lie in the binary (web/dist): what is sent as it is, and what is filled in.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/replies.h"
#include "http/visitor.h"

namespace seckill {

// A page with {{slots}}; what is put into them is escaped.
class PageText {
 public:
  using Slots = std::span<const std::pair<std::string_view, std::string_view>>;
  explicit PageText(std::string_view text);
  // A slot that nobody names stays empty.
  void append(std::string& to, Slots slots) const;

 private:
  struct Piece {
    std::string_view text;  // before the slot
    std::string_view slot;
  };
  std::vector<Piece> pieces_;
};

// The front page: its list is a row for each sale.
struct FrontPage {
  PageText head, row, tail;
};

// Loads nothing from elsewhere, runs nothing inline, is framed by nobody.
extern const std::string_view kPageFields;

class Site {
 public:
  explicit Site(const Replies& replies);

  const PageText& shop(Language language) const { return of(shop_, language); }
  const PageText& till(Language language) const { return of(till_, language); }
  const PageText& lost(Language language) const { return of(lost_, language); }
  const FrontPage& front(Language language) const {
    return front_[static_cast<std::size_t>(language)];
  }

  // Ready to be sent, and the same packed by gzip; null: there is no such file. Names carry a hash
  // of what is in them, so a browser may keep them for ever.
  struct Asset {
    std::string_view name;
    ReadyReply plain, packed;
    ReadyReply same;   // 304: of a page, whose name says nothing of what is in it
    std::string etag;  // likewise
  };
  const Asset* asset(std::string_view name) const;
  const Asset& ops() const { return ops_; }

 private:
  using Pages = std::array<PageText, kLanguages>;
  static const PageText& of(const Pages& pages, Language language) {
    return pages[static_cast<std::size_t>(language)];
  }
  static Pages pages(std::string_view name);
  static FrontPage front_of(std::string_view name);
  static Asset asset_of(const Replies& replies, std::string_view name, std::string_view text);

  Pages shop_ = pages("shop");
  Pages till_ = pages("till");
  Pages lost_ = pages("lost");
  std::array<FrontPage, kLanguages> front_{front_of("front.en.html"), front_of("front.zh.html")};
  Asset ops_;
  std::vector<Asset> assets_;
};

// Whether the browser unpacks gzip.
bool takes_gzip(const Request& request);
// Whether it is a browser that shows what it gets to a person.
bool takes_html(const Request& request);

}  // namespace seckill
