#include "data/cleaning.h"

#include <fmt/format.h>

#include "base/errors.h"

namespace warmstart {
namespace {

constexpr std::size_t kExamples = 3;

}  // namespace

void Rejections::add(const std::string& reason, const Place& place, const std::string& detail) {
  const auto text = fmt::format("{}:{}: {}", place.file, place.line, detail);
  if (fail_) throw DataError(text + " (on-error = skip leaves such rows out and counts them)");
  auto& count = counts_[reason];
  ++count.rows;
  if (count.examples.size() < kExamples) count.examples.push_back(text);
}

std::int64_t Rejections::rows(const std::string& reason) const {
  const auto found = counts_.find(reason);
  return found == counts_.end() ? 0 : found->second.rows;
}

nlohmann::json Rejections::to_json() const {
  auto json = nlohmann::json::object();
  for (const auto& [reason, count] : counts_) {
    if (count.rows > 0) json[reason] = {{"rows", count.rows}, {"first", count.examples}};
  }
  return json;
}

}  // namespace warmstart
