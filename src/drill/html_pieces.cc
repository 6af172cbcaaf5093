#include "drill/html_pieces.h"

#include <nlohmann/json.hpp>

#include "drill/svg.h"

namespace seckill::html {
namespace {

std::string cell(std::string_view html, std::string_view open, std::string_view close) {
  const bool is_words = html.starts_with('~');
  if (is_words) html.remove_prefix(1);
  return fmt::format("<{}{}>{}</{}>", open, is_words ? " class=\"words\"" : "", html, close);
}

}  // namespace

std::string figure(const Json& run, Path path, std::string_view unit) {
  const Json& value = at(run, path);
  if (!value.is_number()) return "–";
  return fmt::format("<data data-of=\"{}\" value=\"{}\">{}</data>", escaped(pointer_of(path)),
                     value.dump(), text(value, unit));
}

std::string words(const Json& run, Path path) { return escaped(text(at(run, path))); }

std::string marked(bool good, std::string_view html) {
  return fmt::format("<span class=\"{0}\"><span class=\"mark-of\">{1}</span> </span>{2}",
                     good ? "good" : "bad", good ? "✓" : "✗", html);
}

std::string key(std::string_view classes, std::string_view name) {
  return fmt::format("<span class=\"key {}\"><i></i><b>{}</b></span>", classes, name);
}

std::string chart(const std::string& svg, std::string_view caption) {
  if (svg.empty()) return "<p class=\"soft\">There are no figures for a picture.</p>\n";
  return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", svg, caption);
}

std::string pair(const std::string& left, const std::string& right) {
  return "<div class=\"pair\">\n<div>" + left + "</div><div>" + right + "</div></div>\n";
}

Table::Table(std::string_view caption, const std::vector<std::string>& head)
    : text_(fmt::format("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\">"
                        "<table><caption>{0}</caption><thead><tr>",
                        caption)) {
  for (const std::string& name : head) text_ += cell(name, "th scope=\"col\"", "th");
  text_ += "</tr></thead><tbody>\n";
}

void Table::row(const std::vector<std::string>& cells) {
  text_ += "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    text_ += i == 0 ? cell(cells[i], "th scope=\"row\"", "th") : cell(cells[i], "td", "td");
  }
  text_ += "</tr>\n";
}

}  // namespace seckill::html
