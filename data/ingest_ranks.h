#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace warmstart {

// The processes that ingest one data set together, on a folder that all of them see.  data/ does not know by what they
// talk: the program gives it.  As it stands here, a process is alone.
class IngestRanks {
 public:
  IngestRanks() = default;
  IngestRanks(const IngestRanks&) = delete;
  IngestRanks& operator=(const IngestRanks&) = delete;
  virtual ~IngestRanks() = default;

  virtual int rank() const { return 0; }
  virtual int size() const { return 1; }

  // Collective.  Runs `work`, which holds no collective.  Where it throws on any rank, all throw the error of the first
  // such rank.
  virtual void agree(const std::function<void()>& work) { work(); }

  // Collective.  What each rank says, in the order of the ranks.
  virtual std::vector<nlohmann::json> gather(const nlohmann::json& own) { return {own}; }

  // Collective.  Each element becomes its sum over all ranks, which have equally many.
  virtual void sum(std::span<std::int64_t> /*numbers*/) {}
};

// What rank `rank` of `ranks` has of things 0..count-1: an even share, in the order of the ranks.
struct OwnShare {
  std::int64_t begin, end;
};
inline OwnShare share_of(std::int64_t count, int rank, int ranks) {
  const auto start_of = [&](std::int64_t r) { return count / ranks * r + count % ranks * r / ranks; };
  return {start_of(rank), start_of(rank + 1)};
}

}  // namespace warmstart
