#pragma once

#include <cstdint>
#include <string>

#include "base/option_value.h"

namespace warmstart {

// What a task's query rows are judged among.
struct Candidates {
  enum class Kind {
    kRows,     // themselves
    kSampled,  // and `count` entities that the task has no row of, drawn alike
    kAll       // and all of those
  };
  Kind kind = Kind::kRows;
  std::int64_t count = 0;

  bool operator==(const Candidates&) const = default;
};

// As options: rows, sampled:100, all.  read() throws std::invalid_argument for others.
std::string to_text(const Candidates& candidates);
void read(const std::string& text, const Range& range, Candidates& candidates);

}  // namespace warmstart
