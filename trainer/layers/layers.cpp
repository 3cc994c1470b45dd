#include "trainer/layers/layers.h"

#include "trainer/layers/initialiser.h"

namespace warmstart {

LayerId Layers::add(Layer layer, Initial weight, Initial bias) {
  parameters_.add(layer.name + ".weight", ParameterGroup::kNetwork, {layer.outputs, layer.inputs}, std::move(weight));
  if (bias) parameters_.add(layer.name + ".bias", ParameterGroup::kNetwork, {layer.outputs}, std::move(bias));
  list_.push_back(std::move(layer));
  return list_.size() - 1;
}

LayerId Layers::add_linear(const std::string& name, std::int64_t inputs, std::int64_t outputs, Initial weight) {
  return add({name, LayerKind::kLinear, inputs, outputs, false}, std::move(weight), nullptr);
}

LayerId Layers::add_linear(const std::string& name, std::int64_t inputs, std::int64_t outputs, Initial weight,
                           Initial bias) {
  return add({name, LayerKind::kLinear, inputs, outputs, true}, std::move(weight), std::move(bias));
}

LayerId Layers::add_dense_fields(const std::string& name, std::int64_t inputs, std::int64_t outputs, Initial weight) {
  return add({name, LayerKind::kDenseFields, inputs, outputs, true}, std::move(weight), Initialiser::zeros({outputs}));
}

LayerId Layers::add_embedding(TableDeclaration table, std::vector<std::int64_t> first_ids) {
  list_.push_back({table.name, LayerKind::kEmbedding, 0, table.width, false, std::move(first_ids)});
  tables_.add(std::move(table));
  return list_.size() - 1;
}

LayerId Layers::add_warp(const std::string& name, std::int64_t width) {
  return add(
      {.name = name, .kind = LayerKind::kLinear, .inputs = width, .outputs = width, .has_bias = false, .warps = true},
      Initialiser::zeros({width, width}), nullptr);
}

void Layers::modulate(LayerId layer) {
  list_[layer].first_gain = modulation_size_;
  modulation_size_ += 2 * list_[layer].outputs;
}

void Layers::add_rates() const {
  for (LayerId layer = 0; layer < list_.size(); ++layer) {
    if (adapts(layer)) rule_.add_layer(parameters_, list_[layer].name, list_[layer].inputs, list_[layer].outputs);
  }
}

bool Layers::adapts(LayerId layer) const {
  const auto& options = rule_.options();
  if (options.steps == 0 || options.scope == Scope::kHead || list_[layer].warps) return false;
  return options.scope == Scope::kAll || list_[layer].kind != LayerKind::kEmbedding;
}

bool Layers::any_adapts() const {
  for (LayerId layer = 0; layer < list_.size(); ++layer)
    if (adapts(layer)) return true;
  return false;
}

bool Layers::any_embedding_adapts() const {
  for (LayerId layer = 0; layer < list_.size(); ++layer)
    if (adapts(layer) && list_[layer].kind == LayerKind::kEmbedding) return true;
  return false;
}

double Layers::multiply_adds() const {
  double sum = 0.0;
  for (const auto& layer : list_) sum += static_cast<double>(layer.inputs) * static_cast<double>(layer.outputs);
  return sum;
}

LayerPlan Layers::plan(LayerId layer, std::int64_t support, std::int64_t query) const {
  const auto& options = rule_.options();
  const AdaptedShape shape = {list_[layer].inputs, list_[layer].outputs, support, query, options.steps};
  return {list_[layer].name, options.form == Form::kAuto ? cheaper_form(shape) : options.form, shape};
}

std::vector<LayerPlan> Layers::plan(std::int64_t support, std::int64_t query) const {
  std::vector<LayerPlan> plans;
  for (LayerId layer = 0; layer < list_.size(); ++layer) {
    if (adapts(layer) && list_[layer].kind != LayerKind::kEmbedding) plans.push_back(plan(layer, support, query));
  }
  return plans;
}

}  // namespace warmstart
