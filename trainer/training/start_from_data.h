#pragma once

#include "cluster/communicator.h"
#include "data/dataset.h"
#include "trainer/learner/learner.h"

namespace warmstart {

// Sets where scores start: the bias model's fit (squared loss) or the mean's log-odds (binary).  Collective: rank 0
// reads the rows.
void start_from_data(Learner& model, const Dataset& dataset, Communicator& group);

}  // namespace warmstart
