// Taste that a program can check, so that reviews can talk about ideas: include directions (the
// last column of style.md's tree), 100 columns of text, and files that nobody uses.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace seckill {
namespace {

namespace fs = std::filesystem;

struct Source {
  std::string path;  // "src/sale/sale.cc"
  std::vector<std::string> lines;
  std::vector<std::string> includes;  // of our own: "model/record.h"

  std::string folder() const { return path.substr(4, path.find('/', 4) - 4); }  // of src/…
  bool in(const char* where) const { return path.starts_with(where); }
  bool is_test() const { return path.ends_with("_test.cc"); }
};

Source read(const fs::path& file) {
  Source source{fs::relative(file, SECKILL_SOURCE_DIR).string(), {}, {}};
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("#include \""))
      source.includes.push_back(line.substr(10, line.find('"', 10) - 10));
    source.lines.push_back(std::move(line));
  }
  return source;
}

std::vector<Source> sources() {
  std::vector<Source> all;
  for (const char* top : {"src", "tests", "bench"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(SECKILL_SOURCE_DIR) / top)) {
      const std::string extension = entry.path().extension();
      if (extension == ".h" || extension == ".cc") all.push_back(read(entry.path()));
    }
  }
  EXPECT_GT(all.size(), 100u) << "the sources were found";
  return all;
}

// What a folder may include beside its own files: folders, or single headers.
const std::map<std::string, std::set<std::string>>& allowed() {
  static const std::map<std::string, std::set<std::string>> table{
      {"base", {}},
      {"model", {"base"}},
      {"ledger", {"model", "base"}},
      {"journal", {"model", "base"}},
      {"counter", {"model", "base"}},
      {"sale", {"counter/counter.h", "journal/journal.h", "ledger", "model", "base"}},
      {"http", {"sale", "ledger/ledger.h", "model", "base"}},
      {"orders", {"journal/journal.h", "ledger", "model", "base"}},
      {"audit", {"journal/journal.h", "orders/orders.h", "counter/counter.h", "model", "base"}},
      {"compat",
       {"http/demo_seller.h", "sale/sale.h", "journal/kafka_journal.h", "journal/kafka_client.h",
        "orders/mysql.h", "orders/mysql_url.h", "counter/redis_counter.h", "counter/redis_call.h",
        "audit/audit.h", "model", "base"}},
      {"drill", {"model", "base"}},
  };
  return table;
}

// The arrows point one way. `app` may include everything, nobody includes `app`; tests are exempt,
// they meet many parts.
TEST(Tidy, FoldersIncludeOnlyWhatTheTreeAllows) {
  for (const Source& source : sources()) {
    if (!source.in("src/") || source.folder() == "app" || source.is_test()) continue;
    const auto row = allowed().find(source.folder());
    ASSERT_NE(row, allowed().end()) << source.path << ": a new folder needs a row in the tree";
    for (const std::string& include : source.includes) {
      const std::string from = include.substr(0, include.find('/'));
      const bool fine = from == source.folder() || from == "embedded" ||
                        row->second.count(from) > 0 || row->second.count(include) > 0;
      EXPECT_TRUE(fine) << source.path << " includes " << include;
    }
  }
}

// Heavy headers stay out of headers that other folders see, so a full build takes minutes.
TEST(Tidy, HeavyLibrariesStayInTheirFiles) {
  const std::map<std::string, std::set<std::string>> homes{
      {"<CLI/", {"src/app/cli.cc", "tests/simulation/simulate.cc", "tests/crash/crash_images.cc"}},
      {"<toml++/", {"src/app/settings_toml.cc"}},
      {"<spdlog/", {"src/base/log.cc"}},
  };
  for (const Source& source : sources()) {
    for (const std::string& line : source.lines) {
      if (!line.starts_with("#include <")) continue;
      for (const auto& [library, files] : homes) {
        if (line.find(library) != std::string::npos) {
          EXPECT_TRUE(files.count(source.path) > 0) << source.path << ": " << line;
        }
      }
      const bool json_in_header = source.in("src/") && source.path.ends_with(".h") &&
                                  line.find("<nlohmann/json.hpp>") != std::string::npos;
      EXPECT_FALSE(json_in_header) << source.path << ": " << line;
    }
  }
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// A raw string is one piece: JSON and pictures are easier to read whole.
bool is_raw_text(const std::string& line) { return line.find("R\"(") != std::string::npos; }

TEST(Tidy, LinesHaveAtMostAHundredColumns) {
  for (const Source& source : sources()) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      if (is_raw_text(source.lines[i])) continue;
      EXPECT_LE(columns(source.lines[i]), 100u) << source.path << ":" << i + 1;
    }
  }
}

// A header that nobody includes is a thought that nobody needed.
TEST(Tidy, EveryHeaderIsUsed) {
  const auto all = sources();
  std::set<std::string> used;
  for (const Source& source : all) {
    for (const std::string& include : source.includes) {
      used.insert(include);
      used.insert(fs::path(source.path).parent_path().filename().string() + "/" +
                  include);  // beside it
    }
  }
  for (const Source& source : all) {
    if (!source.path.ends_with(".h")) continue;
    const std::string name = source.path.substr(source.path.find('/') + 1);
    EXPECT_TRUE(used.count(name) > 0) << source.path << " is included by nobody";
  }
}

// Every header opens with a sentence on its place, and is read once.
TEST(Tidy, HeadersOpenWithTheirPlaceInThePath) {
  for (const Source& source : sources()) {
    if (!source.path.ends_with(".h")) continue;
    ASSERT_FALSE(source.lines.empty()) << source.path;
    EXPECT_TRUE(source.lines[0].starts_with("// ")) << source.path;
    EXPECT_NE(std::find(source.lines.begin(), source.lines.end(), "#pragma once"),
              source.lines.end())
        << source.path;
  }
}

}  // namespace
}  // namespace seckill
