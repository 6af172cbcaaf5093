#include "app/talk.h"

#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

namespace seckill::app {
namespace {

bool wants_color() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if (no_color != nullptr && *no_color != '\0') return false;
  return term != nullptr && std::string_view(term) != "dumb" && isatty(STDOUT_FILENO) == 1;
}

void line(std::FILE* to, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), to);
  std::fputc('\n', to);
  std::fflush(to);
}

}  // namespace

Talk::Talk(Options options)
    : options_(options),
      terminal_(isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1),
      color_(options.color && wants_color()) {}

Log::Options Talk::log_options() const {
  const bool json = options_.log_format_given ? options_.log_json : isatty(STDERR_FILENO) != 1;
  return {json ? LogFormat::kJson : LogFormat::kText, options_.verbose, options_.quiet};
}

void Talk::result(std::string_view text) { line(stdout, text); }
void Talk::say(std::string_view text) {
  if (!options_.quiet) line(stderr, text);
}
void Talk::detail(std::string_view text) {
  if (options_.verbose) line(stderr, text);
}
void Talk::warn(std::string_view text) { line(stderr, fmt::format("seckill: warning: {}", text)); }

Exit Talk::fail(const Error& error) {
  line(stderr, fmt::format("seckill: {}", error.message));
  return exit_of(error.code);
}

std::string Talk::painted(const char* color, std::string_view mark, std::string_view text) const {
  if (!color_) return fmt::format("{} {}", mark, text);
  return fmt::format("\x1b[{}m{}\x1b[0m {}", color, mark, text);
}
std::string Talk::good(std::string_view text) const { return painted("32", "✓", text); }
std::string Talk::bad(std::string_view text) const { return painted("31", "✗", text); }
std::string Talk::mild(std::string_view text) const { return painted("33", "!", text); }

}  // namespace seckill::app
