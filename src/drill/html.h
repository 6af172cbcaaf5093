// report.html: a run as one page that opens anywhere, offline and on paper. Pure: a summary.json's
// text in, the page out.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace seckill {

// The eleven parts of experience.md, "Drill report", in their order; the first line says whether
// the sale held and where that was measured. Promises: (1) nothing is loaded and nothing runs: no
// script, no address, and a policy that forbids both; (2) every figure stands in <data
// data-of="POINTER" value="V">, where POINTER leads to V in summary.json; (3) text from outside is
// escaped; (4) the same summary gives the same page. kInvalid when the text is no summary.json.
Result<std::string> report_html(std::string_view summary);

}  // namespace seckill
