#include "trainer/training/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "base/errors.h"
#include "base/option_value.h"

namespace warmstart {
namespace {

constexpr double kMostEpochs = 1e6;

Part part_named(const std::string& name) {
  if (name == "joint") return Part::kJoint;
  if (name == "meta") return Part::kMeta;
  throw std::invalid_argument("knows the parts joint and meta");
}

// "joint:5" -> joint, 5 epochs.
std::pair<Part, double> read_entry(const std::string& entry) {
  const auto colon = entry.find(':');
  if (colon == std::string::npos) throw std::invalid_argument("wants a part and its epochs, as in joint:5");
  const Range range = {.least = 0, .most = kMostEpochs, .above = true};
  return {part_named(entry.substr(0, colon)), read_number(entry.substr(colon + 1), range, false)};
}

}  // namespace

Schedule::Schedule(const std::vector<std::string>& entries, double epochs) {
  double end = 0;
  entries_.reserve(entries.size());
  for (const auto& entry : entries) try {
      const auto [part, length] = read_entry(entry);
      end += length;
      entries_.push_back({part, end});
    } catch (const std::invalid_argument& error) {
      throw UsageError(fmt::format("train.schedule: '{}' {}", entry, error.what()));
    }
  require(entries.empty() || std::abs(end - epochs) <= 1e-9 * epochs,
          fmt::format("the parts of train.schedule take {} epochs and the run takes {}: set train.epochs = {}", end,
                      epochs, end));
  for (auto& entry : entries_) entry.end /= end;
}

Part Schedule::part_of(std::int64_t step, std::int64_t steps) const {
  const auto done = static_cast<double>(step);
  for (const auto& [part, end] : entries_)
    if (done < std::round(end * static_cast<double>(steps))) return part;
  return Part::kMeta;
}

bool Schedule::has(Part part) const {
  if (entries_.empty()) return part == Part::kMeta;
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.part == part; });
}

}  // namespace warmstart
