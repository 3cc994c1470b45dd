#pragma once

#include "data/dataset.h"
#include "trainer/objectives/objective_options.h"

namespace warmstart {

// Whether the objective takes the labels of the tasks that training and validation use.  Looks at the share of rank
// `rank` of `ranks`.  Throws UsageError naming the first row whose label it does not take.
void check_labels(const Dataset& dataset, const ObjectiveOptions& options, int rank, int ranks);

// Throws UsageError unless the objective tells as many classes apart as tasks of classes have; of other tasks, never.
void check_classes(const Schema& schema, const ObjectiveOptions& options, std::int64_t ways);

}  // namespace warmstart
