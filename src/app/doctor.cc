// seckill doctor: what could keep `serve` from serving well here, and how to repair it. Looks, and
// changes nothing; with --fix it repairs what is safe to repair: what others may read or what was
// left over, never a journal, never rows.
#include "app/doctor.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "app/json_read.h"
#include "app/parts.h"
#include "app/process.h"
#include "app/settings.h"
#include "app/spell.h"
#include "base/entropy.h"
#include "base/fd.h"

namespace seckill::app {
namespace {

namespace fs = std::filesystem;

Finding check_port(const Settings& settings) {
  const auto free = port_is_free(settings.listen);
  if (free) return {"port", Health::kGood, fmt::format("{} is free", to_text(settings.listen)), ""};
  const auto owner = port_owner(settings.listen.port);
  if (owner && owner->name == "seckill") {
    return {"port", Health::kGood,
            fmt::format("{} is served by seckill, pid {}", settings.listen.port, owner->pid), ""};
  }
  return {"port", Health::kBad, free.error().message,
          fmt::format("stop that process, or seckill serve --listen {}:0", settings.listen.host)};
}

Finding check_files(const Settings&) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const std::string says = fmt::format(
      "{} open files allowed (serve raises the soft limit to that)", grouped(limit.rlim_max));
  if (limit.rlim_max >= 10'000) return {"files", Health::kGood, says, ""};
  return {"files", Health::kDoubtful, says,
          "ulimit -Hn 65536, or LimitNOFILE=65536 in the unit: a connection is a file"};
}

// The nearest directory that is there: where the data is, or would be made.
fs::path nearest_directory(const fs::path& wanted) {
  std::error_code error;
  fs::path at = fs::absolute(wanted, error);
  while (!fs::is_directory(at, error) && at.has_parent_path() && at != at.parent_path())
    at = at.parent_path();
  return at;
}

Finding check_space(const Settings& settings) {
  const fs::path directory = nearest_directory(settings.journal_dir);
  struct statvfs about{};
  if (statvfs(directory.c_str(), &about) != 0) {
    return {"space", Health::kBad, fmt::format("{}: {}", directory.string(), std::strerror(errno)),
            "name a directory that can be read"};
  }
  const std::uint64_t free = std::uint64_t{about.f_bavail} * about.f_frsize;
  const std::uint64_t needed =
      4 * settings.segment_size;  // two segments, and rows of about their size
  const std::string says =
      fmt::format("{} MiB free in {}", grouped(free >> 20), directory.string());
  if (free < needed) {
    return {"space", Health::kBad, says,
            fmt::format("free at least {}: without a spare segment nothing is sold",
                        size_text(needed))};
  }
  if (free < settings.journal_max) {
    return {"space", Health::kDoubtful, says,
            fmt::format("the season's cap is {}: set segment.journal_max to what there is",
                        size_text(settings.journal_max))};
  }
  return {"space", Health::kGood, says, ""};
}

// What a turn waits for: 4 KiB overwritten and synced, the median of some.
Finding check_flush(const Settings& settings) {
  const fs::path directory = nearest_directory(settings.journal_dir);
  const fs::path file = directory / (".seckill-doctor-" + random_token().substr(0, 8));
  const Fd fd(::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (!fd)
    return {"flush", Health::kBad,
            fmt::format("{} cannot be written: {}", directory.string(), std::strerror(errno)),
            "chown or chmod it"};
  const std::array<char, 4096> block{};
  std::vector<std::int64_t> took;
  bool failed = false;
  for (int i = 0; i < 24 && !failed; ++i) {
    const SteadyTime before = machine_now().steady;
    failed =
        ::pwrite(fd.get(), block.data(), block.size(), 0) != static_cast<ssize_t>(block.size()) ||
        ::fdatasync(fd.get()) != 0;
    if (i >= 8) took.push_back((machine_now().steady - before).count());  // the first ones allocate
  }
  ::unlink(file.c_str());
  if (failed)
    return {"flush", Health::kBad, fmt::format("{}: {}", directory.string(), std::strerror(errno)),
            "check the disk: dmesg"};
  std::sort(took.begin(), took.end());
  const double median = static_cast<double>(took[took.size() / 2]) / 1e3;
  const std::string says =
      fmt::format("a flush takes {:.2f} ms (median of {}), the worst {:.2f} ms", median,
                  took.size(), static_cast<double>(took.back()) / 1e3);
  if (median <= 20) return {"flush", Health::kGood, says, ""};
  return {"flush", Health::kDoubtful, says,
          "every buyer waits for one or two of these: a local SSD takes less than 1 ms"};
}

Finding check_clock(const Settings&) {
  const RawTime now = machine_now().raw;
  const std::string says = fmt::format("{} by this machine's clock", to_rfc3339(now));
  if (now < RawTime{1'700'000'000'000})
    return {"clock", Health::kBad, says, "set the clock: sales open by it"};
  timex kernel{};
  if (adjtimex(&kernel) == TIME_ERROR || (kernel.status & STA_UNSYNC) != 0) {
    return {"clock", Health::kDoubtful, says + ", not synchronised as far as the kernel knows",
            "run an NTP client: sales open by this clock"};
  }
  return {"clock", Health::kGood, says + ", synchronised", ""};
}

Status failed(const fs::path& file) {
  return fail(Error::Code::kFailed, fmt::format("{}: {}", file.string(), std::strerror(errno)));
}

Status changed_mode(const fs::path& path, mode_t mode) {
  return ::chmod(path.c_str(), mode) == 0 ? Status() : failed(path);
}

Status removed(const std::vector<fs::path>& files) {
  for (const fs::path& file : files) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) return failed(file);
  }
  return {};
}

// Probes of check_flush() that nobody has touched for a minute.
std::vector<fs::path> left_over(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    const auto age = fs::file_time_type::clock::now() - at->last_write_time(gone);
    if (!gone && at->path().filename().string().starts_with(".seckill-doctor-") &&
        age > std::chrono::minutes(1))
      files.push_back(at->path());
  }
  return files;
}

