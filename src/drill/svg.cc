#include "drill/svg.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>

namespace seckill {
namespace {

// At most two decimals, none where there is nothing to say.
std::string place_text(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string made;
  made.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': made += "&amp;"; break;
      case '<': made += "&lt;"; break;
      case '>': made += "&gt;"; break;
      case '"': made += "&quot;"; break;
      case '\'': made += "&#39;"; break;
      default: made += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  return made;
}

Svg::Svg(double width, double height, std::string_view name)
    : text_(fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", width,
                        height, escaped(name))) {
  text_ += fmt::format("<title>{}</title>\n", escaped(name));
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view classes) {
  path({{x1, y1}, {x2, y2}}, classes);
}

void Svg::bar(double x, double y, double width, double height, std::string_view classes,
              double opacity) {
  if (width <= 0 || height <= 0) return;
  text_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"fill {}\"",
                       place_text(x), place_text(y), place_text(std::max(width, 0.6)),
                       place_text(std::max(height, 0.6)), classes);
  if (opacity < 1) text_ += fmt::format(" opacity=\"{:.2f}\"", opacity);
  text_ += "/>\n";
}

void Svg::path(const Points& points, std::string_view classes, bool closed) {
  if (points.empty()) return;
  text_ += fmt::format("<path class=\"{} {}\" d=\"", closed ? "fill" : "stroke", classes);
  for (std::size_t i = 0; i < points.size(); ++i) {
    text_ += fmt::format("{}{} {}", i == 0 ? "M" : "L", place_text(points[i].first),
                         place_text(points[i].second));
  }
  text_ += closed ? "Z\"/>\n" : "\"/>\n";
}

void Svg::dot(double x, double y, std::string_view classes) {
  text_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"3\" class=\"fill {}\"/>\n", place_text(x),
                       place_text(y), classes);
}

void Svg::text(double x, double y, std::string_view text, Anchor anchor, std::string_view classes) {
  constexpr std::string_view kAnchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
  text_ += fmt::format("<text x=\"{}\" y=\"{}\"{}{}>{}</text>\n", place_text(x), place_text(y),
                       kAnchors[static_cast<std::size_t>(anchor)],
                       classes.empty() ? "" : fmt::format(" class=\"{}\"", classes), escaped(text));
}

std::string Svg::take() {
  text_ += "</svg>\n";
  return std::move(text_);
}

Axis Axis::straight(double from, double to, double at, double end) {
  Axis axis;
  axis.from_ = from, axis.to_ = to > from ? to : from + 1, axis.at_ = at, axis.end_ = end;
  return axis;
}

Axis Axis::by_logarithm(double from, double to, double at, double end) {
  Axis axis = straight(std::log10(from), std::log10(std::max(to, from * 1.01)), at, end);
  axis.logarithmic_ = true;
  return axis;
}

double Axis::place(double value) const {
  const double v = logarithmic_ ? std::log10(std::max(value, 1e-9)) : value;
  return at_ + std::clamp((v - from_) / (to_ - from_), 0.0, 1.0) * (end_ - at_);
}

std::vector<double> Axis::ticks(std::size_t about) const {
  std::vector<double> ticks;
  if (logarithmic_) {
    const int last = static_cast<int>(std::floor(to_ + 1e-9));
    for (int power = static_cast<int>(std::ceil(from_ - 1e-9)); power <= last; ++power)
      ticks.push_back(std::pow(10, power));
    return ticks;
  }
  const double rough = (to_ - from_) / static_cast<double>(std::max<std::size_t>(about, 1));
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = power;
  for (const double times : {1.0, 2.0, 5.0, 10.0}) {
    step = power * times;
    if (step >= rough * 0.999) break;
  }
  for (double i = std::ceil(from_ / step - 1e-9) + 0.0; i * step <= to_ * (1 + 1e-9); i += 1)
    ticks.push_back(i * step);
  return ticks;
}

}  // namespace seckill
