#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "serving/traced_model.h"

namespace warmstart {

// How tables and the weights of linear layers are kept; products and solutions are in float32 whatever this says.
enum class WeightPrecision {
  kFloat32,
  kFloat16,
  kInt8,  // symmetric, a scale for each row of a table, and for each output of a layer
};
NLOHMANN_JSON_SERIALIZE_ENUM(WeightPrecision, {{WeightPrecision::kFloat32, "fp32"},
                                               {WeightPrecision::kFloat16, "fp16"},
                                               {WeightPrecision::kInt8, "int8"}})

// Writes the graph as an ONNX model, opset 17, IR 8, checked by ONNX's own checker, complete or absent.  Tables and
// weights go from where they lie into the file; those of models above 1.5 GB to files beside it, since an ONNX file
// holds no more than 2.  Throws std::logic_error naming an operator that has no rule, and EnvironmentError when the
// disk refuses.
void write_onnx_model(const TracedModel& model, const std::filesystem::path& path,
                      WeightPrecision precision = WeightPrecision::kFloat32);

}  // namespace warmstart