Finding look_at_directory(const Settings& settings) {
  const fs::path& directory = settings.journal_dir;
  std::error_code error;
  if (auto ours = check_directory(settings); !ours)
    return {"directory", Health::kBad, ours.error().message, "--journal file:DIR"};
  if (!fs::exists(directory, error)) {
    const fs::path parent = nearest_directory(directory);
    if (::access(parent.c_str(), W_OK | X_OK) == 0)
      return {"directory", Health::kGood, directory.string() + " will be made by the first serve",
              ""};
    return {"directory", Health::kBad,
            fmt::format("{} cannot be made in {}", directory.string(), parent.string()),
            "chown it, or --journal file:DIR"};
  }
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return {"directory", Health::kBad,
            fmt::format("{}: {}", directory.string(), std::strerror(errno)),
            "chown it to the user that serves"};
  }
  for (const fs::path& file : {settings.admin_token_path(), settings.till_token_path()}) {
    struct stat token{};
    if (stat(file.c_str(), &token) != 0 || (token.st_mode & 077) == 0) continue;
    return {"directory", Health::kBad, file.string() + " may be read by others",
            "chmod 600 " + file.string(), [file] { return changed_mode(file, 0600); }};
  }
  if (const auto left = left_over(directory); !left.empty()) {
    return {"directory", Health::kDoubtful,
            fmt::format("{} left by a doctor that was killed", counted(left.size(), "file")),
            "rm " + (directory / ".seckill-doctor-*").string(), [left] { return removed(left); }};
  }
  return {"directory", Health::kGood, directory.string() + " can be read and written", ""};
}

Finding look_at_journal(const Settings& settings) {
  if (settings.kafka) return {"journal", Health::kGood, "in " + settings.journal_url(), ""};
  std::error_code error;
  const bool any =
      std::any_of(fs::directory_iterator(settings.journal_dir, error), fs::directory_iterator(),
                  [](const fs::directory_entry& at) { return at.path().extension() == ".seg"; });
  if (!any) return {"journal", Health::kGood, "there is none yet", ""};
  const auto checked = check_journal(settings);
  const auto& damage = checked ? checked->found.damage : std::optional<Error>();
  if (!checked || damage) {
    return {"journal", Health::kBad, checked ? damage->message : checked.error().message,
            "do not restart: docs/runbook.md"};
  }
  return {"journal", Health::kGood,
          fmt::format("whole, {}", counted(checked->found.records, "record")), ""};
}

