#include "data/ingest.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/errors.h"
#include "base/option_value.h"
#include "base/pending_folder.h"
#include "base/plural.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "data/clean_shard.h"
#include "data/dataset_writer.h"
#include "data/file_parts.h"
#include "data/ingest_tables.h"
#include "data/interaction_reader.h"
#include "data/label_range.h"
#include "data/spill.h"
#include "data/task_split.h"
#include "data/training_statistics.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

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

struct RankRead {
  InteractionCounts counts;
  nlohmann::json left_out;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RankRead, counts, left_out)

struct CountedShard {
  ShardStatistics statistics;
  nlohmann::json left_out;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CountedShard, statistics, left_out)

// One ingest from start to end.  Stages are called in the order they stand here; those that are not collective are run
// within agree().
class Ingest {
 public:
  Ingest(const IngestOptions& options, IngestRanks& ranks)
      : options_(options),
        ranks_(ranks),
        rejections_(options.on_error),
        tables_(options),
        split_(options),
        pending_(PendingFolder::path_for(options.dataset)),
        spill_folder_(pending_ / "spill") {
    schema_.task = nlohmann::json(options.task).get<std::string>();
    schema_.entity = entity_noun(options);
    schema_.label = options.task == TaskSide::kClass ? options.class_column : options.label;
    if (options.duplicates == Duplicates::kCount) schema_.label = "count";
  }

  IngestReport run() {
    const Stopwatch stopwatch;
    ranks_.agree([&] { start(); });
    ranks_.agree([&] { tables_.read(rejections_); });
    spill();
    check_interactions();
    unite_keys();
    split();
    count();
    ranks_.agree([&] { finish_schema(); });
    write();
    report_.seconds = stopwatch.seconds();
    return report_;
  }

 private:
  bool is_first() const { return ranks_.rank() == 0; }

  void start() {
    if (has_positives_alone(options_))
      spdlog::info("interactions.label names no column: every row is a positive, of label 1");
    if (!is_first()) return;
    folder_.emplace(options_.dataset);
    fs::create_directory(spill_folder_);
  }

  void spill() {
    const auto parts = own_parts(options_.interactions, ranks_);
    // Of tables that all ranks have read the first one tells.
    if (!is_first()) rejections_ = Rejections(options_.on_error);
    RankRead own;
    ranks_.agree([&] {
      SpillWriter writer(spill_folder_, options_.shards, ranks_.rank());
      own.counts = InteractionReader(options_, tables_, rejections_).read(parts, writer);
      writer.close();
      own.left_out = rejections_.to_json();
    });
    add_up(ranks_.gather(own));
  }

  void add_up(const std::vector<nlohmann::json>& of_ranks) {
    rejections_ = Rejections(options_.on_error);
    interactions_.smallest.assign(tables_.row_fields.size(), INFINITY);
    interactions_.largest.assign(tables_.row_fields.size(), -INFINITY);
    for (const auto& json : of_ranks) {
      const auto read = json.get<RankRead>();
      rows_before_.push_back(interactions_.positions);
      interactions_.add(read.counts);
      rejections_.merge(read.left_out);
    }
    for (std::size_t i = 0; i < tables_.row_fields.size(); ++i) {
      tables_.row_fields[i]->smallest = interactions_.smallest[i];
      tables_.row_fields[i]->largest = interactions_.largest[i];
    }
    report_.rows_read = interactions_.rows;
  }

  void check_interactions() {
    ranks_.agree([&] {
      for (const auto& [file, rows] : interactions_.rows_of_file) {
        if (rows == 0) throw DataError(fmt::format("{}: has no rows", file));
      }
      check_split_time();
    });
  }

  // Each side of the time has rows, where there are any.
  void check_split_time() const {
    const auto& [text, seconds] = options_.split_time;
    const auto earliest = interactions_.earliest, latest = interactions_.latest;
    const bool is_between = earliest < seconds && seconds <= latest;
    if (!options_.split_time.is_set() || is_between || earliest > latest) return;
    throw DataError(
        fmt::format("data.split-time = {} ({}) leaves no row {}: column '{}' goes from {} to {}; choose a time between",
                    text, seconds, seconds > latest ? "from it on" : "before it", options_.time, earliest, latest));
  }

