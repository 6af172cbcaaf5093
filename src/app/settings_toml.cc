// The only file that knows toml++: keys with their places, and errors as people need them.
#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <toml++/toml.h>

#include "app/settings.h"

namespace seckill::app {
namespace {

std::string line_of(std::string_view text, std::size_t number) {
  std::size_t at = 0;
  while (--number > 0 && at != std::string_view::npos) {
    at = text.find('\n', at);
    if (at != std::string_view::npos) ++at;
  }
  if (at == std::string_view::npos) return "";
  return std::string(text.substr(at, text.find('\n', at) - at));
}

// A bare value that TOML takes for nothing it knows.
bool needs_quotes(const std::string& value) {
  if (value.empty() || value == "true" || value == "false" || value[0] == '{' || value[0] == '[')
    return false;
  return value.find_first_not_of("+-_.0123456789") != std::string::npos ||
         std::count(value.begin(), value.end(), '.') > 1;
}

// toml++ says "Error while parsing time"; what people did is to forget the quotes, or an equals
// sign.
std::string rewritten(std::string_view text, const toml::parse_error& error, std::size_t& column) {
  const std::string line = line_of(text, error.source().begin.line);
  for (std::size_t equals = line.find('='); equals != std::string::npos;
       equals = line.find('=', equals + 1)) {
    const std::size_t start = line.find_first_not_of(" \t", equals + 1);
    if (start == std::string::npos) break;
    const std::size_t key_end = line.find_last_not_of(" \t", equals - 1);
    const std::size_t before = line.find_last_of(" \t{,", key_end);
    const std::size_t key = before == std::string::npos ? 0 : before + 1;
    std::string value = line.substr(start, line.find_first_of(",}#\"'", start) - start);
    value.erase(value.find_last_not_of(" \t\r") + 1);
    if (equals == 0 || !needs_quotes(value)) continue;
    column = start + 1;
    return fmt::format("{} needs quotes: \"{}\"", line.substr(key, key_end + 1 - key), value);
  }
  std::string says(error.description());
  if (!says.empty()) says[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(says[0])));
  return says;
}

Status flatten(const toml::table& from, const std::string& prefix, std::string_view file_name,
               std::vector<ConfigLine>& lines) {
  for (const auto& [key, node] : from) {
    const std::string name = prefix + std::string(key.str());
    const auto place = key.source().begin;
    if (const toml::table* below = node.as_table()) {
      if (auto deeper = flatten(*below, name + ".", file_name, lines); !deeper) return deeper;
      continue;
    }
    std::string value;
    if (const auto* text = node.as_string()) {
      value = text->get();
    } else if (const auto* number = node.as_integer()) {
      value = std::to_string(number->get());
    } else if (const auto* truth = node.as_boolean()) {
      value = truth->get() ? "true" : "false";
    } else {
      return fail(Error::Code::kInvalid,
                  fmt::format("{}:{}:{}: {} takes a text or a whole number", file_name,
                              node.source().begin.line, node.source().begin.column, name));
    }
    lines.push_back({name, value, place.line, place.column});
  }
  return {};
}

}  // namespace

Result<std::vector<ConfigLine>> read_config(std::string_view text, std::string_view file_name) {
  std::vector<ConfigLine> lines;
  try {
    const toml::table root = toml::parse(text, file_name);
    if (auto read = flatten(root, "", file_name, lines); !read)
      return fail(std::move(read.error()));
  } catch (const toml::parse_error& error) {
    std::size_t column = error.source().begin.column;
    const std::string says = rewritten(text, error, column);
    return fail(Error::Code::kInvalid,
                fmt::format("{}:{}:{}: {}", file_name, error.source().begin.line, column, says));
  }
  return lines;
}

}  // namespace seckill::app
