// What a command says: the result on stdout, talk on stderr, so that a pipe gets the one without
// the other.
#pragma once

#include <string>
#include <string_view>

#include "app/exit.h"
#include "base/log.h"
#include "base/result.h"

namespace seckill::app {

class Talk {
 public:
  struct Options {
    bool json = false;
    bool quiet = false;
    bool verbose = false;
    bool color = true;  // still off where there is no terminal, or NO_COLOR or TERM=dumb
    bool input = true;  // may ask a person; still off where there is no terminal
    bool log_json = false;
    bool log_format_given = false;
  };
  explicit Talk(Options options);

  bool json() const { return options_.json; }
  bool quiet() const { return options_.quiet; }
  bool at_terminal() const { return terminal_; }  // stdin and stdout: a person looks
  bool colors() const { return color_; }          // stdout has them
  bool may_ask() const { return options_.input && terminal_; }
  Log::Options log_options() const;

  void result(std::string_view text);  // stdout, and a line's end; flushed
  void say(std::string_view text);     // stderr, unless quiet
  void detail(std::string_view text);  // stderr, if verbose
  void warn(std::string_view text);    // stderr
  Exit fail(const Error& error);       // stderr; the exit code that fits

  std::string good(std::string_view text) const;  // "✓ text", green where colours are
  std::string bad(std::string_view text) const;   // "✗ text", red
  std::string mild(std::string_view text) const;  // "! text", yellow

 private:
  std::string painted(const char* color, std::string_view mark, std::string_view text) const;

  Options options_;
  bool terminal_ = false;
  bool color_ = false;
};

}  // namespace seckill::app
