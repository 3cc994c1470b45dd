#pragma once

#include "data/dataset.h"
#include "trainer/learner/model_options.h"

namespace warmstart {

// Whether the loss can be computed from the labels of the tasks that training and validation use: `squared` takes any
// finite ones, `binary` 0 and 1.  Looks at the share of rank `rank` of `ranks`.  Throws UsageError naming the first row
// whose label the loss does not take.
void check_labels(const Dataset& dataset, Loss loss, int rank, int ranks);

}  // namespace warmstart
