#include "data/ingest.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <span>
#include <tuple>

#include "base/errors.h"
#include "base/option_value.h"
#include "base/pending_folder.h"
#include "base/plural.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "data/dataset_writer.h"
#include "data/row_cells.h"
#include "data/side_table.h"
#include "data/spill.h"
#include "data/split.h"
#include "data/table_reader.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

struct LabelRange {
  double min = std::numeric_limits<double>::infinity(), max = -min;
  void include(double label) {
    min = std::min(min, label);
    max = std::max(max, label);
  }
};

// Of rows with one (task, entity).
const char* kept_of(Duplicates duplicates) {
  switch (duplicates) {
    case Duplicates::kSum:
      return "the latest is kept, with the sum of the labels";
    case Duplicates::kCount:
      return "the latest is kept, with the number of rows as its label";
    case Duplicates::kMean:
      return "the latest is kept, with the mean of the labels";
    default:
      return "the latest is kept";
  }
}

const TableOptions& no_table() {
  static const TableOptions table;
  return table;
}

const std::string& task_column(const IngestOptions& options) {
  switch (options.task) {
    case TaskSide::kClass:
      return options.class_column;
    case TaskSide::kScenario:
      return options.scenario;
    case TaskSide::kItem:
      return options.item;
    default:
      return options.user;
  }
}

const TableOptions& task_table(const IngestOptions& options) {
  if (options.task == TaskSide::kScenario) return options.scenarios;
  return options.task == TaskSide::kItem ? options.items : options.users;
}

// Rows of scenarios have their user's key, the first of their fields.
TableOptions row_table(const IngestOptions& options) {
  auto table = options.interactions;
  if (options.task == TaskSide::kScenario) table.categorical.insert(table.categorical.begin(), options.user);
  return table;
}

// One ingest from start to end.  Stages are called in the order they stand here.
class Ingest {
 public:
  explicit Ingest(const IngestOptions& options)
      : options_(options),
        rejections_(options.on_error),
        of_classes_(options.task == TaskSide::kClass),
        of_items_(options.task == TaskSide::kItem),
        of_scenarios_(options.task == TaskSide::kScenario),
        task_column_(task_column(options)),
        entity_column_(of_items_ ? options.user : options.item),
        tasks_(task_table(options), FieldOwner::kTask, options),
        entities_(of_items_ ? options.users : options.items, FieldOwner::kEntity, options),
        row_users_(of_scenarios_ ? options.users : no_table(), FieldOwner::kRow, options),
        row_fields_(field_builders(row_table(options), FieldOwner::kRow, options)),
        columns_of_row_(row_fields_.size()),
        split_(options),
        folder_(options.dataset) {
    key_.field.name = entity_column_;
    check_name(key_.field.name);
    // An example that was trained on says nothing of new classes by its key.
    key_.min_count = of_classes_ ? std::numeric_limits<std::int64_t>::max() : options.min_count;
    schema_.task = nlohmann::json(options.task).get<std::string>();
    schema_.entity = of_items_ ? "user" : "item";
    schema_.label = of_classes_ ? options.class_column : options.label;
    if (options.duplicates == Duplicates::kCount) schema_.label = "count";
    cells_ = {task_column_, entity_column_};
    if (!options.label.empty()) cells_.push_back(options.label);
    if (!options.time.empty()) cells_.push_back(options.time);
  }

  IngestReport run() {
    const Stopwatch stopwatch;
    if (has_positives_alone()) spdlog::info("interactions.label names no column: every row is a positive, of label 1");
    tasks_.read(rejections_);
    entities_.read(rejections_);
    row_users_.read(rejections_);
    std::move(row_users_.fields().begin(), row_users_.fields().end(), std::back_inserter(row_fields_));
    spill();
    split();
    count();
    finish_labels();
    finish_fields();
    write();
    fs::remove_all(spill_folder());
    folder_.commit();
    report_.seconds = stopwatch.seconds();
    return report_;
  }

 private:
  fs::path spill_folder() const { return folder_.path() / "spill"; }

