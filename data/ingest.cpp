#include "data/ingest.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/file_memory.h"
#include "base/pending_folder.h"
#include "base/plural.h"
#include "base/stopwatch.h"
#include "data/dataset_writer.h"
#include "data/file_parts.h"
#include "data/grouped_files.h"
#include "data/ingest_tables.h"
#include "data/interaction_reader.h"
#include "data/label_range.h"
#include "data/last_version.h"
#include "data/shard_cleaning.h"
#include "data/spill.h"
#include "data/task_split.h"
#include "data/training_statistics.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// Statistics, and what was left out.
using CountedShard = std::pair<ShardStatistics, nlohmann::json>;

// One ingest from start to end.  Stages are called in the order they stand here; those that are not collective are run
// within agree().
class Ingest {
 public:
  Ingest(const IngestOptions& options, IngestRanks& ranks, const IngestProgress& progress)
      : progress_(progress),
        asked_(options),
        last_(last_version(options)),
        options_(last_->for_new_rows(options)),
        ranks_(ranks),
        rejections_(options.on_error),
        target_(last_->next_folder(options)),
        pending_(PendingFolder::path_for(target_)),
        memory_(pending_),
        tables_(options, &memory_),
        split_(options),
        spill_folder_(pending_ / "spill"),
        cleaning_(spill_folder_, asked_, options_, tables_, entity_days_) {
    schema_.task = nlohmann::json(options.task).get<std::string>();
    schema_.entity = entity_noun(options);
    schema_.label = options.task == TaskSide::kClass ? options.class_column : options.label;
    if (options.duplicates == Duplicates::kCount) schema_.label = "count";
  }

  IngestReport run() {
    const Stopwatch stopwatch;
    ranks_.agree([&] { start(); });
    ranks_.agree([&] {
      last_->give(tables_);
      tables_.read(rejections_);
    });
    spill();
    check_interactions();
    unite_keys();
    ranks_.agree([&] { spill_last_version(); });
    split();
    count();
    unite_extremes();
    ranks_.agree([&] { finish_schema(); });
    write();
    report_.seconds = stopwatch.seconds();
    return report_;
  }

 private:
  bool is_first() const { return ranks_.rank() == 0; }

  void start() {
    if (has_positives_alone(asked_))
      spdlog::info("interactions.label names no column: every row is a positive, of label 1");
    if (!is_first()) return;
    folder_.emplace(target_);
    fs::create_directory(spill_folder_);
  }

  void spill() {
    const auto& table = options_.interactions;
    const auto parts = is_grouped(options_) ? own_files(table, ranks_) : own_parts(table, ranks_);
    // Of tables that all ranks have read the first one tells.
    if (!is_first()) rejections_ = Rejections(options_.on_error);
    for (const auto& field : tables_.row_fields) common_keys_.push_back(field->keys.size());
    nlohmann::json own;
    ranks_.agree([&] {
      const auto sink = row_sink();
      InteractionReader reader(options_, tables_, rejections_);
      std::int64_t all = 0;
      for (const auto& part : parts) all += bytes_of(part);
      own["counts"] = reader.read(parts, *sink, [&](auto rows, auto bytes) { tell({"read", bytes, all, rows}); });
      entity_days_ = std::move(reader.entity_days());
      sink->close();
      own["left_out"] = rejections_.to_json();
      new_rows_ = sink->rows();
    });
    ranks_.sum(new_rows_);
    add_up(ranks_.gather(own));
  }

  std::unique_ptr<RowSink> row_sink() const {
    if (is_grouped(options_)) return std::make_unique<GroupedWriter>(spill_folder_, options_, tables_, ranks_.rank());
    return std::make_unique<SpillWriter>(spill_folder_, options_.shards, ranks_.rank());
  }

  void tell(const IngestStatus& status) const {
    if (progress_ && is_first()) progress_(status);
  }

