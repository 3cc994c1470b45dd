#include "data/ingest.h"

#include <arrow/util/value_parsing.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/number.h"
#include "base/pending_folder.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "data/dataset_manifest.h"
#include "data/shard.h"
#include "data/side_table.h"
#include "data/spill.h"
#include "data/split.h"
#include "data/table_reader.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// Digits behind the decimal point of a time, as in 12:30:00.123456.
std::size_t fraction_digits(std::string_view text) {
  const auto point = text.find('.');
  if (point == std::string_view::npos) return 0;
  return std::min(text.find_first_not_of("0123456789", point + 1), text.size()) - point - 1;
}

// Seconds since 1970, from a number or from ISO 8601.  Throws BadRow.
double time_in(const std::string& column, std::string_view text) {
  if (const auto number = parse_number(text)) return *number;
  static const auto parser = arrow::TimestampParser::MakeISO8601();
  std::int64_t microseconds = 0;
  if ((*parser)(text.data(), text.size(), arrow::TimeUnit::MICRO, &microseconds))
    return static_cast<double>(microseconds) * 1e-6;
  if (fraction_digits(text) > 6) {
    throw BadRow("time finer than microseconds",
                 fmt::format("column '{}': '{}' has {} digits of a second; cast the column to microseconds or seconds",
                             column, printable(text), fraction_digits(text)));
  }
  throw BadRow("wrong type",
               fmt::format("column '{}': '{}' is not a number or an ISO 8601 time", column, printable(text)));
}

// Texts are stored padded to the longest: what that may cost beside what the texts themselves take.
constexpr std::size_t kMostPadding = 16;                           // times their size
constexpr std::size_t kPaddingThatIsFine = std::size_t{64} << 20;  // bytes

// Throws DataError when one long key would blow up the file.
void check_padding(const std::string& what, const std::vector<std::string>& keys) {
  std::size_t bytes = 0;
  std::string longest;
  for (const auto& key : keys) {
    bytes += key.size();
    if (key.size() > longest.size()) longest = key;
  }
  const auto padded = keys.size() * longest.size();
  if (padded <= std::max(kPaddingThatIsFine, kMostPadding * bytes)) return;
  throw DataError(fmt::format(
      "{}: all {} keys are stored as long as the longest, '{}' of {} bytes, which takes {:.0f} MB instead of {:.0f}; "
      "shorten it or leave it out",
      what, keys.size(), printable(longest, 40), longest.size(), static_cast<double>(padded) / 1e6,
      static_cast<double>(bytes) / 1e6));
}

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
    write_vocabularies();
    write_entities();
    for (std::int64_t shard = 0; shard < options_.shards; ++shard) write_one_shard(shard);
    write_tasks();
    write_manifest();
  }

  void write_vocabularies() {
    Hdf5Writer file(folder_.path() / "vocabulary.h5");
    const auto add = [&](const FieldBuilder& builder) {
      if (builder.field.kind == FieldKind::kDense) return;
      const auto name = fmt::format("{}/{}", name_of(builder.field.owner), builder.field.name);
      check_padding(fmt::format("column '{}'", builder.field.name), builder.vocabulary.keys());
      file.texts(name + "/key", builder.vocabulary.keys());
      file.array(name + "/count", builder.vocabulary.counts());
    };
    add(key_);
    for (const auto* fields : {&entities_.fields(), &row_fields_, &tasks_.fields()}) {
      for (const auto& field : *fields) add(*field);
    }
    file.close();
  }

  void write_entities() {
    std::vector<std::string> keys;
    EncodedColumn key_column(key_);
    std::vector<EncodedColumn> columns;
    for (const auto& field : entities_.fields()) columns.emplace_back(*field);
    for (std::uint32_t entity = 0; entity < entities_.keys().size(); ++entity) {
      keys.push_back(entities_.keys().key(entity));
      key_column.add({{entity}, 0.0f});
      for (std::size_t i = 0; i < columns.size(); ++i) columns[i].add(entities_.cells(entity)[i]);
    }
    check_padding(fmt::format("{}s", schema_.entity), keys);
    Hdf5Writer file(folder_.path() / "entities.h5");
    file.texts("key", keys);
    key_column.write(file, "field/" + key_.field.name);
    for (std::size_t i = 0; i < columns.size(); ++i)
      columns[i].write(file, "field/" + entities_.fields()[i]->field.name);
    file.close();
  }

  void write_one_shard(std::int64_t shard) {
    const auto spilled = read_shard(shard);
    const auto name = fmt::format("shard-{:05d}.h5", shard);
    std::vector<std::string> keys;
    for (const auto& task : spilled.tasks) keys.push_back(task.key);
    check_padding(fmt::format("{}s", schema_.task), keys);
    write_shard(folder_.path() / name, spilled, tasks_.has_table() ? &tasks_ : nullptr, row_fields_);
    std::int64_t rows = 0;
    for (const auto& task : spilled.tasks) {
      const auto split = split_.of(task.key);
      task_split_.push_back(static_cast<std::uint8_t>(split));
      task_rows_.push_back(static_cast<std::uint32_t>(task.rows.size()));
      task_counts_[static_cast<std::size_t>(split)] += 1;
      row_counts_[static_cast<std::size_t>(split)] += static_cast<std::int64_t>(task.rows.size());
      rows += static_cast<std::int64_t>(task.rows.size());
    }
    shard_first_.push_back(static_cast<std::int64_t>(task_rows_.size()));
    shards_.push_back({{"file", name}, {"tasks", spilled.tasks.size()}, {"rows", rows}});
    report_.rows += rows;
    report_.tasks += static_cast<std::int64_t>(spilled.tasks.size());
  }

  void write_tasks() {
    Hdf5Writer file(folder_.path() / "tasks.h5");
    file.array("rows", task_rows_);
    file.array("split", task_split_);
    file.array("shard_first", shard_first_);
    file.close();
  }

  void write_manifest() {
    nlohmann::json splits, files;
    for (int i = 0; i < kSplits; ++i) {
      splits[name_of(static_cast<Split>(i))] = {{"tasks", task_counts_[i]}, {"rows", row_counts_[i]}};
    }
    for (auto& shard : shards_) shard["xxh3"] = digest_file(folder_.path() / std::string(shard["file"]));
    for (const auto* name : {"vocabulary.h5", "entities.h5", "tasks.h5"})
      files[name] = digest_file(folder_.path() / name);
    const nlohmann::json manifest = {
        {"format", "warmstart-dataset"},
        {"version", kDatasetVersion},
        {"schema", to_json(schema_)},
        {"tasks", report_.tasks},
        {"rows", report_.rows},
        {"rows_read", report_.rows_read},
        {"entities", entities_.keys().size()},
        {"label_mean", label_sum_ / static_cast<double>(training_rows_)},
        {"splits", splits},
        {"left_out", rejections_.to_json()},
        {"shards", shards_},
        {"files", files},
        {"seed", options_.seed},
    };
    write_file(folder_.path() / "dataset.json",
               manifest.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
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
  std::vector<std::uint8_t> task_split_;
  std::vector<std::uint32_t> task_rows_;
  std::vector<std::int64_t> shard_first_ = {0};
  std::int64_t task_counts_[kSplits] = {}, row_counts_[kSplits] = {};
  nlohmann::json shards_ = nlohmann::json::array();
};

void check_shards(std::int64_t shards) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  // Each shard's temporary file is open while the interactions are read, beside the tables and what libraries hold.
  constexpr std::int64_t kOthers = 64;
  const auto most = static_cast<std::int64_t>(files.rlim_cur) - kOthers;
  require(shards <= most,
          fmt::format("data.shards = {}: at most {} with the {} files that this process may open (ulimit "
                      "-n)",
                      shards, most, files.rlim_cur));
}

