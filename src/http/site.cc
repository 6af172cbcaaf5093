#include "http/site.h"

#include <algorithm>
#include <fmt/format.h>
#include <zlib.h>

#include "base/invariant.h"
#include "embedded/web_pages.h"
#include "http/head_field.h"

namespace seckill {
namespace {

using std::string_view;

string_view text_of(string_view name) {
  for (const EmbeddedFile& file : embedded::web_pages()) {
    if (file.name == name) return file.text;
  }
  invariant(false, "every page is in the binary");
  return {};
}

string_view type_of(string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return content::kHtml;
}

constexpr int kGzipWindow = 15 + 16;  // zlib's way to say gzip, with the largest window

std::string packed(string_view text) {
  z_stream stream{};
  const int begun =
      deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, 9, Z_DEFAULT_STRATEGY);
  invariant(begun == Z_OK, "zlib has memory at the start");
  std::string out(deflateBound(&stream, text.size()), '\0');
  // zlib only reads its input, its type just does not say so
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  invariant(ended == Z_STREAM_END, "what deflateBound says is enough");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void append_html(std::string& to, string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': to += "&amp;"; break;
      case '<': to += "&lt;"; break;
      case '>': to += "&gt;"; break;
      case '"': to += "&quot;"; break;
      case '\'': to += "&#39;"; break;
      default: to += c;
    }
  }
}

}  // namespace

const string_view kPageFields =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

PageText::PageText(string_view text) {
  for (;;) {
    const auto begin = text.find("{{");
    const auto end = begin == text.npos ? text.npos : text.find("}}", begin);
    if (end == text.npos) break;
    pieces_.push_back({text.substr(0, begin), text.substr(begin + 2, end - begin - 2)});
    text.remove_prefix(end + 2);
  }
  pieces_.push_back({text, {}});
}

void PageText::append(std::string& to, Slots slots) const {
  for (const Piece& piece : pieces_) {
    to += piece.text;
    const auto slot = std::find_if(slots.begin(), slots.end(),
                                   [&](const auto& each) { return each.first == piece.slot; });
    if (slot != slots.end()) append_html(to, slot->second);
  }
}

Site::Site(const Replies& replies) : ops_(asset_of(replies, "ops.html", text_of("ops.html"))) {
  for (const EmbeddedFile& file : embedded::web_pages()) {
    if (!file.name.ends_with(".html")) assets_.push_back(asset_of(replies, file.name, file.text));
  }
}

Site::Pages Site::pages(string_view name) {
  return {PageText(text_of(fmt::format("{}.en.html", name))),
          PageText(text_of(fmt::format("{}.zh.html", name)))};
}

// {{#sale}} and {{/sale}} stand around the row.
FrontPage Site::front_of(string_view name) {
  constexpr string_view kOpen = "{{#sale}}", kClose = "{{/sale}}";
  const string_view text = text_of(name);
  const auto open = text.find(kOpen), close = text.find(kClose);
  invariant(open < close && close != text.npos, "the front page has a row for sales");
  const auto row = open + kOpen.size();
  return {PageText(text.substr(0, open)), PageText(text.substr(row, close - row)),
          PageText(text.substr(close + kClose.size()))};
}

Site::Asset Site::asset_of(const Replies& replies, string_view name, string_view text) {
  const bool page = name.ends_with(".html");
  std::string fields(page ? kPageFields : "X-Content-Type-Options: nosniff\r\n");
  fields += page ? "Cache-Control: no-cache\r\n"
                 : "Cache-Control: public, max-age=31536000, immutable\r\n";
  fields += "Vary: Accept-Encoding\r\n";
  Asset asset{.name = name, .plain = {}, .packed = {}, .same = {}, .etag = {}};
  if (page) {  // weak: packed or plain, it is the same page
    const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size());
    asset.etag = fmt::format("W/\"{:08x}-{}\"", sum, text.size());
    fields += fmt::format("ETag: {}\r\n", asset.etag);
    asset.same = replies.make_ready({304, type_of(name), fields}, {}, 0);
  }
  asset.plain = replies.make_ready({200, type_of(name), fields}, text, text.size());
  const std::string small = packed(text);
  fields += "Content-Encoding: gzip\r\n";
  asset.packed = replies.make_ready({200, type_of(name), fields}, small, small.size());
  return asset;
}

const Site::Asset* Site::asset(string_view name) const {
  const auto found = std::find_if(assets_.begin(), assets_.end(),
                                  [&](const Asset& asset) { return asset.name == name; });
  return found == assets_.end() ? nullptr : &*found;
}

bool takes_gzip(const Request& request) {
  return field_of(request.head, "accept-encoding").value_or("").find("gzip") != string_view::npos;
}

bool takes_html(const Request& request) {
  return field_of(request.head, "accept").value_or("").find("text/html") != string_view::npos;
}

}  // namespace seckill
