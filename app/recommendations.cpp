#include "app/recommendations.h"

#include <algorithm>
#include <set>

namespace warmstart {
namespace {

using Ranking = std::vector<ServedModel::Ranked>;

bool of_catalogue(const PredictSettings& settings) { return settings.candidates == kAllCandidates; }

// The places in the catalogue of what a task is not recommended.
std::set<std::size_t> left_out(const AskedTask& task, const Catalogue& catalogue, const PredictSettings& settings) {
  std::set<std::size_t> seen;
  if (settings.seen) return seen;
  for (const auto& key : task.support)
    if (const auto place = catalogue.find(key)) seen.insert(*place);
  return seen;
}

// The task, with what it is recommended as its candidates.
AskedTask with_chosen(const AskedTask& task, const Catalogue& catalogue, const Ranking& ranked,
                      const PredictSettings& settings) {
  const auto& request = task.request;
  AskedTask chosen = {task.key, {request.fields, request.support, request.labels, {}}, task.support, {}};
  const bool all = of_catalogue(settings);
  for (const auto& [place, score, output, deviation] : ranked) {
    chosen.candidates.push_back(all ? catalogue.key(place) : task.candidates[place]);
    chosen.request.candidates.push_back(all ? catalogue.candidate(place) : request.candidates[place]);
  }
  return chosen;
}

// Of a task's candidates, in their order.
std::vector<Recommendation> explained(const ServedModel& model, const AskedTask& chosen, const Ranking& ranked,
                                      const PredictSettings& settings) {
  std::vector<ServedModel::Explanation> explanations;
  if (settings.explain) explanations = model.explain(chosen.request);
  std::vector<Recommendation> recommended;
  for (std::size_t i = 0; i < ranked.size(); ++i)
    recommended.push_back(
        {chosen.candidates[i], ranked[i], explanations.empty() ? std::nullopt : std::optional(explanations[i])});
  return recommended;
}

void recommend_at_once(const Predictor& predictor, const std::vector<AskedTask>& tasks, const PredictSettings& settings,
                       const ShowRecommendations& show) {
  const auto& catalogue = predictor.catalogue();
  const auto entities = of_catalogue(settings) ? static_cast<std::int64_t>(catalogue.entities()) : 0;
  predictor.bring(tasks, {0, entities});
  const auto model = predictor.model();
  for (const auto& task : tasks)
    show(task, recommendations(model, catalogue, model.memory(task.request), task, settings));
}

// The best of the catalogue for each task.
std::vector<Ranking> ranked_in_rounds(const Predictor& predictor, const std::vector<AskedTask>& tasks,
                                      const PredictSettings& settings) {
  const auto& catalogue = predictor.catalogue();
  std::vector<std::set<std::size_t>> out;
  std::size_t most_out = 0;
  for (const auto& task : tasks) {
    out.push_back(left_out(task, catalogue, settings));
    most_out = std::max(most_out, out.back().size());
  }
  const auto model = predictor.model();
  const auto rounds = predictor.rounds();
  std::vector<Ranking> ranked(tasks.size());
  for (std::int64_t round = 0; round < rounds.count(); ++round) {
    const auto [first, end] = rounds.of(round, 0);
    // Of a task that leaves some out a round begins and ends so many later.
    const auto last = std::min(static_cast<std::size_t>(end) + most_out, catalogue.entities());
    predictor.bring(tasks, {first, static_cast<std::int64_t>(last)});
    for (std::size_t t = 0; t < tasks.size(); ++t)
      ranked[t] = model.rank_part(model.memory(tasks[t].request), static_cast<std::size_t>(settings.top), out[t],
                                  static_cast<std::size_t>(first), static_cast<std::size_t>(end), std::move(ranked[t]));
  }
  return ranked;
}

void recommend_in_rounds(const Predictor& predictor, const std::vector<AskedTask>& tasks,
                         const PredictSettings& settings, const ShowRecommendations& show) {
  const auto ranked = ranked_in_rounds(predictor, tasks, settings);
  std::vector<AskedTask> chosen;
  for (std::size_t t = 0; t < tasks.size(); ++t)
    chosen.push_back(with_chosen(tasks[t], predictor.catalogue(), ranked[t], settings));
  if (settings.explain) predictor.bring(chosen);
  const auto model = predictor.model();
  for (std::size_t t = 0; t < tasks.size(); ++t) show(tasks[t], explained(model, chosen[t], ranked[t], settings));
}

}  // namespace

std::vector<Recommendation> recommendations(const ServedModel& model, const Catalogue& catalogue,
                                            const NamedValues& memory, const AskedTask& task,
                                            const PredictSettings& settings) {
  const auto top = static_cast<std::size_t>(settings.top);
  const auto ranked = of_catalogue(settings) ? model.rank_catalogue(memory, top, left_out(task, catalogue, settings))
                                             : model.rank(memory, task.request.candidates, top);
  return explained(model, with_chosen(task, catalogue, ranked, settings), ranked, settings);
}

void recommend(const Predictor& predictor, const std::vector<AskedTask>& tasks, const PredictSettings& settings,
               const ShowRecommendations& show) {
  if (of_catalogue(settings) && predictor.rounds().count() > 1)
    return recommend_in_rounds(predictor, tasks, settings, show);
  recommend_at_once(predictor, tasks, settings, show);
}

}  // namespace warmstart
