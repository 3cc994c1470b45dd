#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "trainer/evaluation/evaluation.h"
#include "trainer/tables/sharded_tables.h"

namespace warmstart {

// Collective.  The ids of sharded tables that this rank's tasks of an evaluation look up, by ShardedTables::lists():
// all ids where the candidates are all entities.
std::vector<at::Tensor> looked_up_ids(const Evaluation& evaluation, const ShardedTables& tables);

}  // namespace warmstart
