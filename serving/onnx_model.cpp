#include "serving/onnx_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/serialization/export.h>

#include <functional>
#include <map>
#include <numeric>
#include <stdexcept>
#include <unordered_map>

#include "serving/onnx_builder.h"
#include "serving/onnx_file.h"

namespace warmstart {
namespace {

namespace jit = torch::jit;
using jit::Node;
using jit::Value;
using Values = OnnxBuilder::Values;

constexpr std::int64_t kOpset = 17;
constexpr double kMostBytes = 1.5e9;  // in one file
constexpr std::size_t kLargeBytes = 4096;

// A traced node on its way to ONNX: its arguments, and the rule's result.
class Context {
 public:
  Context(OnnxBuilder& build, std::unordered_map<Value*, Value*>& values, Node& node)
      : build_(build), values_(values), node_(node) {}

  OnnxBuilder& build() { return build_; }
  std::size_t arguments() const { return node_.inputs().size(); }
  at::ScalarType result_type() const { return type_of(node_.outputs()[0]); }

  bool is_none(std::size_t i) const { return node_.inputs()[i]->type()->kind() == c10::TypeKind::NoneType; }
  double number(std::size_t i) const { return constant(i).toScalar().toDouble(); }
  bool flag(std::size_t i) const { return constant(i).toBool(); }
  std::int64_t integer(std::size_t i) const { return constant(i).toInt(); }
  std::vector<std::int64_t> integers(std::size_t i) const {
    if (const auto found = jit::toIValue(node_.inputs()[i])) return found->toIntVector();
    std::vector<std::int64_t> values;
    for (auto* value : node_.inputs()[i]->node()->inputs()) values.push_back(jit::toIValue(value)->toInt());
    return values;
  }
  Values tensors(std::size_t i) const {
    Values found;
    for (auto* value : node_.inputs()[i]->node()->inputs()) found.push_back(of(value));
    return found;
  }

  // A list of tensors that are constants.
  std::vector<at::Tensor> parameters(std::size_t i) const {
    if (const auto found = jit::toIValue(node_.inputs()[i])) return found->toTensorVector();
    std::vector<at::Tensor> found;
    for (auto* value : node_.inputs()[i]->node()->inputs()) found.push_back(jit::toIValue(value).value().toTensor());
    return found;
  }

  // A tensor argument that is a constant.
  std::optional<at::Tensor> parameter(std::size_t i) const {
    const auto found = jit::toIValue(node_.inputs()[i]);
    return found && found->isTensor() ? std::optional(found->toTensor()) : std::nullopt;
  }

  // A tensor argument, or a number as one of the type.
  Value* tensor(std::size_t i) const { return of(node_.inputs()[i]); }
  Value* tensor(std::size_t i, at::ScalarType type) const {
    auto* value = node_.inputs()[i];
    if (const auto found = jit::toIValue(value)) {
      return build_.constant(found->isTensor() ? found->toTensor().to(type)
                                               : at::scalar_tensor(found->toScalar(), type));
    }
    return build_.cast(of(value), type_of(value), type);
  }

  at::ScalarType type(std::size_t i) const { return type_of(node_.inputs()[i]); }
  // The node's result number `i` beside the first.
  void give(std::size_t i, Value* value) { values_[node_.outputs()[i]] = value; }

  std::int64_t rank(std::size_t i) const {
    return static_cast<std::int64_t>(*node_.inputs()[i]->type()->expect<c10::TensorType>()->dim());
  }
  // Of the result's last dimension, where it is the model's and not the request's.
  std::int64_t last_size() const {
    const auto type = node_.outputs()[0]->type()->expect<c10::TensorType>();
    return *type->sizes()[*type->dim() - 1];
  }
  std::int64_t dimension(std::size_t i, std::size_t of_tensor) const {
    const auto given = integer(i);
    return given < 0 ? given + rank(of_tensor) : given;
  }

 private:
  const c10::IValue& constant(std::size_t i) const {
    const auto found = jit::toIValue(node_.inputs()[i]);
    if (!found)
      throw std::logic_error(fmt::format("export: argument {} of {} is no constant", i, node_.kind().toQualString()));
    return constants_[i] = *found;
  }

  static at::ScalarType type_of(const Value* value) {
    const auto type = value->type()->cast<c10::TensorType>();
    if (!type || !type->scalarType()) throw std::logic_error("export: a value without a type");
    return *type->scalarType();
  }

