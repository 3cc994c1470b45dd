#include "data/last_version.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/dataset_version.h"
#include "data/table_reader.h"

namespace warmstart {
namespace {

// What an unknown key was is not stored: it is this one, which no table holds and no vocabulary takes in.
constexpr std::string_view kUnknownKey;

void give_to(FieldBuilder& builder, const Field& field, const Dataset& dataset, bool renews_statistics) {
  if (field.kind == FieldKind::kDense) {
    builder.field.mean = field.mean;
    builder.field.deviation = field.deviation;
    builder.is_fixed = !renews_statistics;
    return;
  }
  for (std::int64_t id = 1; id <= field.vocabulary_size; ++id)
    builder.earlier.push_back(builder.keys.add(dataset.vocabulary_key(field, id)));
  if (!renews_statistics) {
    const auto counts = dataset.vocabulary_counts(field);
    builder.earlier_counts.assign(counts.begin(), counts.end());
  }
  builder.keys.add(kUnknownKey);
  builder.field.earlier = field.earlier;
  builder.field.earlier.push_back({field.vocabulary_size, field.vocabulary_digest});
}

// The same of what knows entities or users, who have their numbers already.
void give_key(FieldBuilder& builder, const Field& field, const KeyNumbers& keys, const Dataset& dataset) {
  builder.field.earlier = field.earlier;
  builder.field.earlier.push_back({field.vocabulary_size, field.vocabulary_digest});
  for (std::int64_t id = 1; id <= field.vocabulary_size; ++id)
    builder.earlier.push_back(keys.find(dataset.vocabulary_key(field, id)));
}

// As it came from a table, or NaN.
double number_of(const StoredColumn& column, const Field& field, std::size_t index) {
  if (is_missing(column.dense(index))) return std::numeric_limits<double>::quiet_NaN();
  return field.mean + field.deviation * static_cast<double>(column.dense(index));
}

// As the cell came from a table.
Cell cell_of(const StoredColumn& column, FieldBuilder& builder, std::size_t index) {
  Cell cell;
  if (builder.field.kind == FieldKind::kDense) {
    cell.value = number_of(column, builder.field, index);
    if (!builder.is_fixed) builder.note(cell.value);
    return cell;
  }
  const auto unknown = builder.keys.find(kUnknownKey);
  for (const auto id : column.ids(index)) cell.keys.push_back(id == 0 ? unknown : id - 1);
  return cell;
}

// Labels that several rows have made, or a threshold, cannot be added to.
void check_labels_add_up(const IngestOptions& options) {
  require(options.duplicates != Duplicates::kMean,
          "data.append: a mean of labels cannot take in more of them, since their number is not stored; ingest all "
          "tables again, into another data.dataset");
  const bool adds_up = options.duplicates == Duplicates::kSum || options.duplicates == Duplicates::kCount;
  require(!adds_up || options.transform.kind != LabelTransform::Kind::kThreshold,
          "data.append: labels behind a threshold cannot be added to; ingest all tables again, into another "
          "data.dataset");
}

// Some file systems have no hard links.
void link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code refused;
  std::filesystem::create_hard_link(from, to, refused);
  if (!refused) return;
  std::filesystem::copy_file(from, to, refused);
  if (refused) throw EnvironmentError(fmt::format("{}: cannot be copied: {}", to.string(), refused.message()));
  sync(to);
}

class StoredVersion : public LastVersion {
 public:
  explicit StoredVersion(const IngestOptions& options);

  IngestOptions for_new_rows(const IngestOptions& options) const override;
  std::filesystem::path next_folder(const IngestOptions& options) const override {
    return next_version(options.dataset).folder;
  }
  std::int64_t rows_read() const override { return rows_read_; }
  std::int64_t shards() const override { return dataset_.shards(); }
  std::int64_t tasks(std::int64_t shard) const override {
    return dataset_.first_task(static_cast<std::size_t>(shard) + 1) -
           dataset_.first_task(static_cast<std::size_t>(shard));
  }
  bool renews_statistics() const override { return options_.statistics == Statistics::kRenewed; }
  void give(IngestTables& tables) const override;
  EarlierRowCounts row_counts() const override;
  ShardStatistics training_rows() const override;
  void spill(std::int64_t shard, RowSink& sink, IngestTables& tables, TaskSplit& split) const override;
  void finish(TaskSplit& split, IngestRanks& /*ranks*/) const override { split.finish_one_by_one(); }
  WrittenShard link(std::int64_t shard, const std::filesystem::path& folder) const override;
  void check_is_more(const std::vector<WrittenShard>& shards) const override;
  nlohmann::json facts() const override;

