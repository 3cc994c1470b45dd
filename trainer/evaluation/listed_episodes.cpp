#include "trainer/evaluation/listed_episodes.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>

#include "base/errors.h"
#include "base/text.h"
#include "data/table_reader.h"

namespace warmstart {
namespace {

struct ListedRow {
  std::string entity;
  bool judges;
  Place place;
};

struct ListedTask {
  std::string key;
  std::vector<ListedRow> rows;
};

[[noreturn]] void refuse(const Place& place, const std::string& what) {
  throw DataError(fmt::format("{}:{}: {}", printable(place.file, 1000), place.line, what));
}

bool judges(std::string_view set) {
  if (set == "query") return true;
  if (set == "support") return false;
  throw BadRow("wrong set", fmt::format("column 'set': '{}' is neither support nor query", printable(set)));
}

std::string_view cell_of(const TableRow& row, std::size_t column, const std::string& name) {
  if (row.cells[column]) return *row.cells[column];
  throw BadRow("missing value", fmt::format("column '{}' is empty", name));
}

// Whatever the table lists, by task.
class ListedTasks {
 public:
  explicit ListedTasks(const std::filesystem::path& file) {
    TableOptions table;
    table.files = {file.string()};
    table.separator = "auto";
    const std::vector<std::string> columns = {"task", "entity", "set"};
    Rejections rejections(OnError::kFail, "the episodes are judged as they are listed, or not at all: mend the row");
    read_table(table, columns, rejections, [&](const TableRow& row) {
      add(std::string(cell_of(row, 0, columns[0])),
          {std::string(cell_of(row, 1, columns[1])), judges(cell_of(row, 2, columns[2])), row.place});
    });
  }

  const std::vector<ListedTask>& tasks() const { return tasks_; }

  // The number of each listed task in the data set, by its key; those that it lacks are left out.
  std::unordered_map<std::string, std::int64_t> numbers_in(const Dataset& dataset) const {
    std::unordered_map<std::string, std::int64_t> numbers;
    for (std::int64_t task = 0; task < dataset.tasks(); ++task) {
      auto key = dataset.task(task).key();
      if (places_.contains(key)) numbers.emplace(std::move(key), task);
    }
    return numbers;
  }

 private:
  void add(const std::string& task, ListedRow row) {
    const auto [found, is_new] = places_.try_emplace(task, tasks_.size());
    if (is_new) tasks_.push_back({task, {}});
    tasks_[found->second].rows.push_back(std::move(row));
  }

  std::vector<ListedTask> tasks_;
  std::unordered_map<std::string, std::size_t> places_;  // of the tasks, by their keys
};

// The rows of one task of the data set, each of which may be taken once.
class RowsByEntity {
 public:
  RowsByEntity(const Dataset& dataset, std::int64_t task, std::string name)
      : name_(std::move(name)), entity_(dataset.schema().entity) {
    const auto entities = dataset.task(task).rows.entity;
    for (std::uint32_t row = 0; row < entities.size(); ++row) rows_[dataset.entity_key(entities[row])].push_back({row});
  }

  std::uint32_t take(const ListedRow& listed) {
    const auto found = rows_.find(listed.entity);
    const auto pair = fmt::format("{} and {} '{}'", name_, entity_, printable(listed.entity));
    if (found == rows_.end())
      refuse(listed.place, fmt::format("the data set has no row of {}; list keys as they stand in the tables", pair));
    if (found->second.size() > 1)
      refuse(listed.place,
             fmt::format("the data set has {} rows of {}, and a listed one is to name one of them; ingest "
                         "with interactions.duplicates = latest, or leave it out",
                         found->second.size(), pair));
    auto& row = found->second.front();
    if (row.taken_at > 0)
      refuse(listed.place, fmt::format("{} stand on line {}, too; list each row once", pair, row.taken_at));
    row.taken_at = listed.place.line;
    return row.number;
  }

 private:
  struct Row {
    std::uint32_t number;
    std::int64_t taken_at = 0;  // line of the list; 0 means nowhere yet
  };
  std::string name_, entity_;
  std::unordered_map<std::string, std::vector<Row>> rows_;
};

// The episode of a listed task in a data set.
class EpisodeMaker {
 public:
  EpisodeMaker(const Dataset& dataset, const ListedTasks& listed)
      : dataset_(dataset), numbers_(listed.numbers_in(dataset)) {}

  TaskEpisode make(const ListedTask& listed) const {
    const auto task = number_of(listed);
    RowsByEntity rows(dataset_, task, name_of_task(listed));
    TaskEpisode episode{task};
    for (const auto& row : listed.rows)
      (row.judges ? episode.rows.query : episode.rows.support).push_back(rows.take(row));
    return episode;
  }

  std::string name_of_task(const ListedTask& listed) const {
    return fmt::format("{} '{}'", dataset_.schema().task, printable(listed.key));
  }

 private:
  std::int64_t number_of(const ListedTask& listed) const {
    const auto found = numbers_.find(listed.key);
    const auto& place = listed.rows.front().place;
    if (found == numbers_.end())
      refuse(place,
             fmt::format("the data set {} has no {}; list keys as they stand in the tables, of tasks that it has "
                         "not left out",
                         dataset_.folder().string(), name_of_task(listed)));
    if (dataset_.split(found->second) == Split::kTrain)
      refuse(place, fmt::format("{} is a training task, whose rows the model knows; leave it out, or ingest with it "
                                "among data.test",
                                name_of_task(listed)));
    return found->second;
  }

  const Dataset& dataset_;
  std::unordered_map<std::string, std::int64_t> numbers_;
};

}  // namespace

std::vector<TaskEpisode> listed_episodes(const Dataset& dataset, const std::filesystem::path& file) {
  const ListedTasks listed(file);
  const EpisodeMaker maker(dataset, listed);
  std::vector<TaskEpisode> episodes;
  for (const auto& task : listed.tasks()) {
    episodes.push_back(maker.make(task));
    if (episodes.back().rows.query.empty())
      refuse(task.rows.front().place,
             fmt::format("{} has no query row; list some that judge", maker.name_of_task(task)));
  }
  return episodes;
}

}  // namespace warmstart