  Value* of(Value* value) const {
    auto& made = values_[value];
    if (!made) made = build_.constant(jit::toIValue(value).value().toTensor());
    return made;
  }

  OnnxBuilder& build_;
  std::unordered_map<Value*, Value*>& values_;
  Node& node_;
  mutable std::map<std::size_t, c10::IValue> constants_;
};

using Rule = std::function<Value*(Context&)>;

Rule same_named(const char* name) {
  return [name](Context& c) { return c.build().op(name, {c.tensor(0)}, c.result_type()); };
}

Rule arithmetic(const char* name) {
  return [=](Context& c) {
    const auto type = c.result_type();
    auto* a = c.tensor(0, type);
    auto* b = c.tensor(1, type);
    // add and sub scale the second.
    if (c.arguments() > 2 && c.number(2) != 1.0) b = c.build().op("Mul", {b, c.tensor(2, type)}, type);
    return c.build().op(name, {a, b}, type);
  };
}

Rule comparison(const char* name) {
  return [name](Context& c) {
    const auto type = c.type(0) == at::kBool ? at::kLong : c.type(0);
    return c.build().op(name, {c.tensor(0, type), c.tensor(1, type)}, at::kBool);
  };
}

Value* reshaped(Context& c, const std::vector<std::int64_t>& sizes, at::ScalarType type) {
  return c.build().op("Reshape", {c.tensor(0), c.build().integers(sizes)}, type);
}

// The first dimensions stay (0 says so), whatever a request's sizes are, and `last` are in place of those behind them.
Value* with_last_sizes(Context& c, std::int64_t kept, const std::vector<std::int64_t>& last) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(kept), 0);
  sizes.insert(sizes.end(), last.begin(), last.end());
  return reshaped(c, sizes, c.result_type());
}

Value* permuted(Context& c, Value* value, std::int64_t rank, std::int64_t a, std::int64_t b) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[static_cast<std::size_t>(a)], order[static_cast<std::size_t>(b)]);
  auto* result = c.build().op("Transpose", {value}, c.type(0));
  result->node()->is_(c10::Symbol::attr("perm"), order);
  return result;
}

// Of the shape of the first argument.
Value* filled(Context& c, double value) {
  auto* shape = c.build().op("Shape", {c.tensor(0)}, at::kLong);
  auto* result = c.build().op("ConstantOfShape", {shape}, c.result_type());
  result->node()->t_(c10::Symbol::attr("value"), at::full({1}, value, c.result_type()));
  return result;
}

Value* reduced(Context& c, const char* name, const std::vector<std::int64_t>& dimensions, bool keeps) {
  auto* value = c.tensor(0, c.result_type());
  // Before opset 18, of the reductions the sum alone has its axes as an input.
  const bool is_sum = std::string(name) == "ReduceSum";
  auto* result =
      c.build().op(name, is_sum ? Values{value, c.build().integers(dimensions)} : Values{value}, c.result_type());
  result->node()->i_(c10::Symbol::attr("keepdims"), keeps);
  if (!is_sum) result->node()->is_(c10::Symbol::attr("axes"), dimensions);
  return result;
}

Value* clipped(Context& c, Value* least, Value* most) {
  auto* value = c.tensor(0, c.result_type());
  if (least) value = c.build().op("Max", {value, least}, c.result_type());
  return most ? c.build().op("Min", {value, most}, c.result_type()) : value;
}

Value* linear(Context& c) {
  const auto parameter = c.parameter(1);
  auto* weight = permuted(c, parameter ? c.build().weights(*parameter) : c.tensor(1), 2, 0, 1);
  auto* product = c.build().op("MatMul", {c.tensor(0), weight}, at::kFloat);
  return c.is_none(2) ? product : c.build().op("Add", {product, c.tensor(2)}, at::kFloat);
}

Value* expanded(Context& c) {
  auto sizes = c.integers(1);
  for (auto& size : sizes)
    if (size == -1) size = 1;  // ONNX broadcasts both ways
  return c.build().op("Expand", {c.tensor(0), c.build().integers(sizes)}, c.result_type());
}

Value* sliced(Context& c, std::int64_t dimension, std::int64_t first, std::int64_t end) {
  auto& build = c.build();
  return build.op("Slice", {c.tensor(0), build.integers({first}), build.integers({end}), build.integers({dimension})},
                  c.result_type());
}