 private:
  void check_split_time() const;
  void check_not_appended_yet() const;
  void check_users() const;
  void check_fields(const IngestTables& tables) const;
  void give_entities(IngestTables& tables) const;
  void give_users(IngestTables& tables) const;
  void take_back(std::int64_t task, IngestTables& tables) const;
  void spill_tasks(const Shard& shard, RowSink& sink, IngestTables& tables) const;
  std::vector<StoredColumn> columns_in_rows(const Shard& shard) const;
  static std::vector<Cell> cells_of(std::span<const StoredColumn> columns, const FieldBuilders& fields,
                                    std::size_t index);

  const IngestOptions& options_;
  DatasetVersion version_;
  Dataset dataset_;
  std::int64_t rows_read_;
  nlohmann::json appended_;  // files and digests, of this version and the next
};

StoredVersion::StoredVersion(const IngestOptions& options)
    : options_(options),
      version_(newest_version(options.dataset)),
      dataset_(version_.folder, true),
      rows_read_(integer_at(dataset_.manifest(), "rows_read")),
      appended_(dataset_.manifest().value("appended", nlohmann::json::array())) {
  require(options.derived.empty(),
          "data.append: interactions.derived counts rows that a data set does not hold; ingest all tables again, into "
          "another data.dataset");
  check_labels_add_up(options);
  check_users();
  check_split_time();
  check_not_appended_yet();
}

IngestOptions StoredVersion::for_new_rows(const IngestOptions& options) const {
  auto made = options;
  made.interactions.files = options.append;
  made.shards = shards();
  // A count goes on as the sum of what it is and of new rows of 1.
  if (options.duplicates == Duplicates::kCount) {
    made.duplicates = Duplicates::kSum;
    made.label.clear();
  }
  return made;
}

void StoredVersion::check_split_time() const {
  const auto own = dataset_.split_time();
  if (own.value_or(INFINITY) == options_.split_time.seconds) return;
  throw UsageError(fmt::format("data.split-time = {}, and {} was split {}; append with the configuration that made it",
                               printable(options_.split_time.text), version_.folder.string(),
                               own ? fmt::format("at {}", *own) : "by task alone"));
}

// Rows of earlier releases hold what is known of their users, but not who those are that have no id.
void StoredVersion::check_users() const {
  require(dataset_.schema().task != "scenario" || dataset_.has_users(),
          fmt::format("data.append: {} is of an earlier release, where each row held its user's fields; ingest all "
                      "tables again, into another data.dataset, which models that were trained on this one fit",
                      version_.folder.string()));
}

void StoredVersion::check_not_appended_yet() const {
  for (const auto& file : expand_files(options_.append)) {
    const auto digest = digest_file(file);
    for (const auto& earlier : appended_) {
      if (text_at(earlier, "xxh3") != digest) continue;
      throw DataError(fmt::format("{}: was appended already, as {} in version {}; name new rows alone", file,
                                  text_at(earlier, "file"), integer_at(earlier, "version")));
    }
  }
}

void StoredVersion::give(IngestTables& tables) const {
  check_fields(tables);
  const auto& fields = dataset_.schema().fields;
  const auto builders = tables.fields();
  for (std::size_t i = 0; i < builders.size(); ++i) {
    if (builders[i] != tables.user_key) give_to(*builders[i], fields[i + 1], dataset_, renews_statistics());
  }
  give_entities(tables);
  if (tables.has_users()) give_users(tables);
}

void StoredVersion::check_fields(const IngestTables& tables) const {
  const auto& fields = dataset_.schema().fields;
  const auto builders = tables.fields(), of_users = tables.user_fields();
  if (fields.size() != builders.size() + 1)
    throw DataError(
        fmt::format("{}: has {} fields, and the configuration names {}; append with the configuration that "
                    "made it",
                    version_.folder.string(), fields.size(), builders.size() + 1));
  for (std::size_t i = 0; i < builders.size(); ++i) {
    const auto &own = builders[i]->field, &stored = fields[i + 1];
    if (own.name != stored.name || own.kind != stored.kind || own.owner != stored.owner)
      throw DataError(
          fmt::format("{}: its field {} is '{}', and the configuration names '{}' there; append with the "
                      "configuration that made it",
                      version_.folder.string(), i + 2, stored.name, own.name));
    const bool is_of_user = std::find(of_users.begin(), of_users.end(), builders[i]) != of_users.end();
    if (is_of_user != dataset_.users().fields.contains(stored.name) && own.owner == FieldOwner::kRow)
      throw DataError(
          fmt::format("{}: its field '{}' is {}, and the configuration has it in another table; append with the "
                      "configuration that made it",
                      version_.folder.string(), stored.name, is_of_user ? "a row's own" : "the users'"));
  }
}

void StoredVersion::give_entities(IngestTables& tables) const {
  // The first of them is the key.
  const auto columns = std::span(dataset_.entity_fields()).subspan(1);
  for (std::int64_t entity = 0; entity < dataset_.entities(); ++entity)
    tables.entities.inherit(dataset_.entity_key(entity),
                            cells_of(columns, tables.entities.fields(), static_cast<std::size_t>(entity)));
  give_key(tables.key, dataset_.schema().fields[0], tables.entities.keys(), dataset_);
}

void StoredVersion::give_users(IngestTables& tables) const {
  const auto& users = dataset_.users();
  std::vector<StoredColumn> columns;
  for (const auto& field : tables.users.fields()) columns.push_back(users.fields.at(field->field.name));
  for (std::size_t user = 0; user < users.count; ++user)
    tables.users.inherit(dataset_.user_key(user), cells_of(columns, tables.users.fields(), user));
  const auto row_fields = dataset_.schema().fields_of(FieldOwner::kRow);
  give_key(*tables.user_key, *row_fields.front(), tables.users.keys(), dataset_);
}

EarlierRowCounts StoredVersion::row_counts() const {
  if (renews_statistics()) return {};
  EarlierRowCounts counts = {dataset_.training_rows(), {}};
  if (!dataset_.has_users()) return counts;
  const auto of_users = dataset_.users_training_rows();
  counts.of_users.assign(of_users.begin(), of_users.end());
  return counts;
}

void StoredVersion::spill(std::int64_t shard, RowSink& sink, IngestTables& tables, TaskSplit& split) const {
  const auto first = dataset_.first_task(static_cast<std::size_t>(shard));
  const auto end = dataset_.first_task(static_cast<std::size_t>(shard) + 1);
  for (auto task = first; task < end; ++task) split.keep(dataset_.task(task).key(), dataset_.split(task));
  for (auto task = first; task < end; ++task) take_back(task, tables);
  if (first < end) spill_tasks(*dataset_.task(first).shard, sink, tables);
  if (const auto short_tasks = dataset_.short_tasks(static_cast<std::size_t>(shard)))
    spill_tasks(*short_tasks, sink, tables);
}

// What a training task's fields have been counted as, before a table says something else of it.
void StoredVersion::take_back(std::int64_t task, IngestTables& tables) const {
  if (renews_statistics() || dataset_.split(task) != Split::kTrain) return;
  const auto view = dataset_.task(task);
  auto& fields = tables.tasks.fields();
  const auto cells = cells_of(view.shard->task_fields(), fields, view.index);
  Moments none;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    CellColumn column(fields[i]->field.kind);
    column.add(cells[i]);
    fields[i]->count(column, 0, 1, none, -1);
  }
}