  void spill() {
    fs::create_directory(spill_folder());
    SpillWriter writer(spill_folder(), options_.shards);
    auto columns = cells_;
    for (const auto& field : fields_in_row()) columns.push_back(field->field.name);
    report_.rows_read =
        read_table(options_.interactions, columns, rejections_, [&](const TableRow& row) { spill_row(row, writer); });
    writer.close();
    check_split_time();
    spdlog::info("read {} interactions of {}", report_.rows_read,
                 counted(static_cast<std::int64_t>(entities_.keys().size()), schema_.entity));
  }

  // Each side of the time has rows, where there are any.
  void check_split_time() const {
    const auto& [text, seconds] = options_.split_time;
    const bool is_between = earliest_ < seconds && seconds <= latest_;
    if (!options_.split_time.is_set() || is_between || earliest_ > latest_) return;
    throw DataError(
        fmt::format("data.split-time = {} ({}) leaves no row {}: column '{}' goes from {} to {}; choose a time between",
                    text, seconds, seconds > latest_ ? "from it on" : "before it", options_.time, earliest_, latest_));
  }

  void spill_row(const TableRow& row, SpillWriter& writer) {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (!row.cells[i]) throw BadRow("missing value", fmt::format("column '{}' is empty", cells_[i]));
    }
    if (of_scenarios_ && !row.cells[cells_.size()])
      throw BadRow("missing value", fmt::format("column '{}' is empty", options_.user));
    Interaction interaction;
    interaction.label = label_of(row);
    interaction.order = next_order_++;
    interaction.time = options_.time.empty() ? static_cast<double>(interaction.order)
                                             : time_in(options_.time, *row.cells[cells_.size() - 1]);
    const auto task_key = *row.cells[0], entity_key = *row.cells[1];
    check_key(task_column_, task_key);
    if (!tasks_.takes(task_key)) throw unknown(schema_.task, task_key);
    check_key(entity_column_, entity_key);
    if (!entities_.takes(entity_key)) throw unknown(schema_.entity, entity_key);
    interaction.cells = parse_cells(fields_in_row(), row, cells_.size());
    if (row_users_.has_table()) join_user(row, interaction.cells);
    // From here on the row is a good one: keys that come with it are those of an interaction.
    interaction.entity = entities_.number(entity_key);
    earliest_ = std::min(earliest_, interaction.time);
    latest_ = std::max(latest_, interaction.time);
    if (entities_.lacks(interaction.entity)) ++rows_without_entity_;
    if (tasks_.has_table() && tasks_.lacks(tasks_.number(task_key))) ++rows_without_task_;
    writer.add(task_key, interaction, row_fields_);
  }

  // Row fields that are columns of the interactions, those of the table of users stand behind.
  std::span<const std::unique_ptr<FieldBuilder>> fields_in_row() const {
    return std::span(row_fields_).first(columns_of_row_);
  }

  // Of a scenario's row: what is known of its user, whose key is the first of the row's fields.
  void join_user(const TableRow& row, std::vector<Cell>& cells) {
    const auto key = *row.cells[cells_.size()];
    if (!row_users_.takes(key)) throw unknown("user", key);
    const auto number = row_users_.number(key);
    if (row_users_.lacks(number)) ++rows_without_user_;
    const auto& of_user = row_users_.cells(number);
    cells.insert(cells.end(), of_user.begin(), of_user.end());
  }

  // What left joins have kept: by the noun, the interactions, and the keys that they are of.
  nlohmann::json without_table_row() const {
    auto json = nlohmann::json::object();
    for (const auto& [noun, rows, table] : {std::tuple(schema_.task, rows_without_task_, &tasks_),
                                            {schema_.entity, rows_without_entity_, &entities_},
                                            {"user", rows_without_user_, &row_users_}}) {
      if (rows > 0) json[noun] = {{"rows", rows}, {"keys", table->keys_without_row()}};
    }
    return json;
  }

  double label_of(const TableRow& row) const {
    if (of_classes_) return 0.0;
    return options_.label.empty() ? 1.0 : label_in(*row.cells[2]);
  }

  double label_in(std::string_view text) const {
    const auto label = number_in(options_.label, text);
    const auto min = options_.label_min.value_or(label), max = options_.label_max.value_or(label);
    if (label < min || label > max) {
      throw BadRow("label out of range",
                   fmt::format("column '{}': {} is outside [{}, {}]", options_.label, printable(text),
                               options_.label_min.value_or(-INFINITY), options_.label_max.value_or(INFINITY)));
    }
    return label;
  }

  static BadRow unknown(const std::string& what, std::string_view key) {
    return {fmt::format("{0} that the {0} table lacks", what),
            fmt::format("{0} '{1}' is not in the {0} table", what, printable(key))};
  }

  SpilledShard read_shard(std::int64_t shard, const EndOfTask& end_of) const {
    return read_spill(spill_folder(), shard, row_fields_, entities_.keys().size(), options_, end_of);
  }
  SpilledShard read_whole_shard(std::int64_t shard) const {
    return read_shard(shard, [](const auto&) { return INFINITY; });
  }
  // What is stored, once the tasks are split.
  SpilledShard read_split_shard(std::int64_t shard) const {
    return read_shard(shard, [&](const auto& task) {
      return split_.of(task) == Split::kTrain ? options_.split_time.seconds : INFINITY;
    });
  }

  // Tasks are split by all of their rows: which of them are training tasks is not known before.
  void split() {
    for (std::int64_t shard = 0; shard < options_.shards; ++shard) {
      for (const auto& task : read_whole_shard(shard).tasks) {
        split_.add(task.key);
        ++task_count_;
      }
    }
    // Before the split looks for the tasks that it lists.
    if (task_count_ == 0) refuse_for_lack_of_tasks();
    split_.finish();
  }

  [[noreturn]] void refuse_for_lack_of_tasks() {
    for (std::int64_t shard = 0; shard < options_.shards; ++shard) note_left_out(read_whole_shard(shard));
    refuse_for_lack_of("task", "lower data.min-rows");
  }

  void note_left_out(const SpilledShard& shard) {
    rejections_.count("row of a training task from data.split-time on", shard.late_rows);
    rejections_.count(fmt::format("duplicate (task, entity) pair ({})", kept_of(options_.duplicates)),
                      shard.duplicate_rows);
    for (const auto& row : shard.unusable) reject(row);
    rejections_.count("task under min-rows", shard.short_task_rows);
  }

  void reject(const UnusableLabel& row) {
    const auto where = fmt::format("{} '{}', {} '{}'", schema_.task, printable(row.task), schema_.entity,
                                   printable(entities_.keys().key(row.entity)));
    if (std::abs(row.label) > kLargestNumber) {
      rejections_.add(where,
                      {"number too large",
                       fmt::format("interactions.duplicates = {} makes {} of its labels, beyond {:.0e}, the largest "
                                   "number that can be learned from; rescale them",
                                   to_text(options_.duplicates), row.label, kLargestNumber)});
    } else {
      rejections_.add(where,
                      {"label that log1p has no number for",
                       fmt::format("its label is {}, and interactions.transform = log1p takes labels above -1; take "
                                   "clip or threshold, or set data.label-min = 0",
                                   row.label)});
    }
  }

  // Statistics are of the training tasks only: nothing of the test leaks into ids or scales.
  void count() {
    key_counts_.assign(entities_.keys().size(), 0);
    std::vector<bool> seen(entities_.keys().size(), false);
    for (std::int64_t shard = 0; shard < options_.shards; ++shard) {
      const auto spilled = read_split_shard(shard);
      note_left_out(spilled);
      for (const auto& task : spilled.tasks) {
        if (split_.of(task.key) != Split::kTrain) continue;
        if (tasks_.has_table()) tasks_.count(tasks_.keys().find(task.key));
        for (const auto& row : task.rows) {
          ++key_counts_[row.entity];
          if (!seen[row.entity]) entities_.count(row.entity);
          seen[row.entity] = true;
          for (std::size_t i = 0; i < row_fields_.size(); ++i) row_fields_[i]->count(row.cells[i]);
          label_range_.include(row.label);
          label_sum_ += row.label;
          ++training_rows_;
        }
      }
    }
    if (training_rows_ == 0) refuse_for_lack_of("training task", no_training_remedy());
  }

  const char* no_training_remedy() const {
    return options_.split_time.is_set()
               ? "set a later data.split-time, or lower data.min-rows or the shares of the split"
               : "lower data.min-rows or the shares of the split";
  }

  [[noreturn]] void refuse_for_lack_of(const char* what, const char* remedy) const {
    throw DataError(fmt::format("no {} is left after cleaning and splitting; {}, or mend the tables: {} rows read; {}",
                                what, remedy, report_.rows_read, rejections_.summary()));
  }

  void finish_labels() {
    // Positives alone would leave nothing that a prediction can be but 1.
    if (has_positives_alone()) label_range_.include(0.0);
    if (of_classes_) label_range_.include(static_cast<double>(task_count_ - 1));
    if (options_.transform.kind == LabelTransform::Kind::kThreshold) label_range_ = {0.0, 1.0};
    schema_.label_min = stored_bound(options_.label_min).value_or(label_range_.min);
    schema_.label_max = stored_bound(options_.label_max).value_or(label_range_.max);
  }

  bool has_positives_alone() const {
    return !of_classes_ && options_.label.empty() && options_.duplicates != Duplicates::kCount;
  }

  // A bound of the labels in the table, as a bound of those that are stored; none where it says nothing of them: sums
  // and counts leave it behind.
  std::optional<double> stored_bound(std::optional<double> bound) const {
    const bool adds_up = options_.duplicates == Duplicates::kSum || options_.duplicates == Duplicates::kCount;
    if (!bound || of_classes_ || adds_up || options_.transform.kind == LabelTransform::Kind::kThreshold)
      return std::nullopt;
    const auto stored = options_.transform(*bound);
    return std::isfinite(stored) ? std::optional(stored) : std::nullopt;
  }

  void finish_fields() {
    key_.vocabulary = Vocabulary(entities_.keys(), key_counts_, key_.min_count);
    key_.field.vocabulary_size = static_cast<std::int64_t>(key_.vocabulary.keys().size());
    key_.field.vocabulary_digest = key_.vocabulary.digest();
    schema_.fields.push_back(key_.field);
    for (auto* fields : {&entities_.fields(), &row_fields_, &tasks_.fields()}) {
      for (auto& field : *fields) {
        field->finish();
        schema_.fields.push_back(field->field);
      }
    }
  }

  void write() {
    DatasetWriter writer(folder_.path(), {schema_, key_, entities_, tasks_, row_fields_, split_});
    writer.write_vocabularies();
    writer.write_entities();
    for (std::int64_t shard = 0; shard < options_.shards; ++shard) writer.add_shard(read_split_shard(shard));
    writer.finish(facts());
    report_.tasks = writer.tasks();
    report_.rows = writer.rows();
  }

  nlohmann::json facts() const {
    nlohmann::json facts = {{"rows_read", report_.rows_read},
                            {"label_mean", label_sum_ / static_cast<double>(training_rows_)},
                            {"left_out", rejections_.to_json()},
                            {"without_table_row", without_table_row()},
                            {"seed", options_.seed}};
    if (options_.split_time.is_set()) facts["split_time"] = options_.split_time.seconds;
    return facts;
  }

  const IngestOptions& options_;
  Rejections rejections_;
  bool of_classes_, of_items_, of_scenarios_;
  std::string task_column_, entity_column_;
  std::vector<std::string> cells_;  // the columns of a row that are no fields
  SideTable tasks_, entities_;
  SideTable row_users_;  // of scenarios, whose rows have users of their own
  FieldBuilders row_fields_;
  std::size_t columns_of_row_;
  FieldBuilder key_;
  TaskSplit split_;
  PendingFolder folder_;
  Schema schema_;
  IngestReport report_;
  LabelRange label_range_;
  double label_sum_ = 0.0;
  double earliest_ = INFINITY, latest_ = -INFINITY;  // times of good rows
  std::int64_t rows_without_task_ = 0, rows_without_entity_ = 0, rows_without_user_ = 0;
  std::int64_t training_rows_ = 0, next_order_ = 0, task_count_ = 0;
  std::vector<std::int64_t> key_counts_;
};

}  // namespace

IngestReport ingest(const IngestOptions& options) {
  check(options);
  return Ingest(options).run();
}

}  // namespace warmstart