Value* padded(Context& c) {
  const auto given = c.integers(1);  // the last dimension's begin and end, then the one's before it
  const auto rank = static_cast<std::size_t>(c.rank(0));
  std::vector<std::int64_t> pads(2 * rank, 0);
  for (std::size_t i = 0; i < given.size() / 2; ++i) {
    pads[rank - 1 - i] = given[2 * i];
    pads[2 * rank - 1 - i] = given[2 * i + 1];
  }
  return c.build().op("Pad", {c.tensor(0), c.build().integers(pads)}, c.result_type());
}

Value* rectifier_gradient(Context& c) {  // d, the rectified result, slope
  auto& build = c.build();
  auto* positive = build.op("Greater", {c.tensor(1), build.constant(at::scalar_tensor(0.0f))}, at::kBool);
  auto* scaled = build.op("Mul", {c.tensor(0), c.tensor(2, at::kFloat)}, at::kFloat);
  return build.op("Where", {positive, c.tensor(0), scaled}, at::kFloat);
}

Value* softplus(Context& c) {
  if (c.number(1) != 1.0) throw std::logic_error("export: softplus with another beta than 1");
  return c.build().op("Softplus", {c.tensor(0)}, at::kFloat);
}

Value* unsqueezed(Context& c) {
  const auto given = c.integer(1);
  return c.build().op("Unsqueeze", {c.tensor(0), c.build().integers({given < 0 ? given + c.rank(0) + 1 : given})},
                      c.result_type());
}

Value* rectified(Context& c) {
  auto* result = c.build().op("LeakyRelu", {c.tensor(0)}, at::kFloat);
  result->node()->f_(c10::Symbol::attr("alpha"), c.number(1));
  return result;
}

Value* selected(Context& c) {
  auto* result = c.build().op("Gather", {c.tensor(0), c.build().integer(c.integer(2))}, c.result_type());
  result->node()->i_(c10::Symbol::attr("axis"), c.dimension(1, 0));
  return result;
}

Value* joined(Context& c) {
  auto* result = c.build().op("Concat", c.tensors(0), c.result_type());
  const auto dimension = c.integer(1);
  result->node()->i_(c10::Symbol::attr("axis"), dimension);
  return result;
}

Value* squared(Context& c) {
  auto* value = c.tensor(0);
  return c.build().op("Mul", {value, value}, c.result_type());
}

// One layer over rows [R, T, in], from the memory `start`: hidden states [R, T, H], and the last memory [1, T, H].
// LibTorch's parameters have gates in another order than ONNX's, which `order` names them in.
Value* recurrent(Context& c, const char* name, Values start, const std::vector<std::int64_t>& order) {
  auto& build = c.build();
  const auto parameters = c.parameters(2);  // input and hidden weights, input and hidden biases
  const auto gates = [&](const at::Tensor& values) {
    const auto parts = values.chunk(static_cast<std::int64_t>(order.size()));
    std::vector<at::Tensor> ordered;
    ordered.reserve(order.size());
    for (const auto gate : order) ordered.push_back(parts[static_cast<std::size_t>(gate)]);
    return at::cat(ordered);
  };
  const auto of_direction = [&](const at::Tensor& values) { return build.constant(values.unsqueeze(0)); };
  Values inputs = {c.tensor(0), of_direction(gates(parameters[0])), of_direction(gates(parameters[1])),
                   of_direction(at::cat({gates(parameters[2]), gates(parameters[3])})), build.none()};
  inputs.insert(inputs.end(), start.begin(), start.end());
  auto* node = build.make(name, inputs, 1 + start.size());
  node->i_(c10::Symbol::attr("hidden_size"), parameters[1].size(1));
  if (order.size() == 3) node->i_(c10::Symbol::attr("linear_before_reset"), 1);
  for (std::size_t i = 0; i < start.size(); ++i) c.give(1 + i, node->outputs()[1 + i]);
  // Of one direction, [R, 1, T, H].
  return build.op("Squeeze", {node->outputs()[0], build.integers({1})}, at::kFloat);
}

// The values; their places, too.
Value* largest(Context& c) {
  auto& build = c.build();
  auto* node = build.make("TopK", {c.tensor(0), c.tensor(1)}, 2);
  node->i_(c10::Symbol::attr("axis"), c.dimension(2, 0));
  c.give(1, node->outputs()[1]);
  return node->outputs()[0];
}

