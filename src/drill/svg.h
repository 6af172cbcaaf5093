// A drawing as inline SVG: looks come from the page's style sheet, so that it is light, dark or
// printed as the page is.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seckill {

// Text for HTML and SVG, inside an element or an attribute: nothing in it is markup, and nothing is
// a control byte.
std::string escaped(std::string_view text);

using Points = std::vector<std::pair<double, double>>;

// Coordinates are of the view box. Classes are the style sheet's: "won", "bad", "mild", "grid", …
class Svg {
 public:
  // name: what the drawing shows, in a sentence, for those who do not see it.
  Svg(double width, double height, std::string_view name);

  void line(double x1, double y1, double x2, double y2, std::string_view classes);
  // A rectangle that is no smaller than a hair, or nothing if it has no size.
  void bar(double x, double y, double width, double height, std::string_view classes,
           double opacity = 1);
  void path(const Points& points, std::string_view classes, bool closed = false);
  void dot(double x, double y, std::string_view classes);
  enum class Anchor : char { kStart, kMiddle, kEnd };
  void text(double x, double y, std::string_view text, Anchor anchor = Anchor::kStart,
            std::string_view classes = "");

  std::string take();

 private:
  std::string text_;
};

// Places values on an axis: straight, or by their logarithm.
class Axis {
 public:
  static Axis straight(double from, double to, double at, double end);
  static Axis by_logarithm(double from, double to, double at, double end);  // 0 < from < to

  double place(double value) const;
  // A few round values within it.
  std::vector<double> ticks(std::size_t about) const;

 private:
  bool logarithmic_ = false;
  double from_ = 0, to_ = 1, at_ = 0, end_ = 1;
};

}  // namespace seckill
