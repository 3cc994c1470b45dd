#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace warmstart {

// Which rows go where a growing table is full.
enum class Eviction { kNone, kLeastRecent, kLeastFrequent };
NLOHMANN_JSON_SERIALIZE_ENUM(Eviction, {{Eviction::kNone, "none"},
                                        {Eviction::kLeastRecent, "least-recent"},
                                        {Eviction::kLeastFrequent, "least-frequent"}})

constexpr double kMostGrownRows = 1e12, kMostSightings = 1e6;

// How sharded tables grow: a key gets a row of its own once it has been seen often enough.
struct Growth {
  std::int64_t most_rows = 0;  // of each table; 0: tables do not grow, and every id has a row from the start
  std::int64_t admit = 1;      // sightings
  Eviction evict = Eviction::kLeastRecent;
};

// The rows that some keys of a growing table have among them: those of one field, or of all fields without such a pool.
struct RowPool {
  std::string field = {};  // empty: of all others
  Growth growth = {};
};

// What has come of it so far.
struct GrowthTotals {
  std::int64_t rows = 0, waiting = 0;      // keys that have a row now, and that wait for one
  std::int64_t admitted = 0, evicted = 0;  // since the run began

  GrowthTotals& operator+=(const GrowthTotals& more) {
    rows += more.rows, waiting += more.waiting, admitted += more.admitted, evicted += more.evicted;
    return *this;
  }
};

// Of all keys, and of those of each field that has a pool.
struct GrowthReport : GrowthTotals {
  std::map<std::string, GrowthTotals> of_fields = {};
};

}  // namespace warmstart
