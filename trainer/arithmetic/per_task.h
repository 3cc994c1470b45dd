#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// A tensor's values, task by task; null where there is no tensor.
template <typename Float>
struct PerTask {
  Float* first = nullptr;
  std::int64_t size = 0;
  Float* operator[](std::int64_t task) const { return first ? first + task * size : nullptr; }
};

inline PerTask<const float> read(const at::Tensor& tensor) {
  if (!tensor.defined()) return {};
  return {tensor.const_data_ptr<float>(), tensor.numel() / tensor.size(0)};
}

inline PerTask<float> written(const at::Tensor& tensor) {
  if (!tensor.defined()) return {};
  return {tensor.mutable_data_ptr<float>(), tensor.numel() / tensor.size(0)};
}

}  // namespace warmstart
