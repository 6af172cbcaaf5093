#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace seckill {
namespace {

// Escapes for a quoted text, the same in both formats: JSON's.
std::string quoted(std::string_view text) {
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      made += '\\', made += c;
    } else if (c == '\n') {
      made += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      made += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      made += c;
    }
  }
  return made += '"';
}

// key=value stays bare while it is one word: that is what people grep for.
std::string bare_or_quoted(std::string_view text) {
  const bool word = !text.empty() && text.find_first_of(" \"=\\\n\t\r") == std::string_view::npos;
  return word ? std::string(text) : quoted(text);
}

}  // namespace

std::string log_text(LogFormat format, std::string_view event,
                     std::initializer_list<LogPair> pairs) {
  if (format == LogFormat::kText) {
    std::string line(event);
    for (const LogPair& pair : pairs)
      line += fmt::format(" {}={}", pair.key, bare_or_quoted(pair.value));
    return line;
  }
  std::string line = "\"event\":" + quoted(event);
  for (const LogPair& pair : pairs)
    line += fmt::format(",{}:{}", quoted(pair.key), quoted(pair.value));
  return line;
}

struct Log::Writer {
  LogFormat format;
  spdlog::logger logger;

  void write(spdlog::level::level_enum level, std::string_view event,
             std::initializer_list<LogPair> pairs) {
    if (!logger.should_log(level)) return;
    logger.log(level, spdlog::string_view_t(log_text(format, event, pairs)));
  }
};

Log::Log(Options options)
    : writer_(new Writer{
          options.format,
          spdlog::logger("seckill", std::make_shared<spdlog::sinks::stderr_sink_mt>())}) {
  writer_->logger.set_pattern(options.format == LogFormat::kText
                                  ? "%Y-%m-%dT%H:%M:%S.%eZ %l %v"
                                  : R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                              spdlog::pattern_time_type::utc);
  writer_->logger.set_level(options.quiet     ? spdlog::level::warn
                            : options.verbose ? spdlog::level::debug
                                              : spdlog::level::info);
}

Log::~Log() = default;

void Log::debug(std::string_view event, std::initializer_list<LogPair> pairs) {
  writer_->write(spdlog::level::debug, event, pairs);
}
void Log::info(std::string_view event, std::initializer_list<LogPair> pairs) {
  writer_->write(spdlog::level::info, event, pairs);
}
void Log::warn(std::string_view event, std::initializer_list<LogPair> pairs) {
  writer_->write(spdlog::level::warn, event, pairs);
}
void Log::error(std::string_view event, std::initializer_list<LogPair> pairs) {
  writer_->write(spdlog::level::err, event, pairs);
}

}  // namespace seckill
