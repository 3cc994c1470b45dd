#include "app/checkpoint_model.h"

#include <fmt/format.h>

#include <limits>
#include <map>

#include "app/provenance.h"
#include "base/errors.h"
#include "base/json.h"
#include "trainer/learner/extended_vocabulary.h"
#include "trainer/learner/named_ids.h"
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

Checkpoint read_described_checkpoint(const std::filesystem::path& path) {
  return read_checkpoint(path, [](const Manifest& manifest) { check_description(manifest.description); });
}

namespace {

// The checkpoint's parameters as a model for the data set has them.  Throws DataError where the model was made for
// another schema.
NamedTensors parameters_for(const Dataset& dataset, const Checkpoint& checkpoint,
                            const std::vector<std::string>& tables) {
  const auto made_for = schema_from_json(checkpoint.description.at("schema"));
  if (const auto differs = difference(made_for, dataset.schema()); !differs.empty()) {
    throw DataError(fmt::format(
        "the model does not fit the data set: {}; use the data set it was trained on, or train again", differs));
  }
  std::map<IdsOf, RowNames> names;
  const auto parameters = trained_parameters(checkpoint, [&](IdsOf ids) -> const RowNames& {
    return names.try_emplace(ids, names_of_ids(dataset, ids)).first->second;
  });
  // Rows of growing tables are by the data set's own ids already.
  auto by_earlier_ids = tables;
  for (const auto& table : checkpoint.tables)
    if (table.grows()) std::erase(by_earlier_ids, table.name);
  return with_vocabularies_of(dataset.schema(), made_for, parameters, by_earlier_ids);
}

}  // namespace

std::unique_ptr<Learner> read_model(const std::filesystem::path& path, const Dataset& dataset) {
  const auto checkpoint = read_described_checkpoint(path);
  try {
    const auto& configuration = checkpoint.description.at("configuration").get_ref<const std::string&>();
    auto model = std::make_unique<Learner>(dataset.schema(), model_options_of(configuration), 0);
    model->parameters().assign(parameters_for(dataset, checkpoint, model->tables()));
    return model;
  } catch (const Error& error) {  // also the model's own: its options are the checkpoint's
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

void start_from_run(Learner& model, const Dataset& dataset, const std::filesystem::path& path) {
  const auto checkpoint = read_described_checkpoint(path);
  auto& sharded = model.sharded_tables();
  require(
      !sharded.grow() || !growth_in(checkpoint).empty(),
      fmt::format("train.start-from: the tables of {} do not grow, and those of this run do; set tables.most-rows = "
                  "0, or start from a run whose tables grow",
                  path.string()));
  try {
    auto tables = model.tables();
    for (const auto& table : sharded.list()) tables.push_back(table.name);
    NamedTensors dense;
    for (auto& [name, value] : parameters_for(dataset, checkpoint, tables)) {
      if (!sharded.contains(name))
        dense.emplace_back(name, value);
      else if (!sharded.grow())
        sharded.assign(name, value);
    }
    model.parameters().assign(dense);
    if (sharded.grow()) sharded.start_from(checkpoint);
  } catch (const Error& error) {
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace warmstart
