#include "trainer/evaluation/evaluation_episodes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/plural.h"
#include "data/class_sampler.h"
#include "data/sampler.h"

namespace warmstart {
namespace {

class EpisodesOfTasks : public EvaluationEpisodes {
 public:
  EpisodesOfTasks(const Dataset& dataset, Split split, const EvaluationOptions& options)
      : dataset_(dataset), options_(options), tasks_(dataset.tasks_of(split)), all_(dataset.training_rows(), 0.0) {
    check_candidates(dataset.schema());
    std::erase_if(tasks_, [&](auto task) { return dataset.row_count(task) <= options.query; });
    if (tasks_.empty())
      throw DataError(fmt::format("{}: no {} task has more than {} rows; change data.{} or evaluate.query",
                                  dataset.folder().string(), name_of(split), options.query, name_of(split)));
    check_sampled();
  }

  std::size_t count() const override { return tasks_.size(); }
  std::size_t query_rows() const override { return static_cast<std::size_t>(options_.query + sampled()); }
  std::int64_t task(std::size_t place) const override { return tasks_[place]; }
  std::uint32_t rows(std::size_t place) const override { return dataset_.row_count(tasks_[place]); }
  TaskEpisode drawn(std::size_t place, std::uint32_t support) const override {
    const auto query = static_cast<std::uint32_t>(options_.query);
    auto rows_of_task = evaluation_rows(tasks_[place], rows(place), support, query, options_.order, options_.seed);
    if (sampled() > 0) rows_of_task.unseen = unseen(tasks_[place], rows_of_task.query.front());
    return {tasks_[place], std::move(rows_of_task)};
  }

 private:
  std::int64_t sampled() const { return options_.candidates.count; }

  // The same at every support size.
  std::vector<UnseenRow> unseen(std::int64_t task, std::uint32_t row) const {
    RandomStream random(options_.seed, Purpose::kUnseen, static_cast<std::uint64_t>(task));
    std::vector<UnseenRow> drawn;
    for (const auto entity :
         unseen_by(dataset_, task, all_).draw_different(random, static_cast<std::uint32_t>(sampled())))
      drawn.push_back({entity, row});
    return drawn;
  }

  void check_candidates(const Schema& schema) const {
    require(
        schema.task != "scenario" || options_.candidates.kind == Candidates::Kind::kRows,
        fmt::format("evaluate.candidates = {} is of what one user has no row of, and rows of scenarios are of many; "
                    "set it to rows",
                    to_text(options_.candidates)));
    require(!schema.label.empty() || options_.candidates.kind != Candidates::Kind::kRows,
            "the data set has no label: all rows are alike, and nothing is told by judging them among themselves; set "
            "evaluate.candidates = sampled:100, or all");
  }

  void check_sampled() const {
    for (const auto task : tasks_) {
      if (sampled() + dataset_.row_count(task) <= dataset_.entities()) continue;
      const auto left = unseen_by(dataset_, task, all_).count();
      if (sampled() <= left) continue;
      throw DataError(
          fmt::format("{}: {} '{}' has no row of {} of the {} {}, and evaluate.candidates = {} draws more; "
                      "draw fewer, or set all",
                      dataset_.folder().string(), dataset_.schema().task, dataset_.task(task).key(), left,
                      dataset_.entities(), plural_of(dataset_.schema().entity), to_text(options_.candidates)));
    }
  }

  const Dataset& dataset_;
  const EvaluationOptions& options_;
  std::vector<std::int64_t> tasks_;
  UnseenEntities all_;
};

class EpisodesOfClasses : public EvaluationEpisodes {
 public:
  EpisodesOfClasses(const Dataset& dataset, Split split, const EvaluationOptions& options)
      : dataset_(dataset),
        options_(options),
        classes_(classes_with_rows(dataset, dataset.tasks_of(split), options.query + 1, options.ways)) {
    require(options.candidates.kind == Candidates::Kind::kRows,
            fmt::format("evaluate.candidates = {} is of entities that a task has no row of, and data.task = class has "
                        "none; set it to rows",
                        to_text(options.candidates)));
  }

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
