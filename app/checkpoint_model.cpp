#include "app/checkpoint_model.h"

#include <fmt/format.h>

#include "base/errors.h"

namespace warmstart {

Checkpoint checkpoint_of(const TwoTower& model, const Dataset& dataset, std::int64_t step, const std::string& configuration, int ranks) {
  return {step,
          {{"model", to_json(model.options())},
           {"schema", to_json(dataset.schema())},
           {"dataset_digest", dataset.digest()},
           {"configuration", configuration},
           {"ranks", ranks},
           {"created_by", "warmstart 0.1.0"}},
          model.parameters().named()};
}

TwoTower read_model(const std::filesystem::path& path, const Schema& schema) {
  const auto checkpoint = read_checkpoint(path);
  try {
    const auto made_for = schema_from_json(checkpoint.description.at("schema"));
    if (const auto differs = difference(made_for, schema); !differs.empty()) {
      throw DataError(fmt::format("the model does not fit the data set: {}; use the data set it was trained on, or train again", differs));
    }
    TwoTower model(schema, model_options_from_json(checkpoint.description.at("model")), 0);
    model.parameters().assign(checkpoint.parameters);
    return model;
  } catch (const DataError& error) {
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  } catch (const nlohmann::json::exception& error) {
    throw DataError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace warmstart
