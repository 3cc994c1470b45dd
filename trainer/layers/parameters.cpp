#include "trainer/layers/parameters.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <numeric>

#include "base/errors.h"

namespace warmstart {

void Parameters::add(const std::string& name, ParameterGroup group, std::vector<std::int64_t> sizes, Initial initial) {
  index_[name] = list_.size();
  list_.push_back({name, group, std::move(sizes), std::move(initial), {}});
}

double Parameters::count() const {
  double count = 0;
  for (const auto& parameter : list_)
    count += std::accumulate(parameter.sizes.begin(), parameter.sizes.end(), 1.0, std::multiplies<>());
  return count;
}

void Parameters::flatten(const at::TensorOptions& options) {
  flat_ = at::empty({static_cast<std::int64_t>(count())}, options);
  std::int64_t offset = 0;
  for (auto& parameter : list_) {
    const auto size = c10::multiply_integers(parameter.sizes);
    const auto place = flat_.narrow(0, offset, size).view(parameter.sizes);
    place.copy_(parameter.value.defined() ? parameter.value.detach() : parameter.initial());
    parameter.value = place.detach().requires_grad_();
    offset += size;
  }
}

std::vector<at::Tensor> Parameters::values() const {
  std::vector<at::Tensor> values;
  for (const auto& parameter : list_) values.push_back(parameter.value);
  return values;
}

Layout Parameters::layout() const {
  Layout layout;
  for (const auto& parameter : list_) layout.push_back({parameter.name, parameter.sizes});
  return layout;
}

void Parameters::assign(const NamedTensors& named) {
  if (named.size() != list_.size()) {
    throw DataError(fmt::format("the checkpoint holds {} parameters, the model {}", named.size(), list_.size()));
  }
  for (const auto& [name, value] : named) {
    const auto found = index_.find(name);
    if (found == index_.end() || value.sizes() != list_[found->second].value.sizes())
      throw DataError(fmt::format("the checkpoint's parameter '{}' does not fit the model's", name));
    list_[found->second].value.detach().copy_(value);
  }
}

}  // namespace warmstart