  void add_up(const std::vector<nlohmann::json>& of_ranks) {
    rejections_ = Rejections(options_.on_error);
    for (const auto& read : of_ranks) {
      rows_before_.push_back(last_->rows_read() + interactions_.positions);
      interactions_.add(read["counts"].get<InteractionCounts>());
      rejections_.merge(read["left_out"]);
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
    if (!options_.split_time.is_set() || last_->rows_read() > 0 || is_between || earliest > latest) return;
    throw DataError(
        fmt::format("data.split-time = {} ({}) leaves no row {}: column '{}' goes from {} to {}; choose a time between",
                    text, seconds, seconds > latest ? "from it on" : "before it", options_.time, earliest, latest));
  }

  // From here on a key has one number on all ranks.
  void unite_keys() {
    tables_.tasks.unite_keys(ranks_);
    auto of_users = tables_.users.unite_keys(ranks_);
    tables_.calendar.unite_keys(ranks_);
    auto of_entities = tables_.entities.unite_keys(ranks_);
    entity_days_.finish(of_entities, ranks_);
    std::vector<SpillOfRank> spilled;
    for (std::size_t rank = 0; rank < of_entities.size(); ++rank)
      spilled.push_back(
          {static_cast<int>(rank), std::move(of_entities[rank]), {}, rows_before_[rank], std::move(of_users[rank])});
    for (std::size_t i = 0; i < tables_.row_fields.size(); ++i) {
      auto of_ranks = unite(tables_.row_fields[i]->keys, common_keys_[i], ranks_);
      for (std::size_t rank = 0; rank < of_ranks.size(); ++rank)
        spilled[rank].keys.push_back(std::move(of_ranks[rank]));
    }
    for (auto& of_rank : spilled) cleaning_.add(std::move(of_rank));
    entity_rows_.assign(tables_.entities.keys().size(), 0);
    user_rows_.assign(tables_.users.keys().size(), 0);
    without_table_row_ = without_table_row();
    spdlog::info("read {} interactions of {}", report_.rows_read,
                 counted(static_cast<std::int64_t>(tables_.entities.keys().size()), schema_.entity));
  }

  // The rows of the last version that share a shard with new ones, as those of one more rank.
  void spill_last_version() {
    if (last_->shards() == 0) return;
    const auto number = ranks_.size() + ranks_.rank();
    SpillWriter writer(spill_folder_, options_.shards, number);
    const auto share = own_shards();
    for (auto shard = share.begin; shard < share.end; ++shard) {
      if (is_made(shard)) last_->spill(shard, writer, tables_, split_);
    }
    writer.close();
    SpillOfRank spilled = {number, all_of(tables_.entities.keys()), {}, 0, all_of(tables_.users.keys())};
    for (const auto& field : tables_.row_fields) spilled.keys.push_back(all_of(field->keys));
    cleaning_.add_last_version(std::move(spilled));
  }

  static NumbersOfRank all_of(const KeyNumbers& keys) { return NumbersOfRank(keys.size()); }

  // Or else it is one of the last version's as it is.
  bool is_made(std::int64_t shard) const {
    return shard >= last_->shards() || last_->renews_statistics() || new_rows_[static_cast<std::size_t>(shard)] > 0;
  }

  OwnShare own_shards() const { return share_of(options_.shards, ranks_.rank(), ranks_.size()); }

  // Collective.  What `ask` says of each shard, in their order; each rank asks of its own.
  template <typename Answer>
  std::vector<Answer> ask_of_shards(const char* stage, const std::function<Answer(std::int64_t)>& ask) {
    auto own = nlohmann::json::array();
    ranks_.agree([&] {
      const auto share = own_shards();
      for (auto shard = share.begin; shard < share.end; ++shard) {
        own.push_back(ask(shard));
        tell({stage, shard + 1 - share.begin, share.end - share.begin, 0});
      }
    });
    std::vector<Answer> answers;
    for (const auto& of_rank : ranks_.gather(own)) {
      for (const auto& answer : of_rank) answers.push_back(answer.template get<Answer>());
    }
    return answers;
  }

  // Tasks are split by all of their rows: which of them are training tasks is not known before.
  void split() {
    const auto counts = ask_of_shards<std::int64_t>("cleaned", [&](auto shard) -> std::int64_t {
      if (!is_made(shard)) return last_->tasks(shard);
      const auto keys = cleaning_.task_keys(shard);
      for (const auto& key : keys) split_.add(key);
      return std::ssize(keys);
    });
    for (const auto count : counts) report_.tasks += count;
    // Before the split looks for the tasks that it lists.
    if (report_.tasks == 0) refuse_for_lack_of_tasks();
    last_->finish(split_, ranks_);
  }

  void refuse_for_lack_of_tasks() {
    const auto left_out =
        ask_of_shards<nlohmann::json>("cleaned", [&](auto shard) { return cleaning_.left_out(shard); });
    for (const auto& of_shard : left_out) rejections_.merge(of_shard);
    ranks_.agree([&] { refuse_for_lack_of("task", "lower data.min-rows"); });
  }

  // Statistics are of the training tasks only: nothing of the test leaks into ids or scales.
  void count() {
    const auto counted = ask_of_shards<CountedShard>("counted", [&](auto shard) { return count_shard(shard); });
    training_ = no_statistics(tables_);
    training_.add(last_->training_rows());
    for (const auto& [statistics, left_out] : counted) {
      training_.add(statistics);
      rejections_.merge(left_out);
    }
    unite_counts(tables_, row_counts(), last_->row_counts(), training_, ranks_);
    if (training_.rows == 0) ranks_.agree([&] { refuse_for_lack_of("training task", no_training_remedy()); });
  }

  CountedShard count_shard(std::int64_t shard) {
    auto statistics = no_statistics(tables_);
    if (!is_made(shard)) return {statistics, nlohmann::json::object()};
    statistics.add(count_training_rows(cleaning_.stored(shard, split_).tasks, split_, tables_, row_counts()));
    if (!last_->renews_statistics())
      statistics.add(count_training_rows(cleaning_.of_last_version(shard).tasks, split_, tables_, row_counts(), -1));
    return {statistics, cleaning_.left_out(shard)};
  }

  RowCounts row_counts() { return {entity_rows_, user_rows_}; }

  // Each rank has seen the numbers of its own rows.
  void unite_extremes() {
    const auto fields = tables_.fields();
    std::vector<std::pair<double, double>> own;
    for (const auto& field : fields) own.emplace_back(field->smallest, field->largest);
    for (const auto& of_rank : ranks_.gather(own)) {
      for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto smallest = of_rank[i][0].get<double>(), largest = of_rank[i][1].get<double>();
        if (smallest > largest) continue;  // It has seen none.
        fields[i]->note(smallest);
        fields[i]->note(largest);
      }
    }
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
    const auto range = stored_range(asked_, training_, report_.tasks);
    schema_.label_min = range.min;
    schema_.label_max = range.max;
    auto& key = tables_.key;
    key.finish_vocabulary(tables_.entities.keys(), entity_rows_);
    schema_.fields.push_back(key.field);
    if (tables_.has_users()) tables_.user_key->finish_vocabulary(tables_.users.keys(), user_rows_);
    for (const auto& field : tables_.fields()) {
      if (field != tables_.user_key) field->finish();
      schema_.fields.push_back(field->field);
    }
  }

