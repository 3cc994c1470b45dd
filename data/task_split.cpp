#include "data/task_split.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <sstream>

#include "base/errors.h"
#include "base/files.h"
#include "base/number.h"
#include "base/random.h"
#include "base/text.h"

namespace warmstart {

TaskSplit::TaskSplit(const IngestOptions& options)
    : seed_(RandomStream(options.seed, Purpose::kSplit).bits()),
      test_(part(options.test, "test")),
      validation_(part(options.validation, "validation")) {
  if (test_.share + validation_.share >= 1.0) {
    throw UsageError("split: the shares of validation and test leave no task to train on");
  }
  for (const auto& key : test_.keys) {
    if (validation_.keys.contains(key))
      throw DataError(fmt::format("'{}' is listed in {} and in {}: a task is in one part", printable(key), options.test,
                                  options.validation));
  }
}

TaskSplit::Part TaskSplit::part(const std::string& option, const std::string& name) {
  Part part;
  part.option = option;
  if (const auto share = parse_number(option)) {
    if (*share < 0.0 || *share >= 1.0)
      throw UsageError(fmt::format("data.{} = {}: a share is in [0, 1)", name, option));
    part.share = *share;
    return part;
  }
  if (!std::filesystem::exists(option)) {
    throw UsageError(fmt::format("data.{} = '{}' is neither a share in [0, 1) nor a file with a task's key a line",
                                 name, printable(option)));
  }
  std::istringstream lines(read_file(option));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) part.keys.insert(line);
  }
  if (part.keys.empty()) throw DataError(fmt::format("{}: lists no key; for no task at all, take 0", option));
  return part;
}

std::uint64_t TaskSplit::hash(std::string_view key) const {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed_);
}

void TaskSplit::add(std::string_view key) {
  ++tasks_;
  const std::string text(key);
  for (auto* part : {&test_, &validation_}) {
    if (!part->keys.contains(text)) continue;
    ++part->found;
    return;
  }
  hashes_.push_back(hash(key));
}

void TaskSplit::unite(IngestRanks& ranks) {
  if (ranks.size() == 1) return;
  const auto of_ranks = ranks.gather({hashes_, test_.found, validation_.found, tasks_});
  hashes_.clear();
  test_.found = validation_.found = 0;
  tasks_ = 0;
  for (const auto& rank : of_ranks) {
    const auto hashes = rank[0].get<std::vector<std::uint64_t>>();
    hashes_.insert(hashes_.end(), hashes.begin(), hashes.end());
    test_.found += rank[1].get<std::size_t>();
    validation_.found += rank[2].get<std::size_t>();
    tasks_ += rank[3].get<std::int64_t>();
  }
}

void TaskSplit::finish(IngestRanks& ranks) {
  unite(ranks);
  ranks.agree([&] {
    check_found(test_);
    check_found(validation_);
  });
  std::sort(hashes_.begin(), hashes_.end());
  const auto bound = [&](double share) {
    const auto count = static_cast<std::size_t>(std::floor(share * static_cast<double>(hashes_.size()) + 1e-9));
    return count < hashes_.size() ? hashes_[count] : std::numeric_limits<std::uint64_t>::max();
  };
  test_.end = bound(test_.share);
  validation_.end = bound(test_.share + validation_.share);
  if (test_.share == 0.0) test_.end = 0;
  if (validation_.share == 0.0) validation_.end = test_.end;
  hashes_ = {};
}

void TaskSplit::finish_one_by_one() {
  const auto bound = [](double share) { return static_cast<std::uint64_t>(std::ldexp(share, 64)); };
  test_.end = bound(test_.share);
  validation_.end = bound(test_.share + validation_.share);
  hashes_ = {};
}

void TaskSplit::check_found(const Part& part) {
  const auto missing = part.keys.size() - part.found;
  if (part.keys.empty() || missing == 0) return;
  const auto message =
      fmt::format("{}: {} of its {} keys are no task after cleaning", part.option, missing, part.keys.size());
  if (part.found == 0) throw DataError(message + "; list keys as they stand in the tables");
  spdlog::warn("{}", message);
}

Split TaskSplit::of(std::string_view key) const {
  const std::string text(key);
  if (const auto kept = kept_.find(text); kept != kept_.end()) return kept->second;
  if (test_.keys.contains(text)) return Split::kTest;
  if (validation_.keys.contains(text)) return Split::kValidation;
  const auto place = hash(key);
  if (place < test_.end) return Split::kTest;
  return place < validation_.end ? Split::kValidation : Split::kTrain;
}

}  // namespace warmstart