// Two fields of one owner would be stored under one name.
void check_columns(const TableOptions& table, const std::string& key_field, std::set<std::string>& countable) {
  std::set<std::string> names = {key_field};
  for (const auto* columns : {&table.categorical, &table.multi, &table.dense}) {
    for (const auto& column : *columns) {
      require(names.insert(column).second,
              fmt::format("column '{}' is used twice for one table; name it once", printable(column)));
      if (columns != &table.dense) countable.insert(column);
    }
  }
}

void check_fields(const IngestOptions& options) {
  std::set<std::string> countable;
  check_columns(options.interactions, "", countable);
  check_columns(options.users, options.task == TaskSide::kUser ? "" : options.user, countable);
  check_columns(options.items, options.task == TaskSide::kUser ? options.item : "", countable);
  for (const auto& [column, count] : min_counts_of(options)) {
    require(countable.contains(column),
            fmt::format("data.min-counts: '{}' is no categorical or multi column", printable(column)));
  }
}

void check(const IngestOptions& options) {
  check_shards(options.shards);
  require(options.label_min.value_or(-INFINITY) <= options.label_max.value_or(INFINITY),
          "data.label-min is larger than data.label-max");
  require(!options.interactions.files.empty(), "interactions.files is not set: name the table of interactions");
  require(!options.user.empty() && !options.item.empty() && !options.label.empty(),
          "interactions.user, interactions.item and interactions.label must name columns");
  require(options.user != options.item, "interactions.user and interactions.item name the same column");
  require(options.users.files.empty() || !options.users.key.empty(),
          "users.key must name the column of the user's key");
  require(options.items.files.empty() || !options.items.key.empty(),
          "items.key must name the column of the item's key");
  check_fields(options);
}

}  // namespace

IngestReport ingest(const IngestOptions& options) {
  check(options);
  return Ingest(options).run();
}

}  // namespace warmstart
