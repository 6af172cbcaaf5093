// A seckill.toml: any bytes give settings or a sentence; what is accepted is shown as something
// that is accepted again, and means the same.
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "app/settings.h"
#include "fuzz/fuzz.h"

namespace seckill::fuzz {
namespace {

// A file that only we have.
class File {
 public:
  explicit File(std::string_view text) : file_(::memfd_create("seckill.toml", MFD_CLOEXEC)) {
    invariant(file_ >= 0, "a file in memory can be made");
    invariant(::write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size()),
              "and written");
  }
  ~File() { ::close(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

std::string environment_name(std::string key) {
  for (char& c : key) c = c == '.' ? '_' : static_cast<char>(std::toupper(c));
  return "SECKILL_" + key;
}

}  // namespace
}  // namespace seckill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seckill;
  const auto text = fuzz::Input(data, size).text();
  const fuzz::File file(text);
  const auto loaded = app::load_settings(app::SettingsSources{.file = file.path()});
  if (!loaded) {
    invariant(loaded.error().code == Error::Code::kInvalid, "a wrong setting is invalid");
    invariant(!loaded.error().message.empty(), "and has a sentence");
    return 0;
  }
  app::SettingsSources again;
  again.file = "/dev/null";
  const auto once = app::shown(loaded->settings);
  for (const auto& [key, value] : once)
    again.environment.emplace_back(fuzz::environment_name(key), value);
  const auto reloaded = app::load_settings(again);
  invariant(reloaded.has_value(), "what is shown can be typed");
  invariant(app::shown(reloaded->settings) == once, "and means the same");
  return 0;
}
