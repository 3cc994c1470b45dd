#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "checkpoints/checkpoint.h"

namespace warmstart {

// What the outer optimizer treats alike.
enum class ParameterGroup { kEmbedding, kNetwork, kInner };

struct Parameter {
  std::string name;
  ParameterGroup group;
  at::Tensor value;  // a leaf that requires grad and shares memory with the flat tensor
};

// A model's parameters, in one flat tensor: what is reduced, clipped, updated,
// digested and saved at once.
class Parameters {
 public:
  // Adds a parameter with its initial value; all of them before the first use.
  void add(const std::string& name, ParameterGroup group, const at::Tensor& initial);

  // Lays the parameters out as one tensor of the dtype and on the device of `options`.  Call once after the last add(),
  // or again to change these.
  void flatten(const at::TensorOptions& options);

  const at::Tensor& operator[](const std::string& name) const { return list_[index_.at(name)].value; }
  bool contains(const std::string& name) const { return index_.contains(name); }
  const std::vector<Parameter>& list() const { return list_; }
  std::vector<at::Tensor> values() const;
  at::Tensor& flat() { return flat_; }
  const at::Tensor& flat() const { return flat_; }

  // In the order of the flat tensor, for a checkpoint.
  Layout layout() const;
  // Throws DataError unless names and shapes are these.
  void assign(const NamedTensors& named);

 private:
  std::vector<Parameter> list_;
  std::map<std::string, std::size_t> index_;
  at::Tensor flat_;
};

}  // namespace warmstart
