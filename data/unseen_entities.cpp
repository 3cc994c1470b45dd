#include "data/unseen_entities.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_set>
#include <utility>

namespace warmstart {
namespace {

constexpr double kUnit = 1024.0;  // of weights, which are whole numbers so that their sums are exact

std::uint64_t weight_of(std::int64_t training_rows, double power) {
  const auto rows = static_cast<double>(std::max<std::int64_t>(training_rows, 1));
  return static_cast<std::uint64_t>(std::llround(kUnit * std::pow(rows, power)));
}

}  // namespace

UnseenEntities::UnseenEntities(const std::vector<std::int64_t>& training_rows, double power) : first_{0} {
  first_.reserve(training_rows.size() + 1);
  for (const auto rows : training_rows) first_.push_back(first_.back() + weight_of(rows, power));
}

UnseenEntities::OfTask::OfTask(const UnseenEntities& all, std::vector<std::uint32_t> seen)
    : all_(all), seen_(std::move(seen)) {
  std::sort(seen_.begin(), seen_.end());
  seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
  weights_before_.reserve(seen_.size() + 1);
  std::uint64_t of_seen = 0;
  for (const auto entity : seen_) {
    weights_before_.push_back(all.first_[entity] - of_seen);
    of_seen += all.first_[entity + 1] - all.first_[entity];
  }
  weights_before_.push_back(all.first_.back() - of_seen);
  count_ = std::ssize(all.first_) - 1 - std::ssize(seen_);
}

std::uint32_t UnseenEntities::OfTask::draw(RandomStream& random) const {
  const auto point = random.below(weights_before_.back());
  // What was seen before the point moves it on.
  const auto seen =
      std::upper_bound(weights_before_.begin(), weights_before_.end() - 1, point) - weights_before_.begin();
  const auto before = seen == 0 ? 0
                                : all_.first_[seen_[static_cast<std::size_t>(seen) - 1] + 1] -
                                      weights_before_[static_cast<std::size_t>(seen) - 1];
  const auto behind = std::upper_bound(all_.first_.begin(), all_.first_.end(), point + before);
  return static_cast<std::uint32_t>(behind - all_.first_.begin() - 1);
}

std::vector<std::uint32_t> UnseenEntities::OfTask::draw_different(RandomStream& random, std::uint32_t count) const {
  std::vector<std::uint32_t> different;
  std::unordered_set<std::uint32_t> drawn;
  while (different.size() < count) {
    const auto entity = draw(random);
    if (drawn.insert(entity).second) different.push_back(entity);
  }
  return different;
}

}  // namespace warmstart
