#include "data/ingest.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.h"
#include "base/pending_folder.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "data/dataset_writer.h"
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

// One ingest from start to end.  Stages are called in the order they stand here.
class Ingest {
 public:
  explicit Ingest(const IngestOptions& options)
      : options_(options),
        rejections_(options.on_error),
        by_user_(options.task == TaskSide::kUser),
        tasks_(by_user_ ? options.users : options.items, FieldOwner::kTask, options),
        entities_(by_user_ ? options.items : options.users, FieldOwner::kEntity, options),
        row_fields_(field_builders(options.interactions, FieldOwner::kRow, options)),
        split_(options),
        folder_(options.dataset) {
    key_.field.name = by_user_ ? options.item : options.user;
    check_name(key_.field.name);
    key_.min_count = options.min_count;
  }

  IngestReport run() {
    const Stopwatch stopwatch;
    tasks_.read(rejections_);
    entities_.read(rejections_);
    spill();
    split();
    count();
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
    std::vector<std::string> columns = {options_.user, options_.item, options_.label};
    if (!options_.time.empty()) columns.push_back(options_.time);
    const auto first_field = columns.size();
    for (const auto& field : row_fields_) columns.push_back(field->field.name);
    report_.rows_read = read_table(options_.interactions, columns, rejections_,
                                   [&](const TableRow& row) { spill_row(row, first_field, writer); });
    writer.close();
    spdlog::info("read {} interactions of {} {}s", report_.rows_read, entities_.keys().size(),
                 by_user_ ? "item" : "user");
  }

  void spill_row(const TableRow& row, std::size_t first_field, SpillWriter& writer) {
    for (std::size_t i = 0; i < first_field; ++i) {
      if (!row.cells[i]) throw BadRow("missing value", fmt::format("column '{}' is empty", column(i)));
    }
    Interaction interaction;
    interaction.label = label_in(*row.cells[2]);
    interaction.order = next_order_++;
    interaction.time =
        options_.time.empty() ? static_cast<double>(interaction.order) : time_in(options_.time, *row.cells[3]);
    const auto task_key = *row.cells[by_user_ ? 0 : 1];
    check_key(column(by_user_ ? 0 : 1), task_key);
    if (tasks_.has_table() && tasks_.number(task_key) == KeyNumbers::kAbsent) throw unknown(by_user_, task_key);
    const auto entity_key = *row.cells[by_user_ ? 1 : 0];
    check_key(column(by_user_ ? 1 : 0), entity_key);
    interaction.entity = entities_.number(entity_key);
    if (interaction.entity == KeyNumbers::kAbsent) throw unknown(!by_user_, entity_key);
    for (std::size_t i = 0; i < row_fields_.size(); ++i)
      interaction.cells.push_back(row_fields_[i]->parse(row.cells[first_field + i]));
    writer.add(task_key, interaction, row_fields_);
  }

  float label_in(std::string_view text) const {
    const auto label = number_in(options_.label, text);
    const auto min = options_.label_min.value_or(label), max = options_.label_max.value_or(label);
    if (label < min || label > max) {
      throw BadRow("label out of range",
                   fmt::format("column '{}': {} is outside [{}, {}]", options_.label, printable(text),
                               options_.label_min.value_or(-INFINITY), options_.label_max.value_or(INFINITY)));
    }
    return static_cast<float>(label);
  }

  const std::string& column(std::size_t cell) const {
    const std::string* names[] = {&options_.user, &options_.item, &options_.label, &options_.time};
    return *names[cell];
  }

  static BadRow unknown(bool user, std::string_view key) {
    const char* what = user ? "user" : "item";
    return {fmt::format("{0} that the {0} table lacks", what),
            fmt::format("{0} '{1}' is not in the {0} table", what, printable(key))};
  }

  SpilledShard read_shard(std::int64_t shard) const {
    return read_spill(spill_folder(), shard, row_fields_, entities_.keys().size(), options_.min_rows);
  }

  void split() {
    for (std::int64_t shard = 0; shard < options_.shards; ++shard) {
      const auto spilled = read_shard(shard);
      for (const auto& task : spilled.tasks) split_.add(task.key);
      rejections_.count("duplicate (task, entity) pair (the latest is kept)", spilled.duplicate_rows);
      rejections_.count("task under min-rows", spilled.short_task_rows);
    }
    split_.finish();
  }

  // Statistics are of the training tasks only: nothing of the test leaks into ids or scales.
  void count() {
    key_counts_.assign(entities_.keys().size(), 0);
    std::vector<bool> seen(entities_.keys().size(), false);
    for (std::int64_t shard = 0; shard < options_.shards; ++shard) {
      for (const auto& task : read_shard(shard).tasks) {
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
    if (training_rows_ == 0) {
      throw DataError(
          fmt::format("no training task is left after cleaning and splitting; lower data.min-rows or the shares of the "
                      "split, or mend the tables: {} rows read; {}",
                      report_.rows_read, rejections_.summary()));
    }
  }

  void finish_fields() {
    key_.vocabulary = Vocabulary(entities_.keys(), key_counts_, key_.min_count);
    key_.field.vocabulary_size = static_cast<std::int64_t>(key_.vocabulary.keys().size());
    key_.field.vocabulary_digest = key_.vocabulary.digest();
    schema_.task = by_user_ ? "user" : "item";
    schema_.entity = by_user_ ? "item" : "user";
    schema_.label = options_.label;
    schema_.label_min = options_.label_min.value_or(label_range_.min);
    schema_.label_max = options_.label_max.value_or(label_range_.max);
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
    for (std::int64_t shard = 0; shard < options_.shards; ++shard) writer.add_shard(read_shard(shard));
    writer.finish({{"rows_read", report_.rows_read},
                   {"label_mean", label_sum_ / static_cast<double>(training_rows_)},
                   {"left_out", rejections_.to_json()},
                   {"seed", options_.seed}});
    report_.tasks = writer.tasks();
    report_.rows = writer.rows();
  }

  const IngestOptions& options_;
  Rejections rejections_;
  bool by_user_;
  SideTable tasks_, entities_;
  FieldBuilders row_fields_;
  FieldBuilder key_;
  TaskSplit split_;
  PendingFolder folder_;
  Schema schema_;
  IngestReport report_;
  LabelRange label_range_;
  double label_sum_ = 0.0;
  std::int64_t training_rows_ = 0, next_order_ = 0;
  std::vector<std::int64_t> key_counts_;
};

}  // namespace

IngestReport ingest(const IngestOptions& options) {
  check(options);
  return Ingest(options).run();
}

}  // namespace warmstart
