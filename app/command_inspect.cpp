#include <ATen/ATen.h>
#include <fmt/format.h>

#include "app/command.h"
#include "checkpoints/checkpoint.h"
#include "data/dataset.h"

namespace warmstart {
namespace {

constexpr std::size_t kSampleRows = 3;

// A task's first rows with raw keys in place of ids.
class Decoder {
 public:
  explicit Decoder(const Dataset& dataset) : dataset_(dataset) {
    for (const auto& field : dataset.schema().fields) {
      keys_.push_back(field.kind == FieldKind::kDense ? std::vector<std::string>() : dataset.vocabulary(field));
    }
  }

  nlohmann::json rows(std::int64_t task) const {
    const auto view = dataset_.task(task);
    auto described = nlohmann::json::object();
    decode(described, FieldOwner::kTask, view.shard->task_fields(), view.index);
    auto rows = nlohmann::json::array();
    for (std::size_t i = 0; i < std::min(kSampleRows, view.rows.label.size()); ++i) {
      const auto entity = view.rows.entity[i];
      nlohmann::json row = {{dataset_.schema().entity, dataset_.entity_key(entity)},
                            {dataset_.schema().label, view.rows.label[i]},
                            {"time", view.rows.time[i]}};
      decode(row, FieldOwner::kEntity, dataset_.entity_fields(), entity);
      decode(row, FieldOwner::kRow, view.shard->row_fields(), view.rows.first + i);
      rows.push_back(row);
    }
    return {{dataset_.schema().task, view.key()},
            {"split", name_of(dataset_.split(task))},
            {"fields", described},
            {"row_count", view.rows.label.size()},
            {"first_rows", rows}};
  }

 private:
  void decode(nlohmann::json& row, FieldOwner owner, const std::vector<StoredColumn>& columns, std::size_t index) const {
    std::size_t column = 0;
    for (std::size_t f = 0; f < dataset_.schema().fields.size(); ++f) {
      const auto& field = dataset_.schema().fields[f];
      if (field.owner != owner) continue;
      const auto& stored = columns[column++];
      if (field.kind == FieldKind::kDense) {
        row[field.name] = stored.dense(index) * field.deviation + field.mean;
        continue;
      }
      auto values = nlohmann::json::array();
      for (const auto id : stored.ids(index)) values.push_back(id == 0 ? "(unknown)" : keys_[f][id - 1]);
      row[field.name] = field.kind == FieldKind::kMulti || values.empty() ? values : values[0];
    }
  }

  const Dataset& dataset_;
  std::vector<std::vector<std::string>> keys_;
};

ExitCode inspect_dataset(const std::filesystem::path& path, const Options::CommandLine& line) {
  const Dataset dataset(path, false);
  if (line.verify) dataset.verify();
  const Decoder decoder(dataset);
  auto facts = dataset.manifest();
  facts["verified"] = line.verify;
  facts["sample"] = nlohmann::json::array();
  for (std::int64_t task = 0; task < std::min<std::int64_t>(2, dataset.tasks()); ++task) facts["sample"].push_back(decoder.rows(task));
  if (line.json) {
    fmt::print("{}\n", facts.dump());
    return ExitCode::kOk;
  }
  const auto& schema = dataset.schema();
  fmt::print("{}: data set, {} {}s, {} rows about {} {}s, {} shards{}\n", path.string(), dataset.tasks(), schema.task,
             facts["rows"].get<std::int64_t>(), dataset.entities(), schema.entity, facts["shards"].size(),
             line.verify ? ", all digests hold" : "");
  fmt::print("label '{}' in [{}, {}], mean {:.4f}\n", schema.label, schema.label_min, schema.label_max, dataset.label_mean());
  for (const auto& [name, split] : facts["splits"].items()) {
    fmt::print("  {:<12} {:>10} tasks {:>12} rows\n", name, split["tasks"].get<std::int64_t>(), split["rows"].get<std::int64_t>());
  }
  fmt::print("fields:\n");
  for (const auto& field : schema.fields) {
    fmt::print("  {:<24} {:<12} of the {:<7} {}\n", field.name, name_of(field.kind), name_of(field.owner),
               field.kind == FieldKind::kDense ? fmt::format("mean {:.4g}, deviation {:.4g}", field.mean, field.deviation)
                                               : fmt::format("{} keys", field.vocabulary_size));
  }
  for (const auto& [reason, count] : facts["left_out"].items())
    fmt::print("left out: {} rows: {}\n", count["rows"].get<std::int64_t>(), reason);
  for (const auto& task : facts["sample"]) fmt::print("{}\n", task.dump());
  return ExitCode::kOk;
}

ExitCode inspect_checkpoint(const std::filesystem::path& path, const Options::CommandLine& line) {
  const auto checkpoint = read_checkpoint(path);
  auto parameters = nlohmann::json::array();
  for (const auto& [name, tensor] : checkpoint.parameters) {
    parameters.push_back({{"name", name}, {"shape", tensor.sizes().vec()}, {"norm", tensor.norm().item<double>()}});
  }
  if (line.json) {
    fmt::print("{}\n",
               nlohmann::json({{"step", checkpoint.step}, {"description", checkpoint.description}, {"parameters", parameters}}).dump());
    return ExitCode::kOk;
  }
  fmt::print("{}: checkpoint of step {}, by {}\n", path.string(), checkpoint.step, checkpoint.description.value("created_by", "?"));
  fmt::print("model: {}\n", checkpoint.description.value("model", nlohmann::json()).dump());
  for (const auto& parameter : parameters) {
    fmt::print("  {:<28} {:<16} norm {:.4g}\n", parameter["name"].get<std::string>(), parameter["shape"].dump(),
               parameter["norm"].get<double>());
  }
  return ExitCode::kOk;
}

}  // namespace

ExitCode command_inspect(Invocation& invocation) {
  const auto& line = invocation.line;
  if (line.positional.size() != 1) throw UsageError("inspect wants one PATH: a data set, a run or a checkpoint");
  const std::filesystem::path path = line.positional[0];
  if (!std::filesystem::exists(path)) throw DataError(fmt::format("{}: does not exist", path.string()));
  if (std::filesystem::exists(path / "dataset.json")) return inspect_dataset(path, line);
  return inspect_checkpoint(path, line);
}

}  // namespace warmstart
