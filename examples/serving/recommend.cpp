// Recommendations of an exported model in ONNX Runtime: recommend MODELS/NAME/VERSION ITEM=LABEL...
//
// As recommend.py does it, without Python: task fields stay unknown here; a service sets them like the others.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/errors.h"
#include "base/json.h"
#include "data/cleaning.h"
#include "serving/model_repository.h"
#include "serving/onnx_runtime.h"

namespace warmstart {
namespace {

using Ratings = std::vector<std::pair<std::string, float>>;

std::pair<std::string, float> rating(const std::string& argument, const Schema& schema) {
  const auto equals = argument.rfind('=');
  require(equals != std::string::npos, fmt::format("'{}' is not ITEM=LABEL", argument));
  const auto label = number_in(schema.label, argument.substr(equals + 1));
  require(label >= schema.label_min && label <= schema.label_max,
          fmt::format("label {} is outside [{}, {}], the model's range", label, schema.label_min, schema.label_max));
  return {argument.substr(0, equals), static_cast<float>(label)};
}

// The last of each item, oldest first, as many as the model takes.
Ratings latest(const Ratings& ratings, std::size_t most) {
  Ratings kept;
  std::set<std::string> later;
  for (auto one = ratings.rbegin(); one != ratings.rend() && kept.size() < most; ++one)
    if (later.insert(one->first).second) kept.push_back(*one);
  return {kept.rbegin(), kept.rend()};
}

RequestRow row_of(const Catalogue& catalogue, const std::string& key) {
  const auto entity = catalogue.find(key);
  auto row = entity ? catalogue.fields(*entity) : RequestRow();
  const auto& schema = catalogue.schema();
  row.resize(schema.fields_of(FieldOwner::kEntity).size() + schema.fields_of(FieldOwner::kRow).size());
  return row;
}

// The keys of what is not rated.
std::vector<std::string> candidates_of(const Catalogue& catalogue, const Ratings& ratings) {
  std::set<std::string> rated;
  for (const auto& [key, label] : ratings) rated.insert(key);
  std::vector<std::string> keys;
  for (std::size_t entity = 0; entity < catalogue.entities(); ++entity)
    if (!rated.contains(catalogue.key(entity))) keys.push_back(catalogue.key(entity));
  return keys;
}

NamedValues request_of(const ExportedModel& model, const Ratings& ratings, const std::vector<std::string>& keys) {
  const auto& catalogue = model.catalogue();
  RequestTask task;
  task.fields.resize(catalogue.schema().fields_of(FieldOwner::kTask).size());
  for (const auto& [key, label] : ratings) {
    task.support.push_back(row_of(catalogue, key));
    task.labels.push_back(label);
  }
  for (const auto& key : keys) task.candidates.push_back(row_of(catalogue, key));
  const auto values = request_of(catalogue.schema(), {task});
  NamedValues taken;
  for (const auto& input : model.inputs(GraphKind::kModel)) taken[input.name] = values.at(input.name);
  return taken;
}

void recommend(const std::filesystem::path& folder, const std::vector<std::string>& arguments) {
  const auto runtime = OnnxRuntime::load();
  require(runtime != nullptr, "there is no ONNX Runtime here: set WARMSTART_ONNXRUNTIME to its shared library");
  const ExportedModel model(folder);
  Ratings given;
  for (const auto& argument : arguments) given.push_back(rating(argument, model.catalogue().schema()));
  const auto ratings = latest(given, static_cast<std::size_t>(integer_at(model.description(), "most_support", 1)));
  const auto keys = candidates_of(model.catalogue(), ratings);
  const auto inputs = request_of(model, ratings, keys);
  const auto answer = OnnxSession(runtime, folder / "model.onnx").run(inputs, {"outputs", "scores"});
  const auto order = answer[0][0].argsort(/*stable=*/true, /*dim=*/0, /*descending=*/true);
  for (std::int64_t i = 0; i < std::min<std::int64_t>(order.size(0), 10); ++i) {
    const auto place = order[i].item<std::int64_t>();
    fmt::print("{}\t{:.6f}\n", keys[static_cast<std::size_t>(place)], answer[1][0][place].item<float>());
  }
}

}  // namespace
}  // namespace warmstart

int main(int argc, char** argv) {
  try {
    warmstart::require(argc > 1, "recommend MODELS/NAME/VERSION ITEM=LABEL...");
    warmstart::recommend(argv[1], {argv + 2, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "recommend: {}\n", error.what());
    return 1;
  }
}
