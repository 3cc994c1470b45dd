#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "checkpoints/checkpoint.h"

namespace warmstart {

// What the outer optimizer treats alike.
enum class ParameterGroup { kEmbedding, kNetwork, kInner };

// Makes a parameter's initial value, float32 in host memory.
using Initial = std::function<at::Tensor()>;

struct Parameter {
  std::string name;
  ParameterGroup group;
  std::vector<std::int64_t> sizes;
  Initial initial;
  at::Tensor value;  // after flatten(): a leaf that requires grad and shares memory with the flat tensor
};

// A model's parameters, in one flat tensor: what is reduced, clipped, updated,
// digested and saved at once.
class Parameters {
 public:
  Parameters() = default;
  Parameters(const Parameters&) = delete;  // a copy would share the values
  Parameters& operator=(const Parameters&) = delete;
  Parameters(Parameters&&) = default;

  // Declares a parameter; all of them before flatten().
  void add(const std::string& name, ParameterGroup group, std::vector<std::int64_t> sizes, Initial initial);

  // How many values were declared.  A floating-point number: widths of 10^9 multiply to more than integers hold.
  double count() const;

  // Lays the parameters out as one tensor of the dtype and on the device of `options`: the first time with their
  // initial values, then with those that they have.
  void flatten(const at::TensorOptions& options);

  const at::Tensor& operator[](const std::string& name) const { return list_[index_.at(name)].value; }
  const std::vector<std::int64_t>& sizes_of(const std::string& name) const { return list_[index_.at(name)].sizes; }
  bool contains(const std::string& name) const { return index_.contains(name); }
  const std::vector<Parameter>& list() const { return list_; }
  std::vector<at::Tensor> values() const;
  at::Tensor& flat() { return flat_; }
  const at::Tensor& flat() const { return flat_; }

  // Lets `value` stand for a parameter, as a function of others perhaps; it is no part of the flat tensor.
  void replace(const std::string& name, at::Tensor value) { list_[index_.at(name)].value = std::move(value); }

  // In the order of the flat tensor, for a checkpoint.
  Layout layout() const;
  // In any order.  Throws DataError unless names and shapes are these.
  void assign(const NamedTensors& named);

 private:
  std::vector<Parameter> list_;
  std::map<std::string, std::size_t> index_;
  at::Tensor flat_;
};

}  // namespace warmstart
