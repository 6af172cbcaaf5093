// The drill as a command uses it: options in, a directory of findings and a verdict out.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "drill/plan.h"
#include "drill/threshold.h"
#include "drill/view.h"

namespace seckill {

struct DrillOptions {
  std::string server = "http://127.0.0.1:3000";  // whose API sells the sale
  std::string sale;                              // plays the API; exactly one of sale and url
  std::string url;                               // plays the demo's keyless wire

  std::optional<std::uint32_t> users;  // 2000; or rate × over
  std::optional<microseconds> over;    // 5 s; or users / rate
  std::optional<double> rate;          // arrivals a second: instead of one of the two above
  Arrival arrival = Arrival::kRamp;
  double double_click = 0;                   // share of the shoppers, 0..1
  std::optional<std::uint32_t> connections;  // at most; default: as many as shoppers, up to 1,000
  std::optional<std::uint32_t>
      retries;                   // per click; default 3 over the API, 0 over the demo's wire
  milliseconds timeout{10'000};  // per attempt
  std::optional<milliseconds>
      warmup;  // default none, but 1 s before a burst: connections are opened
  std::optional<std::uint64_t> seed;    // drawn and shown when absent
  std::vector<std::string> thresholds;  // threshold.h
  std::filesystem::path out;            // empty: ./seckill-drill-YYYYMMDD-HHMMSS
  bool allow_remote = false;
  bool color = false;  // of the picture
  bool page = true;    // draws report.html; without, whoever adds to the summary does

  std::string command;                           // as typed, for the report
  std::string version;                           // ours, for the report
  const std::atomic<int>* interrupts = nullptr;  // counted by the app's SIGINT: 1 drains, 2 leaves
};

struct DrillResult {
  std::filesystem::path directory;
  std::string picture;  // five lines: what the terminal showed last, for stdout
  std::string text;     // the whole report as text
  std::string summary;  // summary.json
  std::vector<Judged> thresholds;
  bool passed = true;        // all thresholds: else exit 99
  bool interrupted = false;  // exit 130
  std::uint64_t won = 0, errors = 0, told_twice = 0;
  std::optional<std::uint32_t> stock;
  bool any_verdict = false;  // somebody heard something else than an error
  std::string top_error;     // "300 × 404 not-found": the most frequent one; empty: none
};

// Checks everything first (kInvalid: exit 2), needs the server (kUnavailable: exit 3), then rushes,
// (the results' directory is made before the first connection), and writes summary.json,
// latency.hgrm, requests.csv, transcript.jsonl, results.jtl and report.html. A server that fails in
// mid-rush is a finding, not an error.
Result<DrillResult> run_drill(const DrillOptions& options, View& view);

// `drill report DIR`: the text of a run that was written before.
Result<std::string> drill_report(const std::filesystem::path& directory);
// Draws its report.html (html.h), again.
Status draw_report(const std::filesystem::path& directory);
// Its summary.json, checked to be one.
Result<std::string> drill_summary(const std::filesystem::path& directory);
// `drill compare A B`: each figure side by side, with its spread over the tenths of either run.
Result<std::string> drill_compare(const std::filesystem::path& a, const std::filesystem::path& b);
// Puts a section of others (the audit's table) into a run's summary.json, and draws its report
// again. json: one JSON value.
Status add_to_summary(const std::filesystem::path& directory, std::string_view section,
                      std::string_view json);

}  // namespace seckill
