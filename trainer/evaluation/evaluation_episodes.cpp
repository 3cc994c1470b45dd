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

struct JudgingTask {
  std::int64_t task;
  std::uint32_t query;  // its rows that judge
};

// Whose query rows are followed by drawn ones.
class EpisodesOfTasks : public EvaluationEpisodes {
 public:
  EpisodesOfTasks(const Dataset& dataset, const EvaluationOptions& options, std::vector<JudgingTask> tasks)
      : dataset_(dataset), options_(options), tasks_(std::move(tasks)), all_(dataset.training_rows(), 0.0) {
    check_candidates(dataset.schema());
    check_sampled();
  }

  std::size_t count() const override { return tasks_.size(); }
  std::optional<std::int64_t> query() const override {
    const auto first = tasks_.front().query;
    const bool are_equal =
        std::all_of(tasks_.begin(), tasks_.end(), [&](const auto& each) { return each.query == first; });
    return are_equal ? std::optional<std::int64_t>(first) : std::nullopt;
  }
  std::size_t query_rows(std::size_t place) const override { return tasks_[place].query; }
  std::size_t drawn_rows() const override { return static_cast<std::size_t>(sampled()); }
  std::int64_t task(std::size_t place) const override { return tasks_[place].task; }
  TaskEpisode drawn(std::size_t place, std::uint32_t support) const override {
    auto rows_of_task = rows_of(place, support);
    if (sampled() > 0) rows_of_task.unseen = unseen(task(place), rows_of_task.query.front());
    return {task(place), std::move(rows_of_task)};
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
    for (const auto& [task, query] : tasks_) {
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
  std::vector<JudgingTask> tasks_;
  UnseenEntities all_;
};

void check_split_time(const Dataset& dataset, RowOrder order) {
  require(!dataset.split_time() || order == RowOrder::kTime,
          fmt::format("evaluate.order = {} has any rows judge, and the data set was split by time (data.split-time = "
                      "{}): rows from then on judge; set evaluate.order = time",
                      to_text(order), dataset.split_time().value_or(0.0)));
}

// Rows of the task, by time, before the data set's split time; none where it has no such time.
std::int64_t early_rows(const Dataset& dataset, std::int64_t task) {
  if (!dataset.split_time()) return 0;
  const auto times = dataset.task(task).rows.time;
  return std::lower_bound(times.begin(), times.end(), *dataset.split_time()) - times.begin();
}

// Of a task, where the last so many judge if a row is left before them and all are from the split time on; else none.
std::int64_t last_rows(const Dataset& dataset, std::int64_t task, std::int64_t query) {
  const auto left = dataset.row_count(task) - query;
  return left > 0 && left >= early_rows(dataset, task) ? query : 0;
}

// Of a task: all behind the largest support that are from the split time on.
std::int64_t rest_of(const Dataset& dataset, std::int64_t task, std::int64_t support) {
  return std::max<std::int64_t>(0, dataset.row_count(task) - std::max(support, early_rows(dataset, task)));
}

// Rows that a task needs for every support size: "all", of the rows before a split time, is one at least.
std::int64_t largest_support(const EvaluationOptions& options) {
  std::int64_t largest = 0;
  for (const auto& support : options.support)
    largest = std::max<std::int64_t>(largest, support == "all" ? 1 : rows_of(support));
  return largest;
}

[[noreturn]] void refuse_for_lack_of_rest(const Dataset& dataset, Split split, std::int64_t support) {
  const auto late = dataset.split_time() ? fmt::format(" from data.split-time = {} on", *dataset.split_time()) : "";
  throw DataError(
      fmt::format("{}: no {} task has a row{} beside {}; lower evaluate.support, or ingest with another "
                  "data.{}{}",
                  dataset.folder().string(), name_of(split), late, counted(support, "support row"), name_of(split),
                  late.empty() ? "" : " or an earlier data.split-time"));
}

[[noreturn]] void refuse_for_lack_of_rows(const Dataset& dataset, Split split, std::int64_t query) {
  if (const auto time = dataset.split_time())
    throw DataError(fmt::format(
        "{}: no {} task has {} rows from data.split-time = {} on and one before those; lower evaluate.query, "
        "or ingest with an earlier data.split-time or another data.{}",
        dataset.folder().string(), name_of(split), query, *time, name_of(split)));
  throw DataError(fmt::format("{}: no {} task has more than {} rows; change data.{} or evaluate.query",
                              dataset.folder().string(), name_of(split), query, name_of(split)));
}

// Where no time says which rows come before those that judge, "all" would leave none to judge.
void check_rest(const Dataset& dataset, const EvaluationOptions& options) {
  const auto& sizes = options.support;
  const bool names_all = std::find(sizes.begin(), sizes.end(), "all") != sizes.end();
  require(!options.query.is_rest() || !names_all || dataset.split_time(),
          "evaluate.query = rest has all rows but the support judge, and with 'all' among evaluate.support none would "
          "be left; name numbers alone, as in evaluate.support = 5");
}

void check_validates(const Dataset& dataset, Split split) {
  if (split == Split::kValidation && dataset.tasks_of(split).empty())
    throw DataError(
        fmt::format("{}: has no validation tasks; ingest with data.validation = 0.1, or, to train without "
                    "and end with the last parameters, set train.keep-best = false and train.patience = 0",
                    dataset.folder().string()));
}

std::vector<JudgingTask> judging_tasks(const Dataset& dataset, Split split, const EvaluationOptions& options) {
  check_rest(dataset, options);
  check_validates(dataset, split);
  const bool is_rest = options.query.is_rest();
  const auto support = largest_support(options);
  std::vector<JudgingTask> tasks;
  for (const auto task : dataset.tasks_of(split)) {
    const auto query = is_rest ? rest_of(dataset, task, support) : last_rows(dataset, task, options.query.rows);
    if (query > 0) tasks.push_back({task, static_cast<std::uint32_t>(query)});
  }
  if (tasks.empty() && is_rest) refuse_for_lack_of_rest(dataset, split, support);
  if (tasks.empty()) refuse_for_lack_of_rows(dataset, split, options.query.rows);
  return tasks;
}

// Tasks of a split, whose rows are told apart by evaluate.order.
class EpisodesOfSplit : public EpisodesOfTasks {
 public:
  EpisodesOfSplit(const Dataset& dataset, Split split, const EvaluationOptions& options)
      : EpisodesOfTasks(dataset, options, judging_tasks(dataset, split, options)) {
    check_split_time(dataset, options.order);
  }

  std::uint32_t rows(std::size_t place) const override { return dataset().row_count(task(place)); }

 protected:
  EpisodeRows rows_of(std::size_t place, std::uint32_t support) const override {
    return evaluation_rows(task(place), rows(place), support, static_cast<std::uint32_t>(query_rows(place)),
                           options().order, options().seed);
  }
};

std::vector<JudgingTask> tasks_of(const std::vector<TaskEpisode>& episodes) {
  std::vector<JudgingTask> tasks;
  tasks.reserve(episodes.size());
  for (const auto& episode : episodes)
    tasks.push_back({episode.task, static_cast<std::uint32_t>(episode.rows.query.size())});
  return tasks;
}

// At least one.
class EpisodesOfList : public EpisodesOfTasks {
 public:
  EpisodesOfList(const Dataset& dataset, const EvaluationOptions& options, std::vector<TaskEpisode> listed)
      : EpisodesOfTasks(dataset, options, tasks_of(listed)), listed_(std::move(listed)) {}

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
        classes_(classes_with_rows(dataset, dataset.tasks_of(split), query_of(options) + 1, options.ways)) {
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
  std::optional<std::int64_t> query() const override { return options_.query.rows; }
  std::size_t query_rows(std::size_t) const override {
    return static_cast<std::size_t>(options_.ways * options_.query.rows);
  }
  std::size_t drawn_rows() const override { return 0; }
  std::int64_t task(std::size_t) const override { return classes_.front(); }
  std::uint32_t rows(std::size_t) const override { return 0; }  // no episode has more than another
  TaskEpisode drawn(std::size_t place, std::uint32_t support) const override {
    return class_episode(dataset_, classes_, {options_.ways, support, options_.query.rows}, options_.seed, place);
  }

 private:
  static std::int64_t query_of(const EvaluationOptions& options) {
    require(!options.query.is_rest(),
            "evaluate.query = rest is of tasks that have rows of their own, and with data.task = class tasks are drawn "
            "of classes; set a number, rows of each class");
    return options.query.rows;
  }

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
