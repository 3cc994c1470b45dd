#include "trainer/learner/two_tower.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/grad_mode.h>

#include "trainer/layers/initialiser.h"
#include "trainer/learner/memory_estimate.h"

namespace warmstart {
namespace {

constexpr double kSlope = 0.1;  // of the leaky rectifiers
constexpr std::uint64_t kContentMask = 0, kFirstTowerMask = 1, kPriorMask = 1000;

at::Tensor bag(const at::Tensor& table, const FeatureTensors& features, const at::Tensor& weights) {
  return std::get<0>(at::embedding_bag(table, features.ids, features.offsets, false, 0, false, weights));
}

// Row n of `table` for each place: [T, R, ...].
at::Tensor rows_at(const at::Tensor& table, const at::Tensor& place) {
  auto shape = place.sizes().vec();
  shape.insert(shape.end(), table.sizes().begin() + 1, table.sizes().end());
  return table.index_select(0, place.reshape({-1})).view(shape);
}

// The products of all pairs of distinct rows' id weights: [N, N].
at::Tensor id_products(const FeatureTensors& features, const at::Tensor& weights) {
  const auto [ids, column, counts] = at::_unique2(features.ids, true, true);
  const auto count = features.offsets.size(0);
  const auto ends =
      at::cat({features.offsets.slice(0, 1), at::full({1}, features.ids.size(0), features.ids.options())});
  const auto row = at::repeat_interleave(ends - features.offsets);
  auto dense = at::zeros({count, ids.size(0)}, weights.options());
  dense.index_put_({row, column}, weights, true);
  return at::mm(dense, dense.t());
}

}  // namespace

// What the tower needs of rows [T, R] (or of the distinct ones [N]).
struct TwoTower::Rows {
  at::Tensor dense;                      // [.., F]
  at::Tensor content;                    // [.., E] before the inner steps' changes and dropout
  at::Tensor content_mask;               // [.., E], undefined outside of training
  std::vector<at::Tensor> hidden_masks;  // one a hidden layer
  at::Tensor key_bias;                   // [..]
  at::Tensor same_ids, same_key;         // [.., S], scope all only; of distinct rows: [N, N]
};

// The task's own parameters: its head, and the other layers as it has adapted them; and the
// inputs of the last pass through the tower.
struct TwoTower::State {
  State(AdaptedLinear input, AdaptedLinear output, AdaptedLinear skip)
      : input(std::move(input)), output(std::move(output)), skip(std::move(skip)) {}

