#include "data/entity_days.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <tuple>

namespace warmstart {

std::int64_t day_of(double time) {
  constexpr double kSecondsOfDay = 86400.0;
  constexpr double kMostDays = 1e15;  // A time may be any number, and a day is a whole one that fits.
  return static_cast<std::int64_t>(std::clamp(std::floor(time / kSecondsOfDay), -kMostDays, kMostDays));
}

std::string date_of(std::int64_t day) {
  constexpr std::int64_t kMostDays = 10'000'000;  // the library's years end at 32,767
  if (std::abs(day) > kMostDays) return fmt::format("day {}", day);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

void EntityDays::add(std::uint32_t entity, double time) { ++counts_[entity][day_of(time)]; }

void EntityDays::finish(const std::vector<NumbersOfRank>& numbers, IngestRanks& ranks) {
  std::vector<std::int64_t> flat;  // entity, day, rows and so on
  for (const auto& [entity, days] : counts_) {
    for (const auto& [day, rows] : days) flat.insert(flat.end(), {entity, day, rows});
  }
  counts_.clear();
  const auto of_ranks = ranks.gather(flat);
  for (std::size_t rank = 0; rank < of_ranks.size(); ++rank) {
    const auto theirs = of_ranks[rank].get<std::vector<std::int64_t>>();
    for (std::size_t i = 0; i < theirs.size(); i += 3)
      days_.push_back({numbers[rank][static_cast<std::uint32_t>(theirs[i])], theirs[i + 1], theirs[i + 2]});
  }
  const auto place = [](const Day& day) { return std::tuple(day.entity, day.day); };
  std::sort(days_.begin(), days_.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  std::int64_t sum = 0;
  for (auto& day : days_) {
    const auto rows = day.rows_before;
    day.rows_before = sum;
    sum += rows;
  }
  days_.push_back({std::numeric_limits<std::uint32_t>::max(), std::numeric_limits<std::int64_t>::max(), sum});
}

std::int64_t EntityDays::rows_before(std::uint32_t entity, double time, std::int64_t days) const {
  const auto day = day_of(time);
  return rows_until(entity, day) - rows_until(entity, day - days);
}

// Of the entities before this one, and of its days before `day`.
std::int64_t EntityDays::rows_until(std::uint32_t entity, std::int64_t day) const {
  const auto found = std::lower_bound(days_.begin(), days_.end(), std::tuple(entity, day),
                                      [](const Day& a, const auto& b) { return std::tuple(a.entity, a.day) < b; });
  return found->rows_before;
}

}  // namespace warmstart
