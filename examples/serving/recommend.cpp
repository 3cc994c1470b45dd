// Recommendations of an exported model in ONNX Runtime: recommend MODELS/NAME/VERSION ITEM=LABEL...
//
// As recommend.py does it, without Python: task fields stay unknown here; a service sets them like the others.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/errors.h"
#include "base/json.h"
#include "data/cleaning.h"
#include "serving/model_repository.h"
#include "serving/onnx_runtime.h"

namespace warmstart {
namespace {

using Ratings = std::deque<std::pair<std::string, float>>;

// The last of each item, oldest first, as many as the model takes.
Ratings latest_ratings(const std::vector<std::string>& arguments, const ExportedModel& model) {
  const auto& schema = model.catalogue().schema();
  const auto most = static_cast<std::size_t>(integer_at(model.description(), "most_support", 1));
  Ratings kept;
  for (auto argument = arguments.rbegin(); argument != arguments.rend(); ++argument) {
    const auto equals = argument->rfind('=');
    require(equals != std::string::npos, fmt::format("'{}' is not ITEM=LABEL", *argument));
    const auto key = argument->substr(0, equals);
    const auto label = number_in(schema.label, argument->substr(equals + 1));
    require(label >= schema.label_min && label <= schema.label_max,
            fmt::format("label {} is outside [{}, {}], the model's range", label, schema.label_min, schema.label_max));
    if (kept.size() < most && !std::ranges::count(kept, key, &Ratings::value_type::first))
      kept.emplace_front(key, static_cast<float>(label));
  }
  return kept;
}

RequestRow row_of(const Catalogue& catalogue, const std::string& key) {
  const auto entity = catalogue.find(key);
  auto row = entity ? catalogue.fields(*entity) : RequestRow();
  const auto& schema = catalogue.schema();
  row.resize(schema.fields_of(FieldOwner::kEntity).size() + schema.fields_of(FieldOwner::kRow).size());
  return row;
}

void recommend(const std::filesystem::path& folder, const std::vector<std::string>& arguments) {
  const auto runtime = OnnxRuntime::load();
  require(runtime != nullptr, "there is no ONNX Runtime here: set WARMSTART_ONNXRUNTIME to its shared library");
  const ExportedModel model(folder);
  const auto& catalogue = model.catalogue();
  const auto ratings = latest_ratings(arguments, model);
  RequestTask task;
  task.fields.resize(catalogue.schema().fields_of(FieldOwner::kTask).size());
  for (const auto& [key, label] : ratings) {
    task.support.push_back(row_of(catalogue, key));
    task.labels.push_back(label);
  }
  std::vector<std::string> keys;
  for (std::size_t entity = 0; entity < catalogue.entities(); ++entity) {
    const auto& key = catalogue.key(entity);
    if (std::ranges::count(ratings, key, &Ratings::value_type::first)) continue;
    keys.push_back(key);
    task.candidates.push_back(row_of(catalogue, key));
  }
  const auto request = request_of(catalogue.schema(), {task});
  NamedValues inputs;
  for (const auto& input : model.inputs(GraphKind::kModel)) inputs[input.name] = request.at(input.name);
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
