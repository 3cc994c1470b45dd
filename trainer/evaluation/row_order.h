#pragma once

#include <string>

#include "data/episode_options.h"
#include "trainer/evaluation/recommender.h"

namespace warmstart {

// Throws UsageError where support rows stand as `option` says, and the recommender reads them in time order.
void require_order(const Recommender& recommender, RowOrder order, const std::string& option);

}  // namespace warmstart