void StoredVersion::spill_tasks(const Shard& shard, RowSink& sink, IngestTables& tables) const {
  std::int64_t position = 0;
  const auto columns = columns_in_rows(shard);
  for (std::size_t task = 0; task < shard.tasks(); ++task) {
    const auto key = shard.key(task);
    if (tables.tasks.has_table()) tables.tasks.inherit(key, cells_of(shard.task_fields(), tables.tasks.fields(), task));
    const auto rows = shard.rows(task);
    for (std::size_t i = 0; i < rows.label.size(); ++i) {
      Interaction row;
      row.entity = rows.entity[i];
      row.label = options_.transform.inverse(rows.label[i]);
      row.time = rows.time[i];
      // Without times a row's position stands for it.
      row.order =
          options_.time.empty() ? static_cast<std::int64_t>(std::clamp(rows.time[i], 0.0, kLargestNumber)) : position++;
      row.cells = cells_of(columns, tables.row_fields, rows.first + i);
      if (dataset_.has_users()) row.user = shard.users()[rows.first + i];
      sink.add(key, row, tables.row_fields);
    }
  }
}

// Those of row fields that are not the users'.
std::vector<StoredColumn> StoredVersion::columns_in_rows(const Shard& shard) const {
  std::vector<StoredColumn> columns;
  const auto fields = dataset_.schema().fields_of(FieldOwner::kRow);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!dataset_.users().fields.contains(fields[i]->name)) columns.push_back(shard.row_fields()[i]);
  }
  return columns;
}

