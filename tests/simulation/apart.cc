#include "apart.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"

namespace seckill::simulation {
namespace {

constexpr std::size_t kDecisionsMax = 1'024;  // more than any plan has
constexpr std::string_view kBelief = "this should hold: ";

// What the child says, line by line: "seed 7", then perhaps "found I2: …" and what it prints when
// it stops itself.
void play_all(const Seeds& seeds, const std::string& canary,
              const std::optional<std::set<std::size_t>>& only, std::FILE* out) {
  for (std::uint64_t n = 0; n < seeds.count; ++n) {
    fmt::print(out, "seed {}\n", seeds.first + n);
    std::fflush(out);
    const auto sings = canary_of(canary);
    const Played played =
        World::of({.seed = seeds.first + n, .only = only, .nodes = seeds.nodes}, *sings)->play();
    if (!played.violation) continue;
    fmt::print(out, "found {}: {}\n", played.violation->promise, played.violation->what);
    break;
  }
  std::fflush(out);
}

std::string all_of(int fd) {
  std::string text;
  std::array<char, 4'096> part{};
  for (ssize_t n = 0; (n = ::read(fd, part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(n));
  }
  ::close(fd);
  return text;
}

// The line behind the last `what`.
std::optional<std::string> last_line(const std::string& text, std::string_view what) {
  const auto at = text.rfind(what);
  if (at == text.npos) return std::nullopt;
  const auto begin = at + what.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

// "I7: a hold ends once" names a promise, "one append in flight" does not.
Violation from_line(const std::string& line) {
  const auto colon = line.find(": ");
  if (colon == line.npos || line[0] != 'I') return {"belief", line};
  return {line.substr(0, colon), line.substr(colon + 2)};
}

std::optional<Violation> violation_in(const std::string& text, bool died) {
  if (const auto found = last_line(text, "\nfound ")) {
    const auto colon = found->find(": ");
    return Violation{found->substr(0, colon), found->substr(colon + 2)};
  }
  if (!died) return std::nullopt;
  if (const auto belief = last_line(text, kBelief)) return from_line(*belief);
  return Violation{"crash", text.substr(text.size() - std::min<std::size_t>(text.size(), 400))};
}

}  // namespace

std::optional<Finding> play_apart(const Seeds& seeds, const std::string& canary,
                                  const std::optional<std::set<std::size_t>>& only) {
  std::array<int, 2> pipe{};
  std::fflush(nullptr);
  if (::pipe(pipe.data()) != 0) std::abort();
  const pid_t child = ::fork();
  if (child < 0) std::abort();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    ::dup2(pipe[1], STDERR_FILENO);
    play_all(seeds, canary, only, ::fdopen(pipe[1], "w"));
    ::_exit(0);
  }
  ::close(pipe[1]);
  const std::string text = all_of(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  const auto violation = violation_in(text, status != 0);
  if (!violation) return std::nullopt;
  // The last line that is a seed: whatever was found was found there.
  const auto seed = last_line("\n" + text, "\nseed ").value_or("0");
  return Finding{std::strtoull(seed.c_str(), nullptr, 10), *violation};
}

std::optional<Shrunk> shrink(std::uint64_t seed, std::uint64_t nodes, const std::string& canary) {
  const auto whole = play_apart({seed, 1, nodes}, canary);
  if (!whole) return std::nullopt;
  const auto decisions = World::of({.seed = seed, .nodes = nodes}, *canary_of("none"))->plan();
  std::vector<std::size_t> kept;
  for (std::size_t n = 0; n < std::min(decisions, kDecisionsMax); ++n) kept.push_back(n);
  Shrunk shrunk{*whole, {kept.begin(), kept.end()}, decisions};
  for (std::size_t part = std::max<std::size_t>(kept.size() / 2, 1);;) {
    bool smaller = false;
    for (std::size_t at = 0; at < kept.size();) {
      std::vector<std::size_t> fewer(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(at));
      const auto behind = std::min(kept.size(), at + part);
      fewer.insert(fewer.end(), kept.begin() + static_cast<std::ptrdiff_t>(behind), kept.end());
      const std::set<std::size_t> only(fewer.begin(), fewer.end());
      const auto found = play_apart({seed, 1, nodes}, canary, only);
      if (found && found->violation.promise == whole->violation.promise) {
        shrunk.finding = *found, shrunk.only = only;
        kept = std::move(fewer), smaller = true;
      } else {
        at += part;
      }
    }
    if (part > 1) {
      part /= 2;
    } else if (!smaller) {
      return shrunk;
    }
  }
}

std::string to_text(const std::set<std::size_t>& numbers) {
  std::string text;
  for (auto at = numbers.begin(); at != numbers.end();) {
    const std::size_t from = *at;
    std::size_t to = from;
    while (++at != numbers.end() && *at == to + 1) ++to;
    text += text.empty() ? "" : ",";
    text += from == to ? fmt::format("{}", from) : fmt::format("{}-{}", from, to);
  }
  return text.empty() ? "none" : text;
}

std::optional<std::set<std::size_t>> numbers_from(const std::string& text) {
  std::set<std::size_t> numbers;
  if (text == "none") return numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;;) {
    std::size_t from = 0;
    auto read = std::from_chars(at, end, from);
    if (read.ec != std::errc{}) return std::nullopt;
    std::size_t to = from;
    if (read.ptr != end && *read.ptr == '-') {
      read = std::from_chars(read.ptr + 1, end, to);
      if (read.ec != std::errc{} || to < from || to - from > kDecisionsMax) return std::nullopt;
    }
    for (; from <= to; ++from) numbers.insert(from);
    if (read.ptr == end) return numbers;
    if (*read.ptr != ',') return std::nullopt;
    at = read.ptr + 1;
  }
}

}  // namespace seckill::simulation