  at::Tensor w, b;        // [T, D], [T, 1]
  at::Tensor w0, b0;      // the prior
  at::Tensor row_counts;  // [T, 1]
  AdaptedLinear input, output, skip;
  std::vector<AdaptedLinear> hidden;
  EmbeddingMemory embeddings, key_bias;
  std::vector<at::Tensor> inputs;  // of the hidden layers; inputs.back(): of the output layer
};

TwoTower::TwoTower(const Schema& schema, const ModelOptions& options, std::uint64_t seed)
    : schema_(schema),
      options_((require_model_memory(schema, options), options)),
      rule_(options.inner) {
  const auto layout = feature_layout(schema);
  const auto embedding = options.embedding, outputs = options.features + 1;
  Initialiser draw(seed);
  const auto network = [&](const std::string& name, const at::Tensor& value) {
    parameters_.add(name, ParameterGroup::kNetwork, value);
  };
  parameters_.add("embedding", ParameterGroup::kEmbedding, draw.normal({layout.row_ids, embedding}, 0.05));
  parameters_.add("key_bias", ParameterGroup::kNetwork, at::zeros({layout.keys}));
  network("input.weight", draw.uniform({embedding, layout.row_dense}, layout.row_dense));
  network("input.bias", at::zeros({embedding}));
  auto width = embedding;
  for (std::size_t layer = 0; layer < options.tower.size(); ++layer) {
    network(layer_name(layer) + ".weight", draw.uniform({options.tower[layer], width}, width));
    network(layer_name(layer) + ".bias", draw.uniform({options.tower[layer]}, width));
    width = options.tower[layer];
  }
  // The last output is the row's bias: it starts near 0, so that start_from() is where scores start.
  auto output = draw.uniform({outputs, width}, width), skip = draw.uniform({outputs, embedding}, embedding);
  output[outputs - 1].mul_(0.1);
  skip[outputs - 1].mul_(0.1);
  network("output.weight", output);
  network("output.bias", at::zeros({outputs}));
  network("skip.weight", skip);
  network("prior.embedding", draw.normal({layout.task_ids, options.prior}, 0.1));
  network("prior.input.weight", draw.uniform({options.prior, layout.task_dense}, layout.task_dense));
  network("prior.input.bias", draw.uniform({options.prior}, options.prior));
  network("prior.output.weight", draw.uniform({outputs, options.prior}, options.prior, 0.1));
  network("prior.output.bias", draw.uniform({outputs}, options.prior));

  rule_.add_head(options.features, parameters_);
  if (wide()) {
    if (options.inner.scope == Scope::kAll) {
      rule_.add_layer("embedding", 0, embedding, parameters_);
      rule_.add_layer("key_bias", 0, 1, parameters_);
    }
    rule_.add_layer("input", layout.row_dense, embedding, parameters_);
    for (std::size_t layer = 0; layer < options.tower.size(); ++layer) {
      rule_.add_layer(layer_name(layer), layer == 0 ? embedding : options.tower[layer - 1], options.tower[layer],
                      parameters_);
    }
    rule_.add_layer("output", width, outputs, parameters_);
    rule_.add_layer("skip", embedding, outputs, parameters_);
  }
  parameters_.flatten(at::kFloat);
}

void TwoTower::start_from(double score, const at::Tensor& key_bias) {
  parameters_["output.bias"].detach()[options_.features].fill_(score);
  if (key_bias.defined()) parameters_["key_bias"].detach().copy_(key_bias);
}

at::Tensor TwoTower::linear(const at::Tensor& x, const std::string& layer) const {
  return at::linear(x, parameters_[layer + ".weight"], parameters_[layer + ".bias"]);
}

std::vector<LayerPlan> TwoTower::plan(std::int64_t support, std::int64_t query) const {
  if (!wide()) return {};
  std::vector<LayerPlan> plans;
  const auto add = [&](const std::string& layer) {
    const auto sizes = parameters_[layer + ".weight"].sizes();
    const AdaptedShape shape = {sizes[1], sizes[0], support, query, options_.inner.steps};
    plans.push_back({layer, options_.inner.form == Form::kAuto ? cheaper_form(shape) : options_.inner.form, shape});
  };
  for (const auto* layer : {"input", "output", "skip"}) add(layer);
  for (std::size_t layer = 0; layer < options_.tower.size(); ++layer) add(layer_name(layer));
  return plans;
}

TwoTower::State TwoTower::start(std::int64_t support, std::int64_t query, Precision precision) const {
  std::map<std::string, Form> forms;
  for (const auto& [layer, form, shape] : plan(support, query)) forms[layer] = form;
  const auto layer = [&](const std::string& name, bool has_bias) {
    return AdaptedLinear(parameters_[name + ".weight"], has_bias ? parameters_[name + ".bias"] : at::Tensor(), has_bias,
                         forms[name], precision);
  };
  // rows.content already includes the shared input layer; this adds only what the task adapted.
  State state(AdaptedLinear({}, {}, true, forms["input"], precision), layer("output", true), layer("skip", false));
  for (std::size_t i = 0; i < options_.tower.size(); ++i) state.hidden.push_back(layer(layer_name(i), true));
  return state;
}

Activation TwoTower::hidden_activation(const Rows& rows, std::size_t layer) const {
  return {
      .rectifies = true, .slope = kSlope, .mask = rows.hidden_masks.empty() ? at::Tensor() : rows.hidden_masks[layer]};
}

TwoTower::Rows TwoTower::distinct_rows(const TensorBatch& batch, const Dropout* dropout) const {
  const auto count = batch.key.size(0);
  const auto options = parameters_.flat().options();
  Rows rows;
  auto weights = batch.rows.weights;
  auto known = batch.key.ne(0).to(options);
  if (dropout) {
    known = known * dropout->kept_keys(count, options);
    weights = weights.index_copy(0, batch.rows.offsets, known);  // the key comes first in each row
    rows.content_mask = dropout->mask(kContentMask, count, options_.embedding, options);
    for (std::size_t layer = 0; layer < options_.tower.size(); ++layer) {
      rows.hidden_masks.push_back(dropout->mask(kFirstTowerMask + layer, count, options_.tower[layer], options));
    }
  }
  rows.dense = batch.rows.dense;
  rows.content = bag(parameters_["embedding"], batch.rows, weights) + linear(rows.dense, "input");
  rows.key_bias = parameters_["key_bias"].index_select(0, batch.key) * known;
  if (wide() && options_.inner.scope == Scope::kAll) {
    rows.same_ids = id_products(batch.rows, weights);
    rows.same_key = batch.key.unsqueeze(1).eq(batch.key).to(options) * known * known.unsqueeze(1);
  }
  return rows;
}

TwoTower::Rows TwoTower::gather(const Rows& distinct, const at::Tensor& place, const at::Tensor& support_place) const {
  Rows rows;
  rows.dense = rows_at(distinct.dense, place);
  rows.content = rows_at(distinct.content, place);
  rows.key_bias = rows_at(distinct.key_bias, place);
  if (distinct.content_mask.defined()) rows.content_mask = rows_at(distinct.content_mask, place);
  for (const auto& mask : distinct.hidden_masks) rows.hidden_masks.push_back(rows_at(mask, place));
  if (distinct.same_ids.defined()) {
    const auto row = place.unsqueeze(2), column = support_place.unsqueeze(1);
    rows.same_ids = distinct.same_ids.index({row, column});
    rows.same_key = distinct.same_key.index({row, column});
  }
  return rows;
}

std::pair<at::Tensor, at::Tensor> TwoTower::prior(const TensorBatch& batch, const Dropout* dropout) const {
  const auto& features = batch.descriptions;
  auto hidden = linear(features.dense, "prior.input");
  if (features.ids.numel() > 0) hidden = hidden + bag(parameters_["prior.embedding"], features, features.weights);
  hidden = at::leaky_relu(hidden, kSlope);
  if (dropout) hidden = hidden * dropout->mask(kPriorMask, batch.tasks, options_.prior, hidden.options());
  const auto head = linear(hidden, "prior.output");
  return {head.narrow(1, 0, options_.features), head.narrow(1, options_.features, 1)};
}

at::Tensor TwoTower::tower(const Rows& rows, State& state) const {
  auto x = state.input.forward(rows.dense, rows.content);
  if (rows.same_ids.defined()) x = state.embeddings.forward(rows.same_ids, x);
  if (rows.content_mask.defined()) x = x * rows.content_mask;
  state.inputs = {x};
  for (std::size_t layer = 0; layer < options_.tower.size(); ++layer)
    state.inputs.push_back(state.hidden[layer].forward(state.inputs.back(), {}, hidden_activation(rows, layer)));
  return state.output.forward(state.inputs.back(), state.skip.forward(x));
}

// Walks back from the output's gradient `d` [T, S, D + 1], adapting each layer by its
// inputs and its outputs' gradient.
void TwoTower::remember(const Rows& rows, State& state, const at::Tensor& d, const at::Tensor& e,
                        const at::Tensor& scale, int step) const {
  const auto first_order = !options_.inner.second_order;
  const auto keep = [&](const at::Tensor& tensor) { return first_order ? tensor.detach() : tensor; };
  const auto rates = [&](const std::string& layer) { return rule_.layer(layer, step, parameters_); };
  const auto& x = state.inputs.front();

  auto back = keep(state.output.backward(d, {}).second);
  auto x_back = keep(state.skip.backward(d, {}).second);
  state.output.add(keep(state.inputs.back()), d, scale, rates("output"));
  state.skip.add(keep(x), d, scale, rates("skip"));
  for (auto layer = options_.tower.size(); layer-- > 0;) {
    const auto [at_outputs, at_inputs] =
        state.hidden[layer].backward(back, state.inputs[layer + 1], hidden_activation(rows, layer));
    back = keep(at_inputs);
    state.hidden[layer].add(keep(state.inputs[layer]), keep(at_outputs), scale, rates(layer_name(layer)));
  }
  x_back = x_back + back;
  if (rows.content_mask.defined()) x_back = x_back * rows.content_mask;
  state.input.add(rows.dense, x_back, scale, rates("input"));
  if (options_.inner.scope != Scope::kAll) return;
  state.embeddings.add(x_back, scale, rates("embedding"));
  state.key_bias.add(e.unsqueeze(2), scale, rates("key_bias"));
}

at::Tensor TwoTower::score(const Rows& rows, const at::Tensor& output, const State& state) const {
  auto key_bias = rows.key_bias;
  if (rows.same_key.defined()) key_bias = state.key_bias.forward(rows.same_key, key_bias.unsqueeze(2)).squeeze(2);
  const auto features = output.narrow(2, 0, options_.features);
  return at::bmm(features, state.w.unsqueeze(2)).squeeze(2) + (output.select(2, options_.features) + key_bias) + state.b;
}

// The gradient of a row's inner loss, e^2 / 2 or binary cross-entropy, by its score.
at::Tensor TwoTower::residual(const at::Tensor& scores, const RowTensors& rows) const {
  const auto predicted = options_.loss == Loss::kBinary ? at::sigmoid(scores) : scores;
  return (predicted - rows.label) * rows.mask;
}

void TwoTower::step(const Rows& support, const RowTensors& labels, State& state, int step) const {
  const auto first_order = !options_.inner.second_order;
  const auto keep = [&](const at::Tensor& tensor) { return first_order ? tensor.detach() : tensor; };
  const auto output = wide() ? tower(support, state) : support.content;
  const auto e = keep(residual(score(support, output, state), labels));
  const auto features = keep(output.narrow(2, 0, options_.features));
  const auto scale = rule_.scale(step, state.row_counts, parameters_);
  if (wide()) {
    const auto d = at::cat({e.unsqueeze(2) * keep(state.w).unsqueeze(1), e.unsqueeze(2)}, 2);
    remember(support, state, d, e, scale.unsqueeze(2), step);
  }
  const auto pull = rule_.pull(parameters_);
  const auto w_gradient = at::bmm(e.unsqueeze(1), features).squeeze(1) + pull[0] * keep(state.w - state.w0);
  const auto b_gradient = e.sum(1, true) + pull[1] * keep(state.b - state.b0);
  const auto rate = rule_.head_rate(step, parameters_).expand({options_.features + 1});
  state.w = state.w - scale * w_gradient * rate.narrow(0, 0, options_.features);
  state.b = state.b - scale * b_gradient * rate.narrow(0, options_.features, 1);
}

void TwoTower::adapt(const Rows& support, const TensorBatch& batch, const Dropout* dropout, State& state) const {
  const auto& labels = batch.support;
  std::tie(state.w0, state.b0) = prior(batch, dropout);
  state.w = state.w0;
  state.b = state.b0;
  state.row_counts = labels.mask.sum(1, true);
  // Tasks without any support row keep their prior.
  const int steps = labels.mask.size(1) == 0 ? 0 : options_.inner.steps;
  for (int step = 0; step < steps; ++step) this->step(support, labels, state, step);
}

at::Tensor TwoTower::scores(const TensorBatch& batch, const Dropout* dropout, Precision precision) const {
  auto distinct = distinct_rows(batch, dropout);
  auto state = start(batch.support.place.size(1), batch.query.place.size(1), precision);
  if (!wide()) {
    // The tower is the same for all tasks: one pass over the distinct rows, whose outputs
    // stand in for their contents from here on.
    const auto output = tower(distinct, state);
    const auto key_bias = distinct.key_bias;
    distinct = {};
    distinct.dense = batch.rows.dense;
    distinct.content = output;
    distinct.key_bias = key_bias;
  }
  const auto support = gather(distinct, batch.support.place, batch.support.place);
  adapt(support, batch, dropout, state);
  const auto query = gather(distinct, batch.query.place, batch.support.place);
  return score(query, wide() ? tower(query, state) : query.content, state);
}

at::Tensor TwoTower::losses(const TensorBatch& batch, const Dropout* dropout, Precision precision) const {
  const auto& query = batch.query;
  const auto scores = this->scores(batch, dropout, precision);
  at::Tensor loss;
  if (options_.loss == Loss::kBinary) {
    loss = at::binary_cross_entropy_with_logits(scores, query.label, {}, {}, at::Reduction::None);
  } else {
    const auto squared = (scores - query.label).square();
    loss = options_.absolute > 0.0 ? squared + options_.absolute * at::sqrt(squared + 0.01) : squared;
  }
  return (loss * query.mask).sum(1) / query.mask.sum(1);
}

at::Tensor TwoTower::predict(const EpisodeBatch& batch) const {
  const at::NoGradGuard no_grad;
  const TensorBatch tensors(batch, parameters_.flat().options());
  auto predicted = scores(tensors, nullptr);
  if (options_.loss == Loss::kBinary) predicted = at::sigmoid(predicted);
  return predicted.clamp(schema_.label_min, schema_.label_max).to(at::kCPU, at::kFloat);
}

}  // namespace warmstart