std::vector<Cell> StoredVersion::cells_of(std::span<const StoredColumn> columns, const FieldBuilders& fields,
                                          std::size_t index) {
  std::vector<Cell> cells;
  cells.reserve(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) cells.push_back(cell_of(columns[i], *fields[i], index));
  return cells;
}

ShardStatistics StoredVersion::training_rows() const {
  ShardStatistics all;
  if (renews_statistics()) return all;
  all.rows = integer_at(dataset_.manifest()["splits"]["train"], "rows");
  all.label_sum = dataset_.label_mean() * static_cast<double>(all.rows);
  all.label_min = dataset_.schema().label_min;
  all.label_max = dataset_.schema().label_max;
  return all;
}

WrittenShard StoredVersion::link(std::int64_t shard, const std::filesystem::path& folder) const {
  const auto index = static_cast<std::size_t>(shard);
  const auto& entry = dataset_.shard_entry(index);
  WrittenShard linked;
  linked.file = entry.file;
  linked.digest = entry.digest;
  linked.short_file = entry.short_file;
  linked.short_digest = entry.short_digest;
  for (const auto& file : {entry.file, entry.short_file}) {
    if (!file.empty()) link_or_copy(version_.folder / file, folder / file);
  }
  for (auto task = dataset_.first_task(index); task < dataset_.first_task(index + 1); ++task) {
    linked.rows.push_back(dataset_.row_count(task));
    linked.splits.push_back(static_cast<std::uint8_t>(dataset_.split(task)));
  }
  return linked;
}

void StoredVersion::check_is_more(const std::vector<WrittenShard>& shards) const {
  if (renews_statistics()) return;
  for (std::size_t shard = 0; shard < shards.size(); ++shard) {
    const auto& own = dataset_.shard_entry(shard);
    if (shards[shard].digest != own.digest || shards[shard].short_digest != own.short_digest) return;
  }
  throw DataError(
      fmt::format("data.append: {} holds all of these rows already; name new rows", version_.folder.string()));
}

nlohmann::json StoredVersion::facts() const {
  auto appended = appended_;
  const auto number = version_.number + 1;
  for (const auto& file : expand_files(options_.append))
    appended.push_back(nlohmann::json{{"file", file}, {"xxh3", digest_file(file)}, {"version", number}});
  return {{"data_version", number},
          {"statistics", options_.statistics},
          {"appended", appended},
          {"extends", {{"folder", version_.folder.filename().string()}, {"digest", dataset_.digest()}}}};
}

}  // namespace

std::unique_ptr<LastVersion> last_version(const IngestOptions& options) {
  if (options.append.empty()) return std::make_unique<LastVersion>();
  return std::make_unique<StoredVersion>(options);
}

}  // namespace warmstart
