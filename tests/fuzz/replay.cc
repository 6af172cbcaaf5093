// Stands in for libFuzzer where there is none: runs one fuzz target on every file of the folders
// and on every file that is named, each whole and, as a cheap mutation, each cut short and with a
// byte changed. Deterministic.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"

namespace {

namespace fs = std::filesystem;

void run(const std::string& bytes) {
  // A copy that is exactly as long as it says: ASan sees who reads behind it.
  const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

int replay(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  run(bytes);
  run(bytes.substr(0, bytes.size() / 2));
  if (!bytes.empty()) {
    bytes[bytes.size() * 2 / 3] ^= 0x20;
    run(bytes);
  }
  return 3;
}

}  // namespace

int main(int count, char** names) {
  int runs = 0;
  for (int i = 1; i < count; ++i) {
    if (!fs::is_directory(names[i])) {
      runs += replay(names[i]);
      continue;
    }
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(names[i])) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) runs += replay(file);
  }
  run("");
  std::printf("%d runs\n", runs + 1);
  return runs > 0 ? 0 : 1;  // a corpus that is not there proves nothing
}
