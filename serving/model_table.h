#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "serving/catalogue.h"
#include "trainer/learner/learner.h"

namespace warmstart {

// Whose a row of a table is: a field's raw key, or, without one, that of all unknown keys.
struct TableRow {
  std::string field;
  std::optional<std::string> key;
};

// An embedding table of a model, whose keys are the catalogue's.
struct ModelTable {
  std::string name;
  at::Tensor values;           // float32 [rows, width], contiguous
  std::vector<TableRow> rows;  // of each
};

std::vector<ModelTable> tables_of(const Learner& model, const Catalogue& catalogue);

}  // namespace warmstart
