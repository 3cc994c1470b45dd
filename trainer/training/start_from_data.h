#pragma once

#include "cluster/communicator.h"
#include "data/dataset.h"
#include "data/episode_options.h"
#include "trainer/learner/learner.h"

namespace warmstart {

// Sets where scores start: the bias model's fit (squared loss) or the mean's log-odds (binary); where negatives are
// drawn, the mean label of all rows with them, and of each entity's, as the objective's outputs would have it.
// Collective: rank 0 reads the rows.
void start_from_data(Learner& model, const Dataset& dataset, const EpisodeOptions& options, Communicator& group);

}  // namespace warmstart
