#include "trainer/layers/parameters.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/errors.h"

namespace warmstart {

void Parameters::add(const std::string& name, ParameterGroup group, const at::Tensor& initial) {
  index_[name] = list_.size();
  list_.push_back({name, group, initial});
}

void Parameters::flatten(const at::TensorOptions& options) {
  std::vector<at::Tensor> pieces;
  for (const auto& parameter : list_) pieces.push_back(parameter.value.detach().to(options).reshape({-1}));
  flat_ = at::cat(pieces);
  std::int64_t offset = 0;
  for (auto& parameter : list_) {
    const auto count = parameter.value.numel();
    parameter.value = flat_.narrow(0, offset, count).view(parameter.value.sizes()).detach().requires_grad_();
    offset += count;
  }
}

std::vector<at::Tensor> Parameters::values() const {
  std::vector<at::Tensor> values;
  for (const auto& parameter : list_) values.push_back(parameter.value);
  return values;
}

Layout Parameters::layout() const {
  Layout layout;
  for (const auto& parameter : list_) layout.push_back({parameter.name, parameter.value.sizes().vec()});
  return layout;
}

void Parameters::assign(const NamedTensors& named) {
  if (named.size() != list_.size()) {
    throw DataError(fmt::format("the checkpoint holds {} parameters, the model {}", named.size(), list_.size()));
  }
  for (std::size_t i = 0; i < list_.size(); ++i) {
    const auto& [name, value] = named[i];
    if (name != list_[i].name || value.sizes() != list_[i].value.sizes()) {
      throw DataError(
          fmt::format("the checkpoint's parameter '{}' does not fit the model's '{}'", name, list_[i].name));
    }
    list_[i].value.detach().copy_(value);
  }
}

}  // namespace warmstart
