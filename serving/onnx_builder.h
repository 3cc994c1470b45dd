#pragma once

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "serving/onnx_model.h"

namespace warmstart {

// A matrix in int8 and what its rows are multiplied by.
struct Quantised {
  explicit Quantised(const at::Tensor& weights)
      : values(at::empty(weights.sizes(), at::kChar)), scales(at::empty({weights.size(0)}, at::kFloat)) {
    for (std::int64_t first = 0; first < weights.size(0); first += kRowsAtOnce) {
      const auto count = std::min(kRowsAtOnce, weights.size(0) - first);
      const auto rows = weights.narrow(0, first, count), of_rows = scales.narrow(0, first, count);
      of_rows.copy_((rows.abs().amax(1) / 127.0).clamp_min(1e-30));
      values.narrow(0, first, count).copy_(at::round(rows / of_rows.unsqueeze(1)).clamp(-127, 127));
    }
  }
  static constexpr std::int64_t kRowsAtOnce = 4096;
  at::Tensor values, scales;  // [rows, width], [rows]
};

// Builds a graph of ONNX nodes, whose larger constants are initializers.
class OnnxBuilder {
 public:
  using Value = torch::jit::Value;
  using Values = std::vector<Value*>;

  explicit OnnxBuilder(WeightPrecision precision) : precision_(precision) {}

  // A table's rows by their ids.
  Value* gathered(const at::Tensor& table, Value* ids) {
    if (!is_reduced(table)) return op("Gather", {constant(table), ids}, at::kFloat);
    if (precision_ == WeightPrecision::kFloat16)
      return cast(op("Gather", {initializer(halved(table)), ids}, at::kHalf), at::kHalf, at::kFloat);
    const auto& [values, scales] = quantised(table);
    auto* rows = cast(op("Gather", {initializer(values), ids}, at::kChar), at::kChar, at::kFloat);
    return op("Mul", {rows, op("Gather", {initializer(scales.unsqueeze(1)), ids}, at::kFloat)}, at::kFloat);
  }

  // A layer's weights [out, in].
  Value* weights(const at::Tensor& weights) {
    if (!is_reduced(weights)) return constant(weights);
    if (precision_ == WeightPrecision::kFloat16) return cast(initializer(halved(weights)), at::kHalf, at::kFloat);
    const auto& [values, scales] = quantised(weights);
    auto* result = op("DequantizeLinear", {initializer(values), initializer(scales)}, at::kFloat);
    result->node()->i_(c10::Symbol::attr("axis"), 0);
    return result;
  }

  Value* op(const std::string& name, const Values& inputs, at::ScalarType type) {
    auto* node = make(name, inputs);
    node->output()->setType(c10::TensorType::create(type, std::nullopt, std::nullopt, std::nullopt));
    return node->output();
  }

  Value* constant(const at::Tensor& value) {
    if (value.numel() > kSmallConstant) return initializer(value.contiguous());
    auto* node = make("Constant", {});
    node->t_(c10::Symbol::attr("value"), value.contiguous());
    return typed(node->output(), value);
  }
  Value* none() { return graph->insertNode(graph->createNone())->output(); }
  Value* integers(const std::vector<std::int64_t>& values) { return constant(at::tensor(values, at::kLong)); }
  Value* integer(std::int64_t value) { return constant(at::scalar_tensor(value, at::kLong)); }

  Value* cast(Value* value, at::ScalarType from, at::ScalarType to) {
    if (from == to) return value;
    auto* result = op("Cast", {value}, to);
    result->node()->i_(c10::Symbol::attr("to"), onnx_type(to));
    return result;
  }

  torch::jit::Node* make(const std::string& name, const Values& inputs, std::size_t outputs = 1) {
    auto* node = graph->create(c10::Symbol::fromQualString("onnx::" + name), inputs, outputs);
    graph->appendNode(node);
    return node;
  }

  static std::int64_t onnx_type(at::ScalarType type) {
    if (type == at::kFloat) return 1;
    if (type == at::kChar) return 3;
    if (type == at::kHalf) return 10;
    if (type == at::kLong) return 7;
    if (type == at::kBool) return 9;
    if (type == at::kDouble) return 11;
    throw std::logic_error(fmt::format("export: no ONNX type for {}", c10::toString(type)));
  }

  std::shared_ptr<torch::jit::Graph> graph = std::make_shared<torch::jit::Graph>();
  std::map<std::string, at::Tensor> initializers;

 private:
  static constexpr std::int64_t kSmallConstant = 64;  // values

  Value* typed(Value* value, const at::Tensor& like) {
    value->setType(c10::TensorType::create(like));
    return value;
  }

  bool is_reduced(const at::Tensor& value) const {
    return precision_ != WeightPrecision::kFloat32 && value.dim() == 2 && value.numel() > kSmallConstant;
  }

  // Kept, so that what is used twice is there once.
  const at::Tensor& halved(const at::Tensor& value) {
    return halves_.try_emplace(value.const_data_ptr(), value.to(at::kHalf)).first->second;
  }
  const Quantised& quantised(const at::Tensor& value) {
    return quantised_.try_emplace(value.const_data_ptr(), value).first->second;
  }

  // A parameter that is used twice is there once.
  Value* initializer(const at::Tensor& value) {
    auto& input = inputs_[{value.const_data_ptr(), value.sizes().vec()}];
    if (input) return input;
    const auto name = fmt::format("weights.{}", initializers.size());
    input = graph->addInput(name);
    initializers[name] = value;
    return typed(input, value);
  }

  WeightPrecision precision_;
  std::map<const void*, at::Tensor> halves_;
  std::map<const void*, Quantised> quantised_;
  std::map<std::pair<const void*, std::vector<std::int64_t>>, Value*> inputs_;
};

}  // namespace warmstart
