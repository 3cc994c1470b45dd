#include "trainer/evaluation/evaluation_episodes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/plural.h"
#include "data/class_sampler.h"
#include "data/sampler.h"
#include "trainer/evaluation/listed_episodes.h"

namespace warmstart {
namespace {

// Whose query rows are followed by drawn ones.
class EpisodesOfTasks : public EvaluationEpisodes {
 public:
  EpisodesOfTasks(const Dataset& dataset, const EvaluationOptions& options, std::vector<std::int64_t> tasks,
                  std::int64_t query)
      : dataset_(dataset),
        options_(options),
        tasks_(std::move(tasks)),
        query_(query),
        all_(dataset.training_rows(), 0.0) {
    check_candidates(dataset.schema());
    check_sampled();
  }

  std::size_t count() const override { return tasks_.size(); }
  std::int64_t query() const override { return query_; }
  std::size_t query_rows() const override { return static_cast<std::size_t>(query_ + sampled()); }
  std::int64_t task(std::size_t place) const override { return tasks_[place]; }
  TaskEpisode drawn(std::size_t place, std::uint32_t support) const override {
    auto rows_of_task = rows_of(place, support);
    if (sampled() > 0) rows_of_task.unseen = unseen(tasks_[place], rows_of_task.query.front());
    return {tasks_[place], std::move(rows_of_task)};
  }

 protected:
  // Its support, of at most `support` rows, and its query.
  virtual EpisodeRows rows_of(std::size_t place, std::uint32_t support) const = 0;
  const Dataset& dataset() const { return dataset_; }
  const EvaluationOptions& options() const { return options_; }

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
  std::int64_t query_;
  UnseenEntities all_;
};

void check_split_time(const Dataset& dataset, RowOrder order) {
  require(!dataset.split_time() || order == RowOrder::kTime,
          fmt::format("evaluate.order = {} has any rows judge, and the data set was split by time (data.split-time = "
                      "{}): rows from then on judge; set evaluate.order = time",
                      to_text(order), dataset.split_time().value_or(0.0)));
}

// Whether a row is left beside the last `query`, and all of those are from the data set's split time on.
bool can_judge(const Dataset& dataset, std::int64_t task, std::int64_t query) {
  const auto rows = dataset.row_count(task);
  if (rows <= query) return false;
  if (!dataset.split_time()) return true;
  return dataset.task(task).rows.time[static_cast<std::size_t>(rows - query)] >= *dataset.split_time();
}

std::vector<std::int64_t> tasks_that_can_judge(const Dataset& dataset, Split split, std::int64_t query) {
  auto tasks = dataset.tasks_of(split);
  std::erase_if(tasks, [&](auto task) { return !can_judge(dataset, task, query); });
  if (!tasks.empty()) return tasks;
  if (const auto time = dataset.split_time())
    throw DataError(fmt::format(
        "{}: no {} task has {} rows from data.split-time = {} on and one before those; lower evaluate.query, "
        "or ingest with an earlier data.split-time or another data.{}",
        dataset.folder().string(), name_of(split), query, *time, name_of(split)));
  throw DataError(fmt::format("{}: no {} task has more than {} rows; change data.{} or evaluate.query",
                              dataset.folder().string(), name_of(split), query, name_of(split)));
}

// Tasks of a split, whose rows are told apart by evaluate.order.
class EpisodesOfSplit : public EpisodesOfTasks {
 public:
  EpisodesOfSplit(const Dataset& dataset, Split split, const EvaluationOptions& options)
      : EpisodesOfTasks(dataset, options, tasks_that_can_judge(dataset, split, options.query), options.query) {
    check_split_time(dataset, options.order);
  }

  std::uint32_t rows(std::size_t place) const override { return dataset().row_count(task(place)); }

 protected:
  EpisodeRows rows_of(std::size_t place, std::uint32_t support) const override {
    return evaluation_rows(task(place), rows(place), support, static_cast<std::uint32_t>(query()), options().order,
                           options().seed);
  }
};

std::vector<std::int64_t> tasks_of(const std::vector<TaskEpisode>& episodes) {
  std::vector<std::int64_t> tasks;
  tasks.reserve(episodes.size());
  for (const auto& episode : episodes) tasks.push_back(episode.task);
  return tasks;
}

// At least one, and all with equally many query rows.
class EpisodesOfList : public EpisodesOfTasks {
 public:
  EpisodesOfList(const Dataset& dataset, const EvaluationOptions& options, std::vector<TaskEpisode> listed)
      : EpisodesOfTasks(dataset, options, tasks_of(listed), std::ssize(listed.front().rows.query)),
        listed_(std::move(listed)) {}

  std::uint32_t rows(std::size_t place) const override {
    const auto& [support, query, unseen] = listed_[place].rows;
    return static_cast<std::uint32_t>(support.size() + query.size());
  }

 protected:
  EpisodeRows rows_of(std::size_t place, std::uint32_t support) const override {
    auto rows = listed_[place].rows;
    rows.support.resize(std::min<std::size_t>(rows.support.size(), support));
    return rows;
  }

 private:
  std::vector<TaskEpisode> listed_;
};

class EpisodesOfClasses : public EvaluationEpisodes {
 public:
  EpisodesOfClasses(const Dataset& dataset, Split split, const EvaluationOptions& options)
      : dataset_(dataset),
        options_(options),
        classes_(classes_with_rows(dataset, dataset.tasks_of(split), options.query + 1, options.ways)) {
    require(
        options.episodes_from.empty(),
        fmt::format("evaluate.episodes-from = {} lists rows of tasks, and with data.task = class tasks are drawn of "
                    "classes; leave it empty",
                    options.episodes_from.string()));
    require(options.candidates.kind == Candidates::Kind::kRows,
            fmt::format("evaluate.candidates = {} is of entities that a task has no row of, and data.task = class has "
                        "none; set it to rows",
                        to_text(options.candidates)));
  }

  std::size_t count() const override { return static_cast<std::size_t>(options_.episodes); }
  std::int64_t query() const override { return options_.query; }
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
  if (options.episodes_from.empty()) return std::make_unique<EpisodesOfSplit>(dataset, split, options);
  return std::make_unique<EpisodesOfList>(dataset, options, listed_episodes(dataset, options.episodes_from));
}

}  // namespace warmstart
