#include "trainer/evaluation/candidates.h"

namespace warmstart {
namespace {

const std::string kSampled = "sampled:";

// A billion is more than anybody has.
const Range kCounts = {.least = 1.0, .most = 1e9};

}  // namespace

std::string to_text(const Candidates& candidates) {
  if (candidates.kind == Candidates::Kind::kSampled) return kSampled + std::to_string(candidates.count);
  return candidates.kind == Candidates::Kind::kRows ? "rows" : "all";
}

void read(const std::string& text, const Range&, Candidates& candidates) {
  if (text == "rows" || text == "all") {
    candidates = {text == "rows" ? Candidates::Kind::kRows : Candidates::Kind::kAll};
    return;
  }
  if (!text.starts_with(kSampled)) throw std::invalid_argument("is none of: rows, sampled:NUMBER, all");
  candidates = {Candidates::Kind::kSampled,
                static_cast<std::int64_t>(read_number(text.substr(kSampled.size()), kCounts, true))};
}

}  // namespace warmstart
