// What a drill leaves behind: a directory of files, and the texts made of it again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "drill/crowd.h"
#include "drill/plan.h"
#include "drill/server_side.h"
#include "drill/tally.h"
#include "drill/threshold.h"
#include "model/text.h"

namespace seckill {

// A sale as GET /api/v1/sales/{sale} shows it; what is not there is 0.
struct SaleSeen {
  std::string state;
  std::uint32_t stock = 0, available = 0, held = 0, paid = 0, orders = 0, per_buyer = 0;
};
std::optional<SaleSeen> sale_seen(std::string_view json);

// All that the report knows. attempts in the order of their answers.
struct Run {
  const Plan& plan;
  const Wire& wire;
  const CrowdTerms& terms;
  const CrowdEnd& end;
  const Tally& tally;
  const std::vector<Attempt>& attempts;
  std::string sale, url, command, version;
  std::optional<SaleSeen> before, after;
  Metrics metrics_before, metrics_after;
  std::vector<Figure> figures;
  std::vector<Judged> thresholds;

  std::string key(std::uint32_t shopper) const {
    return wire.keyed() ? key_of(plan.terms.seed, shopper) : std::string();
  }
  bool crowd_was_the_limit()
      const;  // over 1 % of the sends were late, or its thread over 90 % busy
  bool passed() const;
};

// summary.json: one object; "format": 1. It holds every figure of the eleven parts of the report
// (experience.md): verdict, conditions, stock, funnel, latency, pace, outcomes, fairness, server,
// audit and last (null until add_to_summary), and figures for a comparison.
std::string summary_json(const Run& run);

// Writes all files into the directory, which is made: summary.json, latency.hgrm, requests.csv,
// transcript.jsonl, results.jtl.
Status write_run(const std::filesystem::path& directory, const Run& run);

// One line of transcript.jsonl, without its end: n (the click, from 1), attempt, buyer, key,
// sent_at, answered_at, status, outcome, order_id. The audit reads these.
std::string transcript_line(const Run& run, const Attempt& attempt);

// Of a summary.json's text. kInvalid when it is not one.
Result<std::string> report_text(std::string_view summary);
Result<std::string> compare_text(std::string_view a, std::string_view b);

// add_to_summary() without the drawing.
Status put_into_summary(const std::filesystem::path& directory, std::string_view section,
                        std::string_view json);
// The last run of the same plan beside this one, as much of its summary.json as a comparison needs;
// "null": none. Of the neighbours the twenty that were written last are looked at.
std::string last_before(const std::filesystem::path& directory);

Result<std::string> file_text(const std::filesystem::path& path);
Status write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace seckill
