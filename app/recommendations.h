#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/predictor.h"

namespace warmstart {

// An entity that a task is recommended.
struct Recommendation {
  std::string item;
  ServedModel::Ranked ranked;
  std::optional<ServedModel::Explanation> explanation;
};

// Of the task's candidates, or of the catalogue, by the task's memory.
std::vector<Recommendation> recommendations(const ServedModel& model, const Catalogue& catalogue,
                                            const NamedValues& memory, const AskedTask& task,
                                            const PredictSettings& settings);

// Calls show() for each task, in their order.  Of a run's sharded tables there are the rows that the tasks look up and,
// where the catalogue is ranked, those of as many of its entities as the predictor's rounds say.
using ShowRecommendations = std::function<void(const AskedTask&, const std::vector<Recommendation>&)>;
void recommend(const Predictor& predictor, const std::vector<AskedTask>& tasks, const PredictSettings& settings,
               const ShowRecommendations& show);

}  // namespace warmstart
