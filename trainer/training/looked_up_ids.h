#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "trainer/evaluation/evaluation.h"
#include "trainer/layers/table_declaration.h"

namespace warmstart {

// Collective.  The ids of each kind that this rank's tasks of some evaluations look up, int64, ascending and distinct:
// all ids where the candidates are all entities.
std::vector<at::Tensor> looked_up_ids(const std::vector<const Evaluation*>& evaluations,
                                      const std::vector<IdRange>& kinds);

}  // namespace warmstart
