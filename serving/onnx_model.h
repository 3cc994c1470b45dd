#pragma once

#include <filesystem>
#include <string>

#include "serving/traced_model.h"

namespace warmstart {

// The graph as an ONNX model, opset 17, IR 8, checked by ONNX's own checker.  Throws std::logic_error naming an
// operator that has no rule.  `path`: where the caller will write it; tensors of models above 1.5 GB go to files beside
// it, since an ONNX file holds no more than 2.
std::string onnx_model(const TracedModel& model, const std::filesystem::path& path);

}  // namespace warmstart
