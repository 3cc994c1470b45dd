#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "trainer/layers/parameters.h"

namespace warmstart {

// Which of a batch's ids are a table's.
enum class IdsOf {
  kKeys,   // of the rows' entities
  kRows,   // of all categorical fields of rows
  kTasks,  // of all categorical fields of tasks
};

// Such ids, and how many there are.
struct IdRange {
  IdsOf ids_of;
  std::int64_t ids;
};

// A table's initial values: all at once, drawn one after the other; or a row by itself, a function of its id.  They are
// not the same numbers.
struct TableInitial {
  Initial whole;
  std::function<void(std::int64_t id, float* row)> row;
};

struct TableDeclaration {
  std::string name;
  ParameterGroup group;
  IdsOf ids_of;
  std::int64_t ids, width;
  TableInitial initial;
};

}  // namespace warmstart