// Of values element by element, and of products.
std::map<std::string, Rule> arithmetic_rules() {
  return {
      {"aten::add", arithmetic("Add")},
      {"aten::sub", arithmetic("Sub")},
      {"aten::mul", arithmetic("Mul")},
      {"aten::div", arithmetic("Div")},
      {"aten::eq", comparison("Equal")},
      {"aten::gt", comparison("Greater")},
      {"aten::le", comparison("LessOrEqual")},
      {"aten::matmul",
       [](Context& c) {
         return c.build().op("MatMul", {c.tensor(0), c.tensor(1)}, at::kFloat);
       }},
      {"aten::linear", linear},
      {"aten::embedding", [](Context& c) { return c.build().gathered(c.parameter(0).value(), c.tensor(1)); }},
      {"aten::where",
       [](Context& c) {
         return c.build().op("Where", {c.tensor(0), c.tensor(1, c.result_type()), c.tensor(2, c.result_type())},
                             c.result_type());
       }},
      {"aten::sigmoid", same_named("Sigmoid")},
      {"aten::tanh", same_named("Tanh")},
      {"aten::exp", same_named("Exp")},
      {"aten::sqrt", same_named("Sqrt")},
      {"aten::abs", same_named("Abs")},
      {"aten::neg", same_named("Neg")},
      {"aten::isnan", same_named("IsNaN")},
      {"aten::reciprocal", same_named("Reciprocal")},
      {"aten::rsqrt",
       [](Context& c) {
         return c.build().op("Reciprocal", {c.build().op("Sqrt", {c.tensor(0)}, at::kFloat)}, at::kFloat);
       }},
      {"aten::square", squared},
      {"aten::softplus", softplus},
      {"aten::leaky_relu", rectified},
      {"aten::leaky_relu_backward", rectifier_gradient},
      {"aten::clamp",
       [](Context& c) {
         return clipped(c, c.is_none(1) ? nullptr : c.tensor(1, c.result_type()),
                        c.is_none(2) ? nullptr : c.tensor(2, c.result_type()));
       }},
      {"aten::clamp_min", [](Context& c) { return clipped(c, c.tensor(1, c.result_type()), nullptr); }},
      {"aten::clamp_max", [](Context& c) { return clipped(c, nullptr, c.tensor(1, c.result_type())); }},
  };
}

// Of sums, and of what changes a shape.
std::map<std::string, Rule> shape_rules() {
  return {
      {"aten::sum", [](Context& c) { return reduced(c, "ReduceSum", c.integers(1), c.flag(2)); }},
      {"aten::amax", [](Context& c) { return reduced(c, "ReduceMax", c.integers(1), c.flag(2)); }},
      {"aten::cumsum",
       [](Context& c) {
         return c.build().op("CumSum", {c.tensor(0), c.build().integer(c.integer(1))}, c.result_type());
       }},
      {"aten::empty_like", [](Context& c) { return filled(c, 0.0); }},
      {"aten::zeros_like", [](Context& c) { return filled(c, 0.0); }},
      {"aten::ones_like", [](Context& c) { return filled(c, 1.0); }},
      {"aten::full_like", [](Context& c) { return filled(c, c.number(1)); }},
      {"aten::unsqueeze", unsqueezed},
      {"aten::squeeze",
       [](Context& c) {
         return c.build().op("Squeeze", {c.tensor(0), c.build().integers({c.dimension(1, 0)})}, c.result_type());
       }},
      // A number of the graph is a vector of one value there.
      {"aten::Int", [](Context& c) { return reshaped(c, {1}, at::kLong); }},
      {"aten::topk", largest},
      {"aten::gru",  // r, z, n; there z, r, n
       [](Context& c) {
         return recurrent(c, "GRU", {c.tensor(1)}, {1, 0, 2});
       }},
      {"aten::lstm",  // i, f, g, o; there i, o, f, g
       [](Context& c) {
         return recurrent(c, "LSTM", c.tensors(1), {0, 3, 1, 2});
       }},
      {"aten::reshape", [](Context& c) { return reshaped(c, c.integers(1), c.result_type()); }},
      {"aten::flatten", [](Context& c) { return with_last_sizes(c, c.dimension(1, 0), {c.last_size()}); }},
      {"aten::unflatten", [](Context& c) { return with_last_sizes(c, c.dimension(1, 0), c.integers(2)); }},
      {"aten::expand", expanded},
      {"aten::transpose",
       [](Context& c) { return permuted(c, c.tensor(0), c.rank(0), c.dimension(1, 0), c.dimension(2, 0)); }},
      {"aten::narrow",
       [](Context& c) { return sliced(c, c.dimension(1, 0), c.integer(2), c.integer(2) + c.integer(3)); }},
      {"aten::select", selected},
      {"aten::cat", joined},
      {"aten::constant_pad_nd", padded},
      {"aten::to", [](Context& c) { return c.build().cast(c.tensor(0), c.type(0), c.result_type()); }},
      {"aten::detach", [](Context& c) { return c.tensor(0); }},
  };
}

