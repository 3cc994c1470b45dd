#include "app/checkpoint_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "app/provenance.h"
#include "base/errors.h"
#include "base/json.h"
#include "cluster/agreement.h"
#include "trainer/learner/extended_vocabulary.h"
#include "trainer/tables/named_ids.h"
#include "trainer/training/training_state.h"

namespace warmstart {

nlohmann::json description_of(const Dataset& dataset, const std::string& configuration, int ranks) {
  return {{"schema", to_json(dataset.schema())},
          {"dataset_digest", dataset.digest()},
          {"configuration", configuration},
          {"ranks", ranks},
          {"created_by", provenance()}};
}

namespace {

// All that is read of a description, so that what comes later need not ask.
void check_description(const nlohmann::json& description) {
  schema_from_json(object_at(description, "schema"));
  try {
    const auto& configuration = text_at(description, "configuration");
    check(model_options_of(configuration));
    first_difference(configuration, configuration);  // it can be parsed
  } catch (const UsageError& error) {
    throw DataError(error.what());
  }
  text_at(description, "dataset_digest");
  integer_at(description, "ranks", 1, std::numeric_limits<int>::max());
  const auto& made_by = object_at(description, "created_by");
  for (const auto* key : {"warmstart", "revision", "libtorch", "hdf5", "mpi", "compiler"}) text_at(made_by, key);
}

}  // namespace

void check_same_run(const nlohmann::json& checkpoint_description, const nlohmann::json& description) {
  check_description(checkpoint_description);
  const auto differs =
      difference(schema_from_json(checkpoint_description.at("schema")), schema_from_json(description.at("schema")));
  if (!differs.empty()) throw DataError(fmt::format("is of another schema than the data set: {}", differs));
  if (checkpoint_description.at("dataset_digest") != description.at("dataset_digest"))
    throw UsageError("the run was trained on other data than data.dataset holds now; set train.run to another folder");
  if (const auto key = first_difference(checkpoint_description.at("configuration"), description.at("configuration"));
      !key.empty()) {
    throw UsageError(
        fmt::format("the run was started with another {}; set it back, or train.run to another folder", key));
  }
}

Checkpoint read_described_checkpoint(const std::filesystem::path& path, Communicator& group, const SeeShard& see) {
  return read_checkpoint_without_rows(
      path, group, [](const Manifest& manifest) { check_description(manifest.description); }, see);
}

namespace {

// The schema that a checkpoint's model was made for.  Throws DataError where the data set has another one.
Schema schema_for(const Dataset& dataset, const Checkpoint& checkpoint) {
  auto made_for = schema_from_json(checkpoint.description.at("schema"));
  if (const auto differs = difference(made_for, dataset.schema()); !differs.empty()) {
    throw DataError(fmt::format(
        "the model does not fit the data set: {}; use the data set it was trained on, or train again", differs));
  }
  return made_for;
}

bool tables_grow(const Checkpoint& checkpoint) {
  const auto& tables = checkpoint.files.value().manifest.tables;
  return std::any_of(tables.begin(), tables.end(), [](const auto& table) { return table.grows(); });
}

std::shared_ptr<CopiedTables> tables_of(const Checkpoint& checkpoint) {
  const auto names = names_of_tables(checkpoint.files.value().manifest.tables);
  return std::make_shared<CopiedTables>(std::set<std::string>(names.begin(), names.end()));
}

// `tables` were declared by a model for the data set, which outlives what is returned.
TrainedRows rows_for(const Dataset& dataset, const Checkpoint& checkpoint, std::shared_ptr<CopiedTables> tables) {
  const auto made_for = schema_for(dataset, checkpoint);
  return {checkpoint, std::move(tables), [&](IdsOf ids) {
            if (tables_grow(checkpoint)) return RowAddresses(std::make_shared<RowNames>(names_of_ids(dataset, ids)));
            return RowAddresses(earlier_ids(dataset.schema(), made_for, ids), count_of_ids(made_for, ids));
          }};
}

// Calls `work`, naming the run in what it throws.
template <typename Work>
void of_run(const std::filesystem::path& path, const Work& work) {
  try {
    work();
  } catch (const Error& error) {  // also the model's own: its options are the checkpoint's
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace

TrainedModel trained_model(const Checkpoint& checkpoint, const std::filesystem::path& path, const Dataset& dataset) {
  TrainedModel trained;
  of_run(path, [&] {
    const auto made_for = schema_for(dataset, checkpoint);
    const auto tables = tables_of(checkpoint);
    const TableHome home = {.copied = tables};
    const auto& configuration = checkpoint.description.at("configuration").get_ref<const std::string&>();
    trained.model = std::make_unique<Learner>(dataset.schema(), model_options_of(configuration), 0, make_network, home);
    trained.model->parameters().assign(
        with_vocabularies_of(dataset.schema(), made_for, trained_parameters(checkpoint), trained.model->tables()));
    trained.rows.emplace(rows_for(dataset, checkpoint, tables));
  });
  return trained;
}

TrainedModel read_model(const std::filesystem::path& path, const Dataset& dataset, Communicator& group) {
  const auto checkpoint = read_described_checkpoint(path, group);
  TrainedModel trained;
  agree(group, [&] { trained = trained_model(checkpoint, path, dataset); });
  return trained;
}

namespace {

// The ids of rows of another run's tables that this rank's model wants, by kind: of tables that are parameters here all
// of them, of sharded ones those that it holds; what grows is not taken by ids.
std::vector<at::Tensor> wanted_ids(const Learner& model, const TrainedRows& rows, const CopiedTables& tables) {
  const auto& sharded = model.sharded_tables();
  const auto held = sharded.grow() ? std::vector<at::Tensor>() : sharded.held_ids();
  std::vector<at::Tensor> wanted;
  for (const auto& kind : rows.kinds()) {
    auto ids = at::empty({0}, at::kLong);
    for (const auto& table : tables.list()) {
      if (table.ids_of != kind.ids_of || ids.numel() == kind.ids) continue;
      if (!sharded.contains(table.name))
        ids = at::arange(kind.ids, at::kLong);
      else if (!sharded.grow())
        ids = held[sharded.list_of(sharded[table.name])];
    }
    wanted.push_back(ids);
  }
  return wanted;
}

// The parameters of the other run as this model has them, and of its tables those that are parameters here.
void take_parameters(Learner& model, const Dataset& dataset, const Checkpoint& checkpoint, const CopiedTables& tables) {
  auto& sharded = model.sharded_tables();
  auto by_ids = model.tables();
  for (const auto& table : sharded.list()) by_ids.push_back(table.name);
  NamedTensors dense;
  for (auto& [name, value] : with_vocabularies_of(dataset.schema(), schema_for(dataset, checkpoint),
                                                  trained_parameters(checkpoint), by_ids)) {
    if (!sharded.contains(name))
      dense.emplace_back(name, value);
    else if (!sharded.grow())
      sharded.assign(name, value);
  }
  for (const auto& table : tables.list())
    if (!sharded.contains(table.name))
      dense.emplace_back(table.name, tables.rows(table.name, at::arange(table.ids, at::kLong)));
  model.parameters().assign(dense);
}

// Of growing tables those that this rank holds.
void take_growing(ShardedTables& sharded, const Checkpoint& checkpoint, Communicator& group) {
  Checkpoint own;
  own.shards = shards_of(group.rank(), group.size());
  own.tables = read_table_files(checkpoint.files->folder, checkpoint.files->manifest, own.shards);
  sharded.start_from(own);
}

}  // namespace

void start_from_run(Learner& model, const Dataset& dataset, const std::filesystem::path& path, Communicator& group) {
  const auto checkpoint = read_described_checkpoint(path, group);
  const auto tables = tables_of(checkpoint);
  auto& sharded = model.sharded_tables();
  std::optional<TrainedRows> rows;
  agree(group, [&] {
    require(!sharded.grow() || tables_grow(checkpoint),
            fmt::format("train.start-from: the tables of {} do not grow, and those of this run do; set "
                        "tables.most-rows = 0, or start from a run whose tables grow",
                        path.string()));
    of_run(path, [&] {
      const TableHome home = {.copied = tables};
      const Learner declared(dataset.schema(), model.options(), 0, make_network, home, LearnerValues::kNone);
      rows.emplace(rows_for(dataset, checkpoint, tables));
    });
  });
  rows->copy(wanted_ids(model, *rows, *tables), group,
             sharded.empty() ? std::filesystem::path() : sharded.list().front().spill);
  agree(group, [&] {
    of_run(path, [&] {
      take_parameters(model, dataset, checkpoint, *tables);
      if (sharded.grow())
        take_growing(sharded, checkpoint, group);
      else
        sharded.take(*tables);
    });
  });
}

}  // namespace warmstart