struct Check {
  const char* name;
  Finding (*run)(const Settings&);
};
const std::array kChecks{Check{"port", check_port},         Check{"files", check_files},
                         Check{"space", check_space},       Check{"flush", check_flush},
                         Check{"clock", check_clock},       Check{"directory", look_at_directory},
                         Check{"journal", look_at_journal}, Check{"rows", look_at_rows},
                         Check{"redis", look_at_counter},   Check{"kafka", look_at_brokers}};

const char* word(Health health) {
  switch (health) {
    case Health::kGood: return "good";
    case Health::kDoubtful: return "doubtful";
    case Health::kBad: break;
  }
  return "bad";
}

std::string line_of(const Talk& talk, const Finding& finding) {
  const std::string text = fmt::format("{:<10} {}", finding.name, finding.says);
  const std::string line = finding.health == Health::kGood       ? talk.good(text)
                           : finding.health == Health::kDoubtful ? talk.mild(text)
                                                                 : talk.bad(text);
  return finding.fix.empty() ? line
                             : fmt::format("{}\n{:13}fix: {}{}", line, "", finding.fix,
                                           finding.repair ? "   (--fix does it)" : "");
}

Result<std::vector<std::string>> wanted_checks(const Args& args) {
  std::vector<std::string> known;
  for (const Check& check : kChecks) known.emplace_back(check.name);
  if (!args.has("only")) return known;
  std::vector<std::string> wanted;
  for (const std::string& list : args.all("only")) {
    std::istringstream names(list);
    for (std::string name; std::getline(names, name, ',');) {
      if (!name.empty()) wanted.push_back(name);
      if (!name.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
        return fail(Error::Code::kInvalid,
                    fmt::format("doctor has no check \"{}\"{}", name, did_you_mean(name, known)));
      }
    }
  }
  if (wanted.empty())
    return fail(Error::Code::kInvalid, "--only names no check; as in --only port,flush");
  return wanted;
}

Exit run_doctor(const Args& args, Talk& talk) {
  const auto loaded = load_settings(args, Secrets::kUnchecked);
  if (!loaded) return talk.fail(loaded.error());
  const auto wanted = wanted_checks(args);
  if (!wanted) return talk.fail(wanted.error());
  const bool fix = args.has("fix");
  bool healthy = true;
  Json json = Json::array();
  for (const Check& check : kChecks) {
    if (std::find(wanted->begin(), wanted->end(), check.name) == wanted->end()) continue;
    Finding finding = check.run(loaded->settings);
    std::string repaired;
    for (int tries = 0; fix && finding.repair && tries < 3; ++tries) {  // one may hide another
      if (auto done = finding.repair(); !done) return talk.fail(done.error());
      repaired += (repaired.empty() ? "" : "; ") + finding.fix;
      finding = check.run(loaded->settings);
    }
    healthy &= finding.health != Health::kBad;
    if (talk.json()) {
      json.push_back({{"check", finding.name},
                      {"health", word(finding.health)},
                      {"says", finding.says},
                      {"fix", finding.fix},
                      {"fixable", finding.repair != nullptr},
                      {"fixed", repaired}});
    } else {
      if (!repaired.empty())
        talk.result(talk.good(fmt::format("{:<10} fixed: {}", finding.name, repaired)));
      talk.result(line_of(talk, finding));
    }
  }
  if (talk.json()) talk.result(dumped({{"healthy", healthy}, {"checks", json}}));
  return healthy ? Exit::kDone : Exit::kFailed;
}

}  // namespace

std::vector<Command> doctor_commands() {
  auto flags = settings_flags();
  flags.push_back({"only", "CHECK,…",
                   "port, files, space, flush, clock, directory, journal, rows, redis, kafka", 0,
                   true});
  flags.push_back(
      {"fix", "", "do the repairs that are safe: modes of token files, left-over probes"});
  return {
      {.name = "doctor",
       .summary = "what could keep serve from serving well here, and its repair",
       .examples = {"seckill doctor", "seckill doctor --only port,flush", "seckill doctor --fix"},
       .flags = flags,
       .run = run_doctor}};
}

}  // namespace seckill::app