const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> rules = [] {
    auto all = arithmetic_rules();
    all.merge(shape_rules());
    return all;
  }();
  return rules;
}

bool is_structure(const std::string& kind) { return kind == "prim::Constant" || kind == "prim::ListConstruct"; }

c10::TypePtr type_of(const GraphValue& value) {
  std::vector<std::optional<std::int64_t>> sizes;
  sizes.reserve(value.sizes.size());
  for (const auto& size : value.sizes) {
    auto& number = sizes.emplace_back();
    if (!is_free(size)) number = std::stoll(size);
  }
  return c10::TensorType::create(value.is_ids ? at::kLong : at::kFloat, at::kCPU,
                                 c10::VaryingShape<std::int64_t>(sizes), c10::VaryingShape<std::int64_t>(sizes.size()),
                                 false);
}

OnnxBuilder translated(const TracedModel& model, WeightPrecision precision) {
  OnnxBuilder build(precision);
  std::unordered_map<Value*, Value*> values;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    auto* input = build.graph->addInput(model.inputs[i].name);
    input->setType(type_of(model.inputs[i]));
    values[model.graph->inputs()[i]] = input;
  }
  for (auto* node : model.graph->nodes()) {
    const std::string kind = node->kind().toQualString();
    if (is_structure(kind)) continue;
    const auto rule = rules().find(kind);
    if (rule == rules().end())
      throw std::logic_error(fmt::format("export: the operator {} has no rule for ONNX", kind));
    Context context(build, values, *node);
    values[node->outputs()[0]] = rule->second(context);
  }
  for (std::size_t i = 0; i < model.outputs.size(); ++i) {
    // An output may be another's value, or an input's.
    const auto type = model.outputs[i].is_ids ? at::kLong : at::kFloat;
    auto* output = build.op("Identity", {values.at(model.graph->outputs()[i])}, type);
    output->setType(type_of(model.outputs[i]));
    output->setDebugName(model.outputs[i].name);
    build.graph->registerOutput(output);
  }
  return build;
}

using DynamicAxes = std::unordered_map<std::string, std::unordered_map<std::int64_t, std::string>>;

void add_axes(DynamicAxes& axes, const std::vector<GraphValue>& values) {
  for (const auto& value : values) {
    for (std::size_t d = 0; d < value.sizes.size(); ++d) {
      const auto& size = value.sizes[d];
      if (is_free(size)) axes[value.name][static_cast<std::int64_t>(d)] = size;
    }
  }
}

using Initializers = std::map<std::string, at::Tensor>;

// Of which no copy is to be made; others may as well be copied.
Initializers large_tensors(const Initializers& all) {
  Initializers large;
  for (const auto& [name, tensor] : all)
    if (tensor.nbytes() > kLargeBytes) large[name] = tensor;
  return large;
}

// Of the same type, and with as many sizes.
at::Tensor stand_in(const at::Tensor& tensor) {
  return at::zeros(std::vector<std::int64_t>(static_cast<std::size_t>(tensor.dim()), 1), tensor.options());
}

}  // namespace

void write_onnx_model(const TracedModel& model, const std::filesystem::path& path, WeightPrecision precision) {
  const auto build = translated(model, precision);
  DynamicAxes axes;
  add_axes(axes, model.inputs);
  add_axes(axes, model.outputs);
  double bytes = 0.0;
  for (const auto& [name, tensor] : build.initializers) bytes += static_cast<double>(tensor.nbytes());
  const bool apart = bytes > kMostBytes;
  const auto large = apart ? Initializers() : large_tensors(build.initializers);
  auto initializers = build.initializers;
  for (const auto& [name, tensor] : large) initializers[name] = stand_in(tensor);
  const auto proto = std::get<0>(jit::export_onnx(build.graph, initializers, kOpset, axes, false,
                                                  ::torch::onnx::OperatorExportTypes::ONNX, true, false, {}, true,
                                                  apart, path.string()));
  const auto text = jit::serialize_model_proto_to_string(proto);
  if (!apart) jit::check_onnx_proto(onnx_without_numbers(text, large));
  write_onnx(text, large, path);
}

}  // namespace warmstart
