#include "compat/drift.h"

#include <fmt/format.h>

namespace seckill::compat {
namespace {

std::int64_t gone_down(const Figures& figures) {
  return static_cast<std::int64_t>(figures.stock) - *figures.counter;
}

Check check(std::string name, bool holds, std::string says,
            Check::Weight weight = Check::Weight::kViolation) {
  return {.name = std::move(name),
          .holds = holds,
          .says = std::move(says),
          .examples = {},
          .weight = weight};
}

Check counter_check(const Figures& figures) {
  if (!figures.counter) {
    return check("counter", false, "there is no such key: what was taken from it, nobody knows",
                 Check::Weight::kUnproven);
  }
  const std::int64_t down = gone_down(figures);
  if (down < 0) {
    return check("counter", false,
                 fmt::format("says {}, of a stock of {}: name what was ever put on sale with "
                             "--stock",
                             *figures.counter, figures.stock));
  }
  return check(
      "counter", true,
      fmt::format("says {}: it went down by {} of {}", *figures.counter, down, figures.stock));
}

Check drift_check(const Figures& figures) {
  const std::int64_t down = gone_down(figures);
  const auto messages = static_cast<std::int64_t>(figures.messages);
  if (down > messages) {
    return check("drift", false,
                 fmt::format("{} taken, {} recorded: {} units were taken and never recorded. Who "
                             "took them died, or did not wait, between the counter and the topic: "
                             "they are lost, and nobody else can buy them",
                             down, messages, down - messages));
  }
  if (down < messages) {
    return check("drift", false,
                 fmt::format("{} taken, {} recorded: {} were recorded without being taken, or the "
                             "counter was raised (then --stock is what was ever put on sale)",
                             down, messages, messages - down));
  }
  return check("drift", true, fmt::format("{} taken, {} recorded", down, messages));
}

Check rows_check(const Figures& figures) {
  const std::uint64_t rows = *figures.rows;
  if (rows > figures.messages) {
    return check("rows", false,
                 fmt::format("{} rows for {} messages: {} were stored twice", rows,
                             figures.messages, rows - figures.messages));
  }
  if (rows < figures.messages && figures.stored.value_or(0) > rows) {
    return check("rows", false,
                 fmt::format("{} were stored, {} rows are there: {} were removed", *figures.stored,
                             rows, *figures.stored - rows));
  }
  const std::uint64_t behind = figures.messages - rows;
  if (behind > 0) {
    return check("rows", false,
                 fmt::format("{} for {} messages: {} behind", rows, figures.messages, behind),
                 Check::Weight::kUnproven);
  }
  return check("rows", true, fmt::format("{} for {} messages", rows, figures.messages));
}

}  // namespace

std::vector<Check> drift(const Figures& figures) {
  std::vector<Check> checks{counter_check(figures)};
  checks.push_back(check("oversold", figures.messages <= figures.stock,
                         fmt::format("{} recorded, {} in stock", figures.messages, figures.stock)));
  if (figures.counter) checks.push_back(drift_check(figures));
  if (figures.astray > 0) {
    checks.push_back(check(
        "astray", false,
        fmt::format("{} messages in other partitions than 0, where nobody reads", figures.astray)));
  }
  if (figures.rows) checks.push_back(rows_check(figures));
  return checks;
}

}  // namespace seckill::compat
