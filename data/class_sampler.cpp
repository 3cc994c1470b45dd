#include "data/class_sampler.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/random.h"

namespace warmstart {
namespace {

// Query rows do not depend on the shots, and more shots keep those that fewer have: so each class has a stream of its
// own, which others' shots do not move.
EpisodeRows rows_of_class(RandomStream random, std::uint32_t count, const ClassEpisode& sizes) {
  const auto queries = static_cast<std::uint32_t>(sizes.queries);
  const auto shots = static_cast<std::uint32_t>(std::min<std::int64_t>(sizes.shots, count - queries));
  const auto rows = sample_without_replacement(random, count, queries + shots);
  const auto middle = rows.begin() + queries;
  return {.support = {middle, rows.end()}, .query = {rows.begin(), middle}};
}

}  // namespace

TaskEpisode class_episode(const Dataset& dataset, const std::vector<std::int64_t>& classes, const ClassEpisode& sizes,
                          std::uint64_t seed, std::uint64_t position) {
  RandomStream random(seed, Purpose::kEpisodeRows, position);
  const auto chosen = sample_without_replacement(random, static_cast<std::uint32_t>(classes.size()),
                                                 static_cast<std::uint32_t>(sizes.ways));
  TaskEpisode episode{.task = classes[chosen.front()]};
  episode.classes.reserve(chosen.size());
  for (const auto place : chosen) {
    const auto task = classes[place];
    const auto part = episode.classes.size() + 1;
    episode.classes.push_back(
        {task, rows_of_class({seed, Purpose::kEpisodeRows, position, part}, dataset.row_count(task), sizes)});
  }
  return episode;
}

std::vector<std::int64_t> classes_with_rows(const Dataset& dataset, const std::vector<std::int64_t>& classes,
                                            std::int64_t rows, std::int64_t ways) {
  std::vector<std::int64_t> enough;
  std::copy_if(classes.begin(), classes.end(), std::back_inserter(enough),
               [&](auto task) { return dataset.row_count(task) >= rows; });
  if (std::ssize(enough) >= ways) return enough;
  throw DataError(fmt::format(
      "{}: an episode of {} classes takes {} rows of each, and {} of the {} classes of this part of the data "
      "set have so many; lower episode.ways or the rows, or change data.validation and data.test",
      dataset.folder().string(), ways, rows, enough.size(), classes.size()));
}

ClassSampler::ClassSampler(const Dataset& dataset, const std::vector<std::int64_t>& classes,
                           const EpisodeOptions& options, std::uint64_t seed, std::int64_t tasks_per_step,
                           int microbatches)
    : dataset_(dataset),
      sizes_{options.ways, options.shots, options.class_queries},
      classes_(classes_with_rows(dataset, classes, options.shots + options.class_queries, options.ways)),
      seed_(seed),
      tasks_per_step_(tasks_per_step),
      microbatches_(microbatches) {}

std::uint64_t ClassSampler::epoch_episodes() const {
  std::uint64_t rows = 0;
  for (const auto task : classes_) rows += dataset_.row_count(task);
  const auto of_episode = static_cast<std::uint64_t>(sizes_.ways * (sizes_.shots + sizes_.queries));
  return (rows + of_episode - 1) / of_episode;
}

std::vector<std::vector<Episode>> ClassSampler::meta_batch(std::uint64_t step) const {
  const auto tasks = static_cast<std::size_t>(tasks_per_step_);
  const auto support = static_cast<std::uint32_t>(sizes_.ways * sizes_.shots),
             query = static_cast<std::uint32_t>(sizes_.ways * sizes_.queries);
  std::vector<std::vector<Episode>> parts(static_cast<std::size_t>(microbatches_));
  for (std::size_t part = 0, i = 0; part < parts.size(); ++part)
    for (const auto end = tasks * (part + 1) / parts.size(); i < end; ++i)
      parts[part].push_back({classes_.front(), step * tasks + i, support, query});
  return parts;
}

TaskEpisode ClassSampler::drawn(const Episode& episode) const {
  return class_episode(dataset_, classes_, sizes_, seed_, episode.position);
}

}  // namespace warmstart
