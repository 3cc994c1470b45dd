#include "trainer/evaluation/catalogue_ranking.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace warmstart {
namespace {

constexpr std::int64_t kEntitiesAtOnce = 4096;  // bounds the memory of predictions

std::vector<std::uint32_t> entities_of(std::span<const std::uint32_t> entities,
                                       const std::vector<std::uint32_t>& rows) {
  std::vector<std::uint32_t> found;
  found.reserve(rows.size());
  for (const auto row : rows) found.push_back(entities[row]);
  return found;
}

// Of the rows that are not in the query.
std::vector<std::uint32_t> other_entities(std::span<const std::uint32_t> entities,
                                          const std::vector<std::uint32_t>& query) {
  std::vector<bool> is_asked_for(entities.size(), false);
  for (const auto row : query) is_asked_for[row] = true;
  std::vector<std::uint32_t> others;
  for (std::size_t row = 0; row < entities.size(); ++row)
    if (!is_asked_for[row]) others.push_back(entities[row]);
  return others;
}

}  // namespace

CatalogueRanking::CatalogueRanking(const Dataset& dataset, const Recommender& recommender, std::size_t listed)
    : dataset_(dataset), recommender_(recommender), listed_(listed), scorer_(recommender.catalogue_scorer(dataset)) {}

std::vector<CatalogueRanking::Ranked> CatalogueRanking::ranked(const std::vector<TaskEpisode>& episodes) const {
  const auto of_tasks = scorer_ ? scorer_->scores(make_batch(dataset_, episodes)) : scores(episodes);
  const std::span all(of_tasks.const_data_ptr<float>(), static_cast<std::size_t>(of_tasks.numel()));
  const auto entities = static_cast<std::size_t>(dataset_.entities());
  std::vector<Ranked> found;
  found.reserve(episodes.size());
  for (std::size_t t = 0; t < episodes.size(); ++t)
    found.push_back(ranked(episodes[t], all.subspan(t * entities, entities)));
  return found;
}

at::Tensor CatalogueRanking::scores(const std::vector<TaskEpisode>& episodes) const {
  std::vector<at::Tensor> parts;
  for (std::int64_t first = 0; first < dataset_.entities(); first += kEntitiesAtOnce)
    parts.push_back(predicted(episodes, first, std::min(dataset_.entities(), first + kEntitiesAtOnce)));
  return at::cat(parts, 1);
}

at::Tensor CatalogueRanking::predicted(std::vector<TaskEpisode> episodes, std::int64_t first, std::int64_t end) const {
  for (auto& episode : episodes) {
    for (auto entity = first; entity < end; ++entity)
      episode.rows.unseen.push_back({static_cast<std::uint32_t>(entity), episode.rows.query.front()});
    episode.rows.query.clear();
  }
  const auto found = recommender_.predict_labels(make_batch(dataset_, episodes));
  return found.scores.defined() ? found.scores : found.labels;
}

CatalogueRanking::Ranked CatalogueRanking::ranked(const TaskEpisode& episode, std::span<const float> scores) const {
  const auto entities = dataset_.task(episode.task).rows.entity;
  const auto query = entities_of(entities, episode.rows.query);
  return {warmstart::ranked(scores, query, other_entities(entities, episode.rows.query), listed_),
          std::all_of(scores.begin(), scores.end(), [](float score) { return std::isfinite(score); })};
}

std::vector<double> self_information(const Dataset& dataset) {
  const auto tasks = static_cast<double>(dataset.tasks_of(Split::kTrain).size());
  std::vector<double> bits;
  bits.reserve(static_cast<std::size_t>(dataset.entities()));
  for (const auto rows : dataset.training_rows())
    bits.push_back(-std::log2(std::clamp(static_cast<double>(rows), 1.0, tasks) / tasks));
  return bits;
}

}  // namespace warmstart
