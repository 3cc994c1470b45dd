#include "trainer/evaluation/evaluation_episodes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "data/class_sampler.h"
#include "data/sampler.h"

namespace warmstart {
namespace {

class EpisodesOfTasks : public EvaluationEpisodes {
 public:
  EpisodesOfTasks(const Dataset& dataset, Split split, const EvaluationOptions& options)
      : dataset_(dataset), options_(options), tasks_(dataset.tasks_of(split)) {
    std::erase_if(tasks_, [&](auto task) { return dataset.row_count(task) <= options.query; });
    if (!tasks_.empty()) return;
    throw DataError(fmt::format("{}: no {} task has more than {} rows; change data.{} or evaluate.query",
                                dataset.folder().string(), name_of(split), options.query, name_of(split)));
  }

  std::size_t count() const override { return tasks_.size(); }
  std::size_t query_rows() const override { return static_cast<std::size_t>(options_.query); }
  std::int64_t task(std::size_t place) const override { return tasks_[place]; }
  std::uint32_t rows(std::size_t place) const override { return dataset_.row_count(tasks_[place]); }
  TaskEpisode drawn(std::size_t place, std::uint32_t support) const override {
    const auto query = static_cast<std::uint32_t>(options_.query);
    return {tasks_[place], evaluation_rows(tasks_[place], rows(place), support, query, options_.order, options_.seed)};
  }

 private:
  const Dataset& dataset_;
  const EvaluationOptions& options_;
  std::vector<std::int64_t> tasks_;
};

class EpisodesOfClasses : public EvaluationEpisodes {
 public:
  EpisodesOfClasses(const Dataset& dataset, Split split, const EvaluationOptions& options)
      : dataset_(dataset),
        options_(options),
        classes_(classes_with_rows(dataset, dataset.tasks_of(split), options.query + 1, options.ways)) {}

  std::size_t count() const override { return static_cast<std::size_t>(options_.episodes); }
  std::size_t query_rows() const override { return static_cast<std::size_t>(options_.ways * options_.query); }
  std::int64_t task(std::size_t) const override { return classes_.front(); }
  std::uint32_t rows(std::size_t) const override { return 0; }  // no episode has more than another
  TaskEpisode drawn(std::size_t place, std::uint32_t support) const override {
    return class_episode(dataset_, classes_, {options_.ways, support, options_.query}, options_.seed, place);
  }

 private:
  const Dataset& dataset_;
  const EvaluationOptions& options_;
  std::vector<std::int64_t> classes_;
};

}  // namespace

std::unique_ptr<EvaluationEpisodes> make_evaluation_episodes(const Dataset& dataset, Split split,
                                                             const EvaluationOptions& options) {
  if (tasks_are_of_classes(dataset.schema())) return std::make_unique<EpisodesOfClasses>(dataset, split, options);
  return std::make_unique<EpisodesOfTasks>(dataset, split, options);
}

}  // namespace warmstart
