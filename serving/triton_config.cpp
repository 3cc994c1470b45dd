#include "serving/triton_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace warmstart {
namespace {

// A string of the format: field names may hold quotes.
std::string quoted(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '"' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
  return '"' + result + '"';
}

std::string values(const char* kind, const std::vector<GraphValue>& values) {
  std::string text = fmt::format("{} [", kind);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::vector<std::string> sizes;
    for (const auto& size : values[i].sizes) sizes.push_back(is_free(size) ? "-1" : size);
    text += fmt::format("{}\n  {{ name: {} data_type: {} dims: [ {} ] }}", i == 0 ? "" : ",", quoted(values[i].name),
                        values[i].is_ids ? "TYPE_INT64" : "TYPE_FP32", fmt::join(sizes, ", "));
  }
  return text + "\n]\n";
}

}  // namespace

std::string triton_config(const std::string& name, const TracedModel& model) {
  return fmt::format(
      "name: {}\nbackend: \"onnxruntime\"\nmax_batch_size: 0\n{}{}version_policy {{ latest {{ num_versions: 2 }} }}\n",
      quoted(name), values("input", model.inputs), values("output", model.outputs));
}

}  // namespace warmstart