  void write() {
    const DatasetWriter writer(pending_, {schema_, tables_, split_, user_rows_});
    const auto shards = ask_of_shards<WrittenShard>("written", [&](auto shard) {
      return is_made(shard) ? writer.write(cleaning_.stored(shard, split_), shard) : last_->link(shard, pending_);
    });
    ranks_.agree([&] { last_->check_is_more(shards); });
    report_.dataset = target_;
    report_.tasks = 0;
    for (const auto& shard : shards) {
      report_.tasks += std::ssize(shard.rows);
      for (const auto rows : shard.rows) report_.rows += rows;
    }
    ranks_.agree([&] {
      if (!is_first()) return;
      writer.write_vocabularies();
      writer.write_entities();
      writer.write_users();
      writer.finish(shards, facts());
      fs::remove_all(spill_folder_);
      folder_->commit();
    });
  }

  nlohmann::json facts() const {
    nlohmann::json facts = {{"rows_read", last_->rows_read() + report_.rows_read},
                            {"label_mean", training_.label_sum / static_cast<double>(training_.rows)},
                            {"left_out", rejections_.to_json()},
                            {"without_table_row", without_table_row_},
                            {"seed", options_.seed}};
    if (options_.split_time.is_set()) facts["split_time"] = options_.split_time.seconds;
    facts.update(last_->facts());
    return facts;
  }

  // What left joins have kept: by the noun, the interactions, and the keys that they are of.
  nlohmann::json without_table_row() const {
    auto json = nlohmann::json::object();
    for (const auto& [noun, rows, table] : {std::tuple(schema_.task, interactions_.without_task, &tables_.tasks),
                                            {schema_.entity, interactions_.without_entity, &tables_.entities},
                                            {"user", interactions_.without_user, &tables_.users},
                                            {"day", interactions_.without_day, &tables_.calendar}}) {
      if (rows > 0) json[noun] = {{"rows", rows}, {"keys", table->keys_without_row()}};
    }
    return json;
  }

  const IngestProgress& progress_;
  const IngestOptions& asked_;
  std::unique_ptr<LastVersion> last_;
  IngestOptions options_;  // for the rows that are read now
  IngestRanks& ranks_;
  Rejections rejections_;
  fs::path target_, pending_;
  std::optional<PendingFolder> folder_;  // of the first rank
  FileMemory memory_;
  IngestTables tables_;
  TaskSplit split_;
  fs::path spill_folder_;
  Schema schema_;
  IngestReport report_;
  InteractionCounts interactions_;
  EntityDays entity_days_;
  std::vector<std::size_t> common_keys_;   // by row field: those that all ranks had before they read interactions
  std::vector<std::int64_t> new_rows_;     // by shard
  std::vector<std::int64_t> rows_before_;  // by rank
  ShardCleaning cleaning_;
  std::pmr::vector<std::int64_t> entity_rows_{&memory_}, user_rows_{&memory_};  // in training tasks
  ShardStatistics training_;
  nlohmann::json without_table_row_;
};

}  // namespace

IngestReport ingest(const IngestOptions& options, IngestRanks& ranks, const IngestProgress& progress) {
  std::optional<Ingest> work;
  ranks.agree([&] {
    check(options);
    work.emplace(options, ranks, progress);
  });
  return work->run();
}

IngestReport ingest(const IngestOptions& options) {
  IngestRanks alone;
  return ingest(options, alone);
}

}  // namespace warmstart
