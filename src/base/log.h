// What the person on call reads: one line an event, key=value or JSON, with what to try next. Never
// a line per claim.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace seckill {

enum class LogFormat : std::uint8_t { kText, kJson };

// A pair of a line. Values are escaped when written; secrets and strangers' bytes do not belong
// here (T27).
struct LogPair {
  std::string_view key;
  std::string value;
};

// Promises: (1) one event is one line, whole, whatever its values hold; (2) JSON lines parse.
// Threads: any; lines of several threads do not mix.
class Log {
 public:
  struct Options {
    LogFormat format = LogFormat::kText;
    bool verbose = false;  // debug lines, too
    bool quiet = false;    // only warnings and errors
  };
  explicit Log(Options options);  // writes to stderr
  ~Log();

  void debug(std::string_view event, std::initializer_list<LogPair> pairs = {});
  void info(std::string_view event, std::initializer_list<LogPair> pairs = {});
  void warn(std::string_view event, std::initializer_list<LogPair> pairs = {});
  void error(std::string_view event, std::initializer_list<LogPair> pairs = {});

 private:
  struct Writer;
  std::unique_ptr<Writer> writer_;
};

// The middle of a line: event=… key=value … or "event":"…","key":"value",… . Pure, for tests.
std::string log_text(LogFormat format, std::string_view event,
                     std::initializer_list<LogPair> pairs);

}  // namespace seckill
