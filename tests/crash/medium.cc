#include "crash/medium.h"

#include <algorithm>

namespace seckill::testing {
namespace {

using What = Step::What;
constexpr std::size_t kUnit = 512;

// What has reached the medium, byte by byte, of bytes that lie over `file` from `offset` on.
void lay(std::vector<std::byte>& file, std::uint64_t offset, const std::vector<std::byte>& bytes,
         Fate fate, std::mt19937_64& dice) {
  const std::size_t units = (bytes.size() + kUnit - 1) / kUnit;
  if (units == 0) return;
  const std::size_t cut = dice() % (units + 1), torn = dice() % units;
  for (std::size_t unit = 0; unit < units; ++unit) {
    std::size_t begin = unit * kUnit, end = std::min(begin + kUnit, bytes.size());
    const bool some = dice() % 2 == 0;
    bool there = fate == Fate::kAll || some;
    if (fate == Fate::kNothing) there = false;
    if (fate == Fate::kPrefix) there = unit < cut;
    if (fate == Fate::kSuffix) there = unit >= cut;
    const bool garbled = fate == Fate::kGarbled && dice() % 4 == 0;
    if (fate == Fate::kTornUnit && unit == torn) there = true, end = begin + dice() % (end - begin);
    if (!there && !garbled) continue;
    for (std::size_t i = begin; i < end; ++i)
      file[offset + i] = garbled ? static_cast<std::byte>(dice()) : bytes[i];
  }
}

void apply(Files& files, const Step& step, Fate fate, std::mt19937_64& dice) {
  const bool all = fate == Fate::kAll, none = fate == Fate::kNothing;
  const bool happens = all || (!none && dice() % 2 == 0);  // of names: yes or no
  switch (step.what) {
    case What::kWrite: return lay(files.at(step.name), step.offset, step.bytes, fate, dice);
    case What::kMake:
    case What::kPut: {
      if (!happens && !all) {
        if (step.what == What::kPut) files.erase(step.name);
        return;
      }
      auto& file = files[step.name];
      file.assign(all ? step.size : dice() % (step.size + 1), std::byte{0});
      auto bytes = step.bytes;
      bytes.resize(std::min(bytes.size(), file.size()));
      return lay(file, 0, bytes, fate, dice);
    }
    case What::kRename:
      if (!happens) return;
      files[step.to] = std::move(files.at(step.name));
      files.erase(step.name);
      return;
    case What::kRemove:
      if (happens) files.erase(step.name);
      return;
    case What::kAsked:
    case What::kTold: return;
  }
}

}  // namespace

void Medium::take(const Step& step) {
  if (step.what == What::kAsked || step.what == What::kTold) return;
  auto& under_way = step.what == What::kWrite ? write_ : other_;
  if (!step.ends) {
    under_way = step;
    return;
  }
  std::mt19937_64 unused;
  if (step.what == What::kWrite && lies_) std::swap(lied_, under_way);
  if (under_way) apply(files_, *under_way, Fate::kAll, unused);
  under_way.reset();
}

Files Medium::after_power_cut(Fate fate, std::mt19937_64& dice) const {
  Files left = files_;
  if (other_) apply(left, *other_, fate, dice);
  if (write_) apply(left, *write_, fate, dice);
  return left;
}

}  // namespace seckill::testing
