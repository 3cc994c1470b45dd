#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace warmstart {

// Writes an ONNX model, complete or absent, in which `tensors` take the places of the initializers of their names:
// their bytes go from where they lie into the file, so that memory holds none of them twice.  `model`: the bytes of one
// whose initializers of these names have the same types, and other sizes.  Throws std::logic_error where it has no such
// initializer, or is no model, and EnvironmentError when the disk refuses.
void write_onnx(const std::string& model, const std::map<std::string, at::Tensor>& tensors,
                const std::filesystem::path& path);

// The same model but for the tensors' numbers, which are left out; their sizes are in it.
std::string onnx_without_numbers(const std::string& model, const std::map<std::string, at::Tensor>& tensors);

}  // namespace warmstart
