#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace warmstart {

// How a part of a run trains: without adaptation, as one model of all tasks; or through it.
enum class Part { kJoint, kMeta };

// The parts of a run, a function of the meta-step alone.
class Schedule {
 public:
  // Of entries such as "joint:5", in epochs; without any, all of the run is meta.  Throws UsageError for what is no
  // entry, naming it, and unless the parts add up to `epochs`.
  Schedule(const std::vector<std::string>& entries, double epochs);

  // Of step `step` of `steps`, counted from 0.
  Part part_of(std::int64_t step, std::int64_t steps) const;

  bool has(Part part) const;

 private:
  struct Entry {
    Part part;
    double end;  // as a share of the run
  };
  std::vector<Entry> entries_;
};

}  // namespace warmstart
