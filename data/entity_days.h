#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/ingest_ranks.h"
#include "data/united_keys.h"

namespace warmstart {

// Days since 1970, in UTC, of a time in seconds.
std::int64_t day_of(double time);

// As ISO 8601 writes it: 2024-06-02.
std::string date_of(std::int64_t day);

// How many rows each entity has had on each day.
class EntityDays {
 public:
  void add(std::uint32_t entity, double time);

  // Collective.  The counts of all ranks; of `numbers`, each rank's of entities.  Before the first rows_before().
  void finish(const std::vector<NumbersOfRank>& numbers, IngestRanks& ranks);

  // Of the `days` days before the one of `time`.
  std::int64_t rows_before(std::uint32_t entity, double time, std::int64_t days) const;

 private:
  struct Day {
    std::uint32_t entity;
    std::int64_t day;
    std::int64_t rows_before;  // of the entities and days that stand before it
  };
  std::int64_t rows_until(std::uint32_t entity, std::int64_t day) const;

  std::unordered_map<std::uint32_t, std::unordered_map<std::int64_t, std::int64_t>> counts_;
  std::vector<Day> days_;  // sorted, and behind them one that holds the number of all rows
};

}  // namespace warmstart
