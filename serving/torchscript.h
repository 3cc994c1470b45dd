#pragma once

#include <torch/csrc/jit/api/module.h>

#include <filesystem>

#include "serving/request.h"
#include "serving/traced_model.h"

namespace warmstart {

// The graph as TorchScript: forward() takes the inputs in their order and returns a tuple of the outputs.
void save_torchscript(const TracedModel& model, const std::filesystem::path& path);

// A graph that runs in LibTorch.
class TorchScript {
 public:
  explicit TorchScript(const TracedModel& model);
  // As save_torchscript wrote it.  Throws DataError where it cannot be read.
  TorchScript(const std::filesystem::path& path, std::vector<GraphValue> inputs, std::vector<GraphValue> outputs);

  // The outputs by name, of inputs of which `values` may hold more.  Throws DataError naming an input that it lacks.
  NamedValues run(const NamedValues& values) const;

  const std::vector<GraphValue>& inputs() const { return inputs_; }
  const std::vector<GraphValue>& outputs() const { return outputs_; }
  void save(const std::filesystem::path& path) const;

 private:
  mutable torch::jit::Module module_;  // forward() is not const
  std::vector<GraphValue> inputs_, outputs_;
};

}  // namespace warmstart
