// What the report is made of: figures that say where they stand in summary.json, tables, charts.
#pragma once

#include <fmt/format.h>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drill/findings.h"

namespace seckill::html {

// A figure, and where it stands in summary.json.
std::string figure(const Json& run, Path path, std::string_view unit = "");
std::string words(const Json& run, Path path);
std::string marked(bool good, std::string_view html);              // ✓ or ✗ before it
std::string key(std::string_view classes, std::string_view name);  // of a chart
std::string chart(const std::string& svg, std::string_view caption);
std::string pair(const std::string& left, const std::string& right);  // side by side

class Page {
 public:
  template <class... Args>
  void add(fmt::format_string<Args...> form, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), form, std::forward<Args>(args)...);
    text_ += '\n';
  }
  void section(int number, std::string_view name) {
    close();
    add("<section><h2><span>{}</span>{}</h2>", number, name);
    open_ = true;
  }
  void close() {
    if (std::exchange(open_, false)) add("</section>");
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  bool open_ = false;
};

// Cells are HTML. The first one of a row is its head. "~" before a cell's text: words, to be read
// from the left and broken into lines.
class Table {
 public:
  Table(std::string_view caption, const std::vector<std::string>& head);
  void row(const std::vector<std::string>& cells);
  std::string take() { return text_ + "</tbody></table></div>\n"; }

 private:
  std::string text_;
};

}  // namespace seckill::html