  // From here on a key has one number on all ranks.
  void unite_keys() {
    tables_.tasks.unite_keys(ranks_);
    tables_.row_users.unite_keys(ranks_);
    for (auto& numbers : tables_.entities.unite_keys(ranks_))
      spilled_.push_back({std::move(numbers), {}, rows_before_[spilled_.size()]});
    for (std::size_t i = 0; i < tables_.row_fields.size(); ++i) {
      // Columns of a table have been read alike by all.
      auto& keys = tables_.row_fields[i]->keys;
      const auto common = i < tables_.columns_of_row ? 0 : keys.size();
      auto of_ranks = unite(keys, common, ranks_);
      for (std::size_t rank = 0; rank < of_ranks.size(); ++rank)
        spilled_[rank].keys.push_back(std::move(of_ranks[rank]));
    }
    entity_rows_.assign(tables_.entities.keys().size(), 0);
    spdlog::info("read {} interactions of {}", report_.rows_read,
                 counted(static_cast<std::int64_t>(tables_.entities.keys().size()), schema_.entity));
  }

  SpilledShard read_shard(std::int64_t shard, const EndOfTask& end_of) const {
    const SpillReader reader = {spill_folder_, tables_.row_fields, spilled_, !options_.time.empty(),
                                options_.task == TaskSide::kScenario};
    auto read = reader.read(shard);
    clean(read, options_, end_of);
    return read;
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

  // Collective.  What `ask` says of each shard, in their order; each rank asks of its own.
  template <typename Answer>
  std::vector<Answer> ask_of_shards(const std::function<Answer(std::int64_t)>& ask) {
    auto own = nlohmann::json::array();
    ranks_.agree([&] {
      const auto share = share_of(options_.shards, ranks_.rank(), ranks_.size());
      for (auto shard = share.begin; shard < share.end; ++shard) own.push_back(ask(shard));
    });
    std::vector<Answer> answers;
    for (const auto& of_rank : ranks_.gather(own)) {
      for (const auto& answer : of_rank) answers.push_back(answer.template get<Answer>());
    }
    return answers;
  }

  // Tasks are split by all of their rows: which of them are training tasks is not known before.
  void split() {
    const auto counts = ask_of_shards<std::int64_t>([&](auto shard) {
      const auto spilled = read_whole_shard(shard);
      for (const auto& task : spilled.tasks) split_.add(task.key);
      return std::ssize(spilled.tasks);
    });
    for (const auto count : counts) report_.tasks += count;
    // Before the split looks for the tasks that it lists.
    if (report_.tasks == 0) refuse_for_lack_of_tasks();
    split_.finish(ranks_);
  }

  void refuse_for_lack_of_tasks() {
    const auto left_out =
        ask_of_shards<nlohmann::json>([&](auto shard) { return left_out_of(read_whole_shard(shard)); });
    for (const auto& of_shard : left_out) rejections_.merge(of_shard);
    ranks_.agree([&] { refuse_for_lack_of("task", "lower data.min-rows"); });
  }

  nlohmann::json left_out_of(const SpilledShard& shard) const {
    Rejections rejections(options_.on_error);
    rejections.count("row of a training task from data.split-time on", shard.late_rows);
    rejections.count(fmt::format("duplicate (task, entity) pair ({})", kept_of(options_.duplicates)),
                     shard.duplicate_rows);
    for (const auto& row : shard.unusable) reject(row, rejections);
    rejections.count("task under min-rows", shard.short_task_rows);
    return rejections.to_json();
  }

  void reject(const UnusableLabel& row, Rejections& rejections) const {
    const auto where = fmt::format("{} '{}', {} '{}'", schema_.task, printable(row.task), schema_.entity,
                                   printable(tables_.entities.keys().key(row.entity)));
    if (std::abs(row.label) > kLargestNumber) {
      rejections.add(where,
                     {"number too large",
                      fmt::format("interactions.duplicates = {} makes {} of its labels, beyond {:.0e}, the largest "
                                  "number that can be learned from; rescale them",
                                  to_text(options_.duplicates), row.label, kLargestNumber)});
    } else {
      rejections.add(where,
                     {"label that log1p has no number for",
                      fmt::format("its label is {}, and interactions.transform = log1p takes labels above -1; take "
                                  "clip or threshold, or set data.label-min = 0",
                                  row.label)});
    }
  }

  // Statistics are of the training tasks only: nothing of the test leaks into ids or scales.
  void count() {
    const auto counted = ask_of_shards<CountedShard>([&](auto shard) -> CountedShard {
      const auto spilled = read_split_shard(shard);
      return {count_training_rows(spilled, split_, tables_, entity_rows_), left_out_of(spilled)};
    });
    training_.of_rows.resize(tables_.row_fields.size());
    training_.of_tasks.resize(tables_.tasks.fields().size());
    for (const auto& [statistics, left_out] : counted) {
      training_.add(statistics);
      rejections_.merge(left_out);
    }
    unite_counts(tables_, entity_rows_, training_, ranks_);
    if (training_.rows == 0) ranks_.agree([&] { refuse_for_lack_of("training task", no_training_remedy()); });
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

  void finish_schema() {
    const auto range = stored_range(options_, training_, report_.tasks);
    schema_.label_min = range.min;
    schema_.label_max = range.max;
    auto& key = tables_.key;
    key.vocabulary = Vocabulary(tables_.entities.keys(), entity_rows_, key.min_count);
    key.field.vocabulary_size = static_cast<std::int64_t>(key.vocabulary.keys().size());
    key.field.vocabulary_digest = key.vocabulary.digest();
    schema_.fields.push_back(key.field);
    for (auto* field : tables_.fields()) {
      field->finish();
      schema_.fields.push_back(field->field);
    }
  }

  void write() {
    const DatasetWriter writer(pending_, {schema_, tables_, split_});
    const auto shards =
        ask_of_shards<WrittenShard>([&](auto shard) { return writer.write(read_split_shard(shard), shard); });
    report_.tasks = 0;
    for (const auto& shard : shards) {
      report_.tasks += std::ssize(shard.rows);
      for (const auto rows : shard.rows) report_.rows += rows;
    }
    ranks_.agree([&] {
      if (!is_first()) return;
      writer.write_vocabularies();
      writer.write_entities();
      writer.finish(shards, facts());
      fs::remove_all(spill_folder_);
      folder_->commit();
    });
  }

  nlohmann::json facts() const {
    nlohmann::json facts = {{"rows_read", report_.rows_read},
                            {"label_mean", training_.label_sum / static_cast<double>(training_.rows)},
                            {"left_out", rejections_.to_json()},
                            {"without_table_row", without_table_row()},
                            {"seed", options_.seed}};
    if (options_.split_time.is_set()) facts["split_time"] = options_.split_time.seconds;
    return facts;
  }

  // What left joins have kept: by the noun, the interactions, and the keys that they are of.
  nlohmann::json without_table_row() const {
    auto json = nlohmann::json::object();
    for (const auto& [noun, rows, table] : {std::tuple(schema_.task, interactions_.without_task, &tables_.tasks),
                                            {schema_.entity, interactions_.without_entity, &tables_.entities},
                                            {"user", interactions_.without_user, &tables_.row_users}}) {
      if (rows > 0) json[noun] = {{"rows", rows}, {"keys", table->keys_without_row()}};
    }
    return json;
  }

  const IngestOptions& options_;
  IngestRanks& ranks_;
  Rejections rejections_;
  IngestTables tables_;
  TaskSplit split_;
  fs::path pending_, spill_folder_;
  std::optional<PendingFolder> folder_;  // of the first rank
  Schema schema_;
  IngestReport report_;
  InteractionCounts interactions_;
  std::vector<std::int64_t> rows_before_;  // by rank
  std::vector<SpillOfRank> spilled_;
  std::vector<std::int64_t> entity_rows_;  // in training tasks
  ShardStatistics training_;
};

}  // namespace

IngestReport ingest(const IngestOptions& options, IngestRanks& ranks) {
  std::optional<Ingest> work;
  ranks.agree([&] {
    check(options);
    work.emplace(options, ranks);
  });
  return work->run();
}

IngestReport ingest(const IngestOptions& options) {
  IngestRanks alone;
  return ingest(options, alone);
}

}  // namespace warmstart
