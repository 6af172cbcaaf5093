// docs/reliability.md may not rot: every row of the lists is there, every test that it names exists
// in the file that it links, and so does every table's case.
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace seckill {
namespace {

std::string text_of(const std::string& file) {
  std::ifstream stream(std::string(SECKILL_SOURCE_DIR) + "/" + file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

const std::string& page() {
  static const std::string text = text_of("docs/reliability.md");
  return text;
}

// "Suite.Name" in this file: a test of GoogleTest, a run of the simulation, or a fuzz target.
bool is_there(const std::string& suite, const std::string& name, const std::string& file) {
  const std::string text = text_of(file);
  if (suite == "fuzz") return file == "tests/fuzz/" + name + ".cc" && !text.empty();
  if (suite == "simulation" && name == "holds")
    return text.find("NAME simulation.holds") != std::string::npos;
  if (suite == "simulation") return text.find(name.substr(6)) != std::string::npos;  // "finds.…"
  const std::string which = name == "*" ? "" : name + "\\b";
  return std::regex_search(text, std::regex(fmt::format("TEST(_F|_P)?\\({},\\s*{}", suite, which)));
}

TEST(Reliability, NamesTestsThatExist) {
  const std::regex link(R"(\[`(\w+)\.([\w.*-]+)`\]\(\.\./([^)]+)\))");
  int named = 0;
  for (auto at = std::sregex_iterator(page().begin(), page().end(), link);
       at != std::sregex_iterator(); ++at, ++named) {
    EXPECT_TRUE(is_there((*at)[1], (*at)[2], (*at)[3])) << (*at)[0];
  }
  EXPECT_GT(named, 100) << "the page was read";
}

TEST(Reliability, NamesCasesThatExist) {
  const std::string cases = text_of("src/http/hostile_test.cc");
  const std::regex name(R"(`(T\d+_))");
  for (auto at = std::sregex_iterator(page().begin(), page().end(), name);
       at != std::sregex_iterator(); ++at) {
    EXPECT_NE(cases.find("{\"" + (*at)[1].str()), std::string::npos) << (*at)[0];
  }
}

// "| N5–N8 |", "| 1, 12 |": the rows that a first cell stands for.
void add_rows(const std::string& cell, std::set<std::string>& rows) {
  const std::regex part(R"(([NT]?)(\d+)(–[NT]?(\d+))?)");
  for (auto at = std::sregex_iterator(cell.begin(), cell.end(), part); at != std::sregex_iterator();
       ++at) {
    const int from = std::stoi((*at)[2]);
    const int to = (*at)[4].matched ? std::stoi((*at)[4]) : from;
    for (int n = from; n <= to; ++n) rows.insert((*at)[1].str() + std::to_string(n));
  }
}

TEST(Reliability, HasEveryRowOfTheLists) {
  std::set<std::string> rows;
  const std::regex cell(R"(\n\| ([NT\d][^|]*) \|)");
  for (auto at = std::sregex_iterator(page().begin(), page().end(), cell);
       at != std::sregex_iterator(); ++at)
    add_rows((*at)[1], rows);
  const std::map<std::string, int> lists{{"N", 30}, {"T", 38}, {"", 30}};
  for (const auto& [letter, count] : lists) {
    for (int n = 1; n <= count; ++n)
      EXPECT_TRUE(rows.contains(letter + std::to_string(n))) << letter << n;
  }
}

}  // namespace
}  // namespace seckill
