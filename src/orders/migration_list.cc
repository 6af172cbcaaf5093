#include "orders/migration_list.h"

#include <charconv>
#include <fmt/format.h>

#include "base/invariant.h"
#include "base/siphash.h"

namespace seckill {

std::int64_t version_of(const EmbeddedFile& file) {
  std::int64_t version = 0;
  const auto* end = file.name.data() + file.name.size();
  const auto parsed = std::from_chars(file.name.data(), end, version);
  invariant(parsed.ec == std::errc{} && parsed.ptr != end && *parsed.ptr == '_',
            "a migration is named NNN_what.sql");
  return version;
}

std::string checksum_of(const EmbeddedFile& file) {
  const Hash128 hash = siphash128(HashKey{}, file.text);
  return fmt::format("{:016x}{:016x}", hash.hi, hash.lo);
}

Status check_applied(std::string_view where, const std::vector<Applied>& applied,
                     std::span<const EmbeddedFile> files) {
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const auto& [version, checksum] = applied[i];
    if (i >= files.size()) {
      return fail(Error::Code::kCorrupt,
                  fmt::format("{}: has schema version {}, this program knows {}: it "
                              "was written by a newer seckill; run that one",
                              where, version, files.size()));
    }
    if (version != version_of(files[i]) || checksum != checksum_of(files[i])) {
      return fail(Error::Code::kCorrupt,
                  fmt::format("{}: schema version {} is not what this program calls "
                              "{}: it was changed after it ran; the rows can be rebuilt from the "
                              "journal in a new place",
                              where, version, files[i].name));
    }
  }
  return {};
}

}  // namespace seckill
