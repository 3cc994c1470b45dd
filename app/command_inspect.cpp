#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "app/checkpoint_comparison.h"
#include "app/checkpoint_model.h"
#include "app/command.h"
#include "app/dataset_comparison.h"
#include "app/metrics_file.h"
#include "app/model_inspection.h"
#include "app/table_inspection.h"
#include "base/json.h"
#include "base/plural.h"
#include "base/text.h"
#include "checkpoints/checkpoint.h"
#include "cluster/self_communicator.h"
#include "data/dataset.h"
#include "trainer/training/training_state.h"

namespace warmstart {
namespace {

constexpr std::size_t kSampleRows = 3;
constexpr const char* kRepeatedShare = "repeated_lookup_share";

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
      nlohmann::json row = {{dataset_.schema().entity, dataset_.entity_key(entity)}, {"time", view.rows.time[i]}};
      if (const auto& label = dataset_.schema().label; !label.empty()) row[label] = view.rows.label[i];
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
  void decode(nlohmann::json& row, FieldOwner owner, const std::vector<StoredColumn>& columns,
              std::size_t index) const {
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
  for (std::int64_t task = 0; task < std::min<std::int64_t>(2, dataset.tasks()); ++task)
    facts["sample"].push_back(decoder.rows(task));
  if (line.json) {
    fmt::print("{}\n", facts.dump());
    return ExitCode::kOk;
  }
  const auto& schema = dataset.schema();
  fmt::print("{}: data set, {}, {} rows about {}, {}{}\n", path.string(), counted(dataset.tasks(), schema.task),
             facts["rows"].get<std::int64_t>(), counted(dataset.entities(), schema.entity),
             counted(std::ssize(facts["shards"]), "shard"), line.verify ? ", all digests hold" : "");
  if (dataset.has_users())
    fmt::print("rows have users of their own: {}, whose fields stand once, in users.h5\n",
               counted(static_cast<std::int64_t>(dataset.users().count), "user"));
  if (schema.label.empty()) {
    fmt::print("no labels: every row is a positive, of label 1\n");
  } else {
    fmt::print("label '{}' in [{}, {}], mean {:.4f}\n", schema.label, schema.label_min, schema.label_max,
               dataset.label_mean());
  }
  for (const auto& [name, split] : facts["splits"].items()) {
    fmt::print("  {:<12} {:>16} {:>12} rows\n", name, counted(split["tasks"], schema.task),
               split["rows"].get<std::int64_t>());
  }
  if (const auto time = dataset.split_time())
    fmt::print("split at time {}: training tasks have no row from then on; rows from then on judge the others\n",
               *time);
  fmt::print("fields:\n");
  for (const auto& field : schema.fields) {
    fmt::print("  {:<24} {:<12} of the {:<7} {}\n", field.name, name_of(field.kind), name_of(field.owner),
               field.kind == FieldKind::kDense
                   ? fmt::format("mean {:.4g}, deviation {:.4g}", field.mean, field.deviation)
                   : fmt::format("{} keys", field.vocabulary_size));
  }
  for (const auto& [reason, count] : facts["left_out"].items())
    fmt::print("left out: {} rows: {}\n", count["rows"].get<std::int64_t>(), reason);
  for (const auto& task : facts["sample"]) fmt::print("{}\n", task.dump());
  return ExitCode::kOk;
}

// Of the newest good one.
nlohmann::json facts_of_checkpoint(const std::filesystem::path& path) {
  SelfCommunicator alone;
  TableInspection tables;
  const auto checkpoint = read_described_checkpoint(path, alone, [&](const Checkpoint& shard) { tables.add(shard); });
  auto parameters = nlohmann::json::array();
  for (const auto& [name, tensor] : trained_parameters(checkpoint))
    parameters.push_back({{"name", name}, {"shape", tensor.sizes().vec()}, {"norm", tensor.norm().item<double>()}});
  for (auto& table : tables.parameters()) parameters.push_back(std::move(table));
  const auto error = checkpoint.validation_error ? nlohmann::json(*checkpoint.validation_error) : nlohmann::json();
  return {{"step", checkpoint.step},
          {"description", checkpoint.description},
          {"state", to_json(checkpoint.state)},
          {"validation_error", error},
          {"parameters", parameters},
          {"tables", tables.tables()},
          {"growth", tables.growth()}};
}

// Every checkpoint of a run.  Throws DataError naming the damaged ones.
void verify_all(const std::filesystem::path& path) {
  SelfCommunicator alone;
  std::string damaged;
  const auto folders = is_checkpoint(path) ? std::vector{path} : checkpoints_of(path);
  for (const auto& folder : folders) {
    try {
      read_described_checkpoint(folder, alone);
      fmt::print(stderr, "{}: all digests hold\n", folder.string());
    } catch (const Error& error) {
      if (error.code() != ExitCode::kData) throw;
      damaged += fmt::format("{}{}", damaged.empty() ? "" : "; ", error.what());
    }
  }
  if (!damaged.empty()) throw DataError(damaged);
}

// What the planner chose for each adapted layer, and why.
void show_plan(const nlohmann::json& plan) {
  if (plan.empty()) return;
  fmt::print(
      "adapted layers, microbatches of rank 0 held as activations / as formed weights; multiply-adds a task of the "
      "last one:\n");
  for (const auto& [layer, entry] : plan.items()) {
    const auto& last = entry.at("last");
    fmt::print("  {:<28} {:>8} / {:<8} {} -> {}, {} + {} rows, {} steps: {:.3g} against {:.3g}\n", layer,
               entry.at("activations").get<std::int64_t>(), entry.at("weights").get<std::int64_t>(),
               last.at("inputs").get<std::int64_t>(), last.at("outputs").get<std::int64_t>(),
               last.at("support").get<std::int64_t>(), last.at("query").get<std::int64_t>(),
               last.at("steps").get<std::int64_t>(), last.at("activations_cost").get<double>(),
               last.at("weights_cost").get<double>());
  }
}

void show_tables(const nlohmann::json& tables) {
  for (const auto& table : tables) {
    fmt::print("table {}: {}{} rows of {}, sharded; {:.4g} MB in all", table.at("name").get<std::string>(),
               table.contains("keys") ? "grows to " : "", table.at("rows").get<std::int64_t>(),
               table.at("width").get<std::int64_t>(), table.at("bytes").get<double>() / 1e6);
    if (table.contains("touched_rows"))
      fmt::print("; {} rows touched so far, {} in the last step", table.at("touched_rows").get<std::int64_t>(),
                 table.at("touched_in_last_step").get<std::int64_t>());
    fmt::print("\n");
  }
}

void show_growth(const std::string& whose, const nlohmann::json& growth) {
  fmt::print("{}: {} keys have rows, {} wait for one; {} were admitted so far and {} evicted\n", whose,
             growth.at("rows").get<std::int64_t>(), growth.at("waiting").get<std::int64_t>(),
             growth.at("admitted").get<std::int64_t>(), growth.at("evicted").get<std::int64_t>());
}

void show_growth(const nlohmann::json& growth) {
  for (const auto& list : growth) {
    show_growth("ids of " + list.at("ids_of").get<std::string>(), list);
    const auto fields = list.value("fields", nlohmann::json::object());
    for (const auto& [field, of_field] : fields.items())
      show_growth(fmt::format("  those of field {}", printable(field)), of_field);
  }
}

// What ranks sent each other in the last meta-steps that the run reported; null where it does not say.
nlohmann::json traffic_of(const std::filesystem::path& path) {
  const auto metrics = read_metrics(path);
  const auto told = std::find_if(metrics.entries.rbegin(), metrics.entries.rend(),
                                 [](const auto& entry) { return entry.contains("exchanged_bytes"); });
  if (told == metrics.entries.rend()) return {};
  nlohmann::json traffic;
  for (const auto* kind : {"reduced_bytes", "exchanged_bytes", "most_exchanged_bytes", "encoding_bytes"})
    traffic[kind] = number_at(*told, kind);
  // Runs of earlier versions do not tell.
  if (told->contains(kRepeatedShare)) traffic[kRepeatedShare] = number_at(*told, kRepeatedShare);
  return traffic;
}

void show_traffic(const nlohmann::json& traffic, bool has_tables) {
  if (traffic.is_null()) return;
  const auto megabytes = [&](const char* kind) { return traffic.at(kind).get<double>() / 1e6; };
  fmt::print(
      "a rank sent in a meta-step: {:.4g} MB of gradients' sums, {:.4g} MB of rows of sharded tables (the busiest one "
      "{:.4g}), {:.4g} MB of encodings\n",
      megabytes("reduced_bytes"), megabytes("exchanged_bytes"), megabytes("most_exchanged_bytes"),
      megabytes("encoding_bytes"));
  if (has_tables && traffic.contains(kRepeatedShare))
    fmt::print(
        "of the ids that the first rank looked up in sharded tables, {:.1f}% stood in the step before: each row is "
        "fetched once\n",
        100 * traffic.at(kRepeatedShare).get<double>());
}

std::string validation_in(const nlohmann::json& state) {
  const auto step = state.at("best_step").get<std::int64_t>();
  if (step == 0) return "no validation so far";
  return fmt::format("best validation {:.4f} at step {}", state.at("best_error").get<double>(), step);
}

ExitCode inspect_checkpoint(const std::filesystem::path& path, const Options::CommandLine& line) {
  if (line.verify) verify_all(path);
  auto facts = facts_of_checkpoint(path);
  facts["traffic"] = traffic_of(path);
  if (line.json) {
    fmt::print("{}\n", facts.dump());
    return ExitCode::kOk;
  }
  const auto& description = facts["description"];
  const auto& made_by = description.at("created_by");
  fmt::print("{}: checkpoint of step {} of {}, {}\n", path.string(), facts["step"].get<std::int64_t>(),
             facts["state"].at("steps").get<std::int64_t>(), validation_in(facts["state"]));
  fmt::print("by Warmstart {} (revision {}), LibTorch {}, HDF5 {}, {}, GCC {}, on {} ranks\n",
             made_by.at("warmstart").get<std::string>(), made_by.at("revision").get<std::string>(),
             made_by.at("libtorch").get<std::string>(), made_by.at("hdf5").get<std::string>(),
             made_by.at("mpi").get<std::string>(), made_by.at("compiler").get<std::string>(),
             description.at("ranks").get<int>());
  fmt::print("data set: digest {}\n", description.at("dataset_digest").get<std::string>());
  fmt::print("configuration:\n{}\n", description.at("configuration").get<std::string>());
  if (!facts["state"].at("skipped").empty())
    fmt::print("meta-steps skipped after divergences (from 0): {}\n", facts["state"]["skipped"].dump());
  show_plan(facts["state"].value("plan", nlohmann::json::object()));
  show_tables(facts["tables"]);
  show_growth(facts["growth"]);
  show_traffic(facts["traffic"], !facts["tables"].empty());
  for (const auto& parameter : facts["parameters"]) {
    fmt::print("  {:<28} {:<16} norm {:.4g}\n", parameter["name"].get<std::string>(), parameter["shape"].dump(),
               parameter["norm"].get<double>());
  }
  return ExitCode::kOk;
}

// Exit code 0 when both learned the same bits, 1 when not.
ExitCode compare_checkpoints(const std::filesystem::path& a, const std::filesystem::path& b,
                             const Options::CommandLine& line) {
  SelfCommunicator alone;
  const auto left = read_described_checkpoint(a, alone), right = read_described_checkpoint(b, alone);
  const auto of_parameters = first_difference_of_parameters(left, right);
  const auto of_configuration = first_difference(left.description.at("configuration").get<std::string>(),
                                                 right.description.at("configuration").get<std::string>());
  const nlohmann::json facts = {{"steps", {left.step, right.step}},
                                {"ranks", {left.description.at("ranks"), right.description.at("ranks")}},
                                {"first_difference_of_configuration", of_configuration},
                                {"first_difference_of_parameters", of_parameters},
                                {"same_parameters", of_parameters.empty()}};
  if (line.json) {
    fmt::print("{}\n", facts.dump());
  } else {
    fmt::print("steps: {} and {}; ranks: {} and {}\n", left.step, right.step, facts["ranks"][0].dump(),
               facts["ranks"][1].dump());
    fmt::print("configuration: {}\n", of_configuration.empty() ? "the same in what changes the result"
                                                               : "first difference: " + of_configuration);
    fmt::print("parameters: {}\n", of_parameters.empty() ? "the same bits" : "first difference: " + of_parameters);
  }
  return of_parameters.empty() ? ExitCode::kOk : ExitCode::kFailure;
}

std::filesystem::path existing(const std::string& path) {
  if (!std::filesystem::exists(path)) throw DataError(fmt::format("{}: does not exist", path));
  return path;
}

}  // namespace

ExitCode command_inspect(Invocation& invocation) {
  const auto& line = invocation.line;
  const auto count = line.positional.size();
  if (count != 1 && count != 2)
    throw UsageError(
        "inspect wants one PATH (a data set, a run, a checkpoint or an exported model), or two checkpoints or data "
        "sets "
        "to compare");
  const auto path = existing(line.positional[0]);
  try {
    const bool is_dataset = std::filesystem::exists(path / "dataset.json");
    if (count == 2 && is_dataset) {
      compare_datasets(path, existing(line.positional[1]), line);
      return ExitCode::kOk;
    }
    if (count == 2) return compare_checkpoints(path, existing(line.positional[1]), line);
    if (is_dataset) return inspect_dataset(path, line);
    if (!is_exported_model(path)) return inspect_checkpoint(path, line);
    inspect_exported_model(path, line);
    return ExitCode::kOk;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace warmstart
