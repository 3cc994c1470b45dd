#pragma once

#include "cluster/communicator.h"
#include "data/dataset.h"
#include "trainer/learner/two_tower.h"

namespace warmstart {

// Sets where scores start: the bias model's fit (squared loss) or the mean's log-odds (binary).  Collective: rank 0
// reads the rows.
void start_from_data(TwoTower& model, const Dataset& dataset, Communicator& group);

}  // namespace warmstart
