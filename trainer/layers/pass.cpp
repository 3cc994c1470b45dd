#include "trainer/layers/pass.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "trainer/arithmetic/plain_arithmetic.h"
#include "trainer/arithmetic/softmax.h"
#include "trainer/arithmetic/task_product.h"
#include "trainer/layers/embed.h"

namespace warmstart {
namespace {

// Of [.., F, width]: over the fields, one after the other, since a sum of LibTorch's may go another way by how many
// rows there are.
at::Tensor sum_in_order(const at::Tensor& fields) {
  if (PlainArithmetic::stands()) return fields.sum(-2);
  const auto parts = fields.unbind(-2);
  return std::accumulate(parts.begin() + 1, parts.end(), parts[0]);
}

// A part of a tensor: products of operands that lie in one piece do not go another way by where they begin.
at::Tensor in_one_piece(const at::Tensor& part) { return PlainArithmetic::stands() ? part : part.contiguous(); }

}  // namespace

// Gradients at nodes and at layers, as they are found.
class Pass::Gradients {
 public:
  explicit Gradients(const Pass& pass) : pass_(pass), at_nodes_(pass.nodes_.size()) {}

  void add(Var x, const at::Tensor& gradient) {
    if (!pass_.adapts(x)) return;
    auto& sum = at_nodes_[x.node];
    sum = sum.defined() ? sum + gradient : gradient;
  }
  void add(LayerGradient gradient) {
    if (pass_.layers_.shared().adapts(gradient.layer)) at_layers_.push_back(std::move(gradient));
  }
  at::Tensor take(std::size_t node) { return std::exchange(at_nodes_[node], {}); }
  std::vector<LayerGradient> at_layers() && { return std::move(at_layers_); }

 private:
  const Pass& pass_;
  std::vector<at::Tensor> at_nodes_;
  std::vector<LayerGradient> at_layers_;
};

Var Pass::add_node(at::Tensor value, bool adapts, std::function<void(const at::Tensor&, Gradients&)> back) {
  nodes_.push_back({std::move(value), adapts, std::move(back)});
  return {nodes_.size() - 1};
}

Var Pass::parameter(const std::string& name) {
  return add_node(rows_.of_microbatches(layers_.parameters()[name]), false, nullptr);
}

std::function<at::Tensor()> Pass::shared_embedding(const std::string& table, const Rows& rows,
                                                   const IdBags& bags) const {
  return [&rows, &parameters = layers_.parameters(), &bags, table] {
    return rows.shared(table + ".alone", [&] { return embed(parameters, table, bags); });
  };
}

Var Pass::fields(LayerId embedding, LayerId dense, Of of) {
  const auto& layers = layers_.shared();
  const auto& table = layers[embedding].name;
  const auto& rows = this->rows(of);
  auto x = rows.shared(table, [&] {
    const auto embedded = embed(layers_.parameters(), table, rows.fields());
    return layers_.unadapted(dense).forward(rows.distinct_dense(), embedded);
  });
  if (layers.adapts(dense)) x = layers_.linear(dense).forward(rows.dense(), x);
  if (layers.adapts(embedding)) x = layers_.embedding(embedding).forward(rows.same_ids(rows.fields()), x);
  return add_node(x, layers.adapts(dense) || layers.adapts(embedding),
                  [=, this, &rows](const auto& d, Gradients& gradients) {
                    gradients.add({dense, rows.dense(), d});
                    gradients.add({embedding, {}, d, shared_embedding(table, rows, rows.fields())});
                  });
}

Var Pass::fields_by_field(LayerId embedding, LayerId dense) {
  const auto& layers = layers_.shared();
  const auto& first_ids = layers[embedding].first_ids;
  const auto count = static_cast<std::int64_t>(first_ids.size());
  const auto shared = [&rows = rows_, &parameters = layers_.parameters(), &layer = layers[embedding], count] {
    return rows.shared(layer.name,
                       [&] { return embed_by_field(parameters, layer.name, rows.by_field(layer.first_ids), count); });
  };
  auto x = shared();
  auto last =
      rows_.shared(layers[dense].name, [&] { return layers_.unadapted(dense).forward(rows_.distinct_dense()); });
  if (layers.adapts(embedding)) x = layers_.embedding(embedding).forward(rows_.same_ids_by_field(first_ids), x);
  if (layers.adapts(dense)) last = layers_.linear(dense).forward(rows_.dense(), last);
  const bool adapts = layers.adapts(dense) || layers.adapts(embedding);
  return add_node(at::cat({x, last.unsqueeze(-2)}, -2), adapts, [=, this](const auto& d, Gradients& gradients) {
    gradients.add({dense, rows_.dense(), in_one_piece(d.select(-2, count))});
    gradients.add({embedding, {}, d.narrow(-2, 0, count), shared});
  });
}

Var Pass::key(LayerId table) {
  const auto& layers = layers_.shared();
  const auto& name = layers[table].name;
  auto x = rows_.shared(name, [&] { return embed(layers_.parameters(), name, rows_.keys()); });
  if (layers.adapts(table)) x = layers_.embedding(table).forward(rows_.same_ids(rows_.keys()), x);
  return add_node(x, layers.adapts(table), [=, this](const auto& d, Gradients& gradients) {
    gradients.add({table, {}, d, shared_embedding(name, rows_, rows_.keys())});
  });
}

Var Pass::once_each(const RowPart& part, const std::function<Var(Pass&)>& compute) {
  const auto things = rows_.part(part);
  const auto layers = layers_.unadapted(things.microbatches());
  Pass of_things(layers, things);
  of_things.masks_ = masks_;
  const auto found = compute(of_things);
  masks_ = of_things.masks_;
  return add_node(rows_.of_part(part.of, of_things.value(found)), false, nullptr);
}

Var Pass::linear(LayerId layer, Var x, const LinearUse& use) {
  const auto& adapted = layers_.linear(layer);
  const Activation activation = {.rectifies = use.rectifies,
                                 .slope = use.slope,
                                 .mask = use.drops ? next_mask(layers_.shared()[layer].outputs) : at::Tensor()};
  const auto start = use.start;
  const auto out = adapted.forward(value(x), start ? value(*start) : at::Tensor(), activation);
  const bool adapts = layers_.shared().adapts(layer) || this->adapts(x) || (start && this->adapts(*start));
  return add_node(out, adapts, [=, this, &adapted](const auto& d, Gradients& gradients) {
    const bool activates = activation.rectifies || activation.mask.defined();
    const auto passed = adapted.backward(d, out, activation);
    const auto& before = activates ? passed.first : d;
    if (start) gradients.add(*start, before);
    gradients.add(x, passed.second);
    gradients.add({layer, value(x), before});
  });
}

Var Pass::modulate(LayerId layer, Var x) {
  const auto& modulation = layers_.modulation();
  if (!modulation.defined()) return x;
  const auto first = layers_.shared()[layer].first_gain, width = layers_.shared()[layer].outputs;
  const auto factor = 1.0 + modulation.narrow(2, first, width), shift = modulation.narrow(2, first + width, width);
  return add_node(value(x) * factor + shift, adapts(x),
                  [=](const auto& d, Gradients& gradients) { gradients.add(x, d * factor); });
}

Var Pass::drop(Var x, Of of) {
  const auto mask = next_mask(value(x).size(-1), of);
  if (!mask.defined()) return x;
  return add_node(value(x) * mask, adapts(x), [=](const auto& d, Gradients& gradients) { gradients.add(x, d * mask); });
}

Var Pass::add(Var a, Var b) {
  return add_node(value(a) + value(b), adapts(a) || adapts(b), [=, this](const auto& d, Gradients& gradients) {
    for (const auto part : {a, b}) gradients.add(part, at::sum_to(d, value(part).sizes()));
  });
}

Var Pass::multiply(Var a, Var b) {
  return add_node(value(a) * value(b), adapts(a) || adapts(b), [=, this](const auto& d, Gradients& gradients) {
    gradients.add(a, d * value(b));
    gradients.add(b, d * value(a));
  });
}

Var Pass::scale(Var x, double factor) {
  return add_node(value(x) * factor, adapts(x),
                  [=](const auto& d, Gradients& gradients) { gradients.add(x, d * factor); });
}

Var Pass::sum_of_fields(Var x) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(value(x).dim()), -1);
  sizes[sizes.size() - 2] = value(x).size(-2);
  return add_node(sum_in_order(value(x)), adapts(x),
                  [=](const auto& d, Gradients& gradients) { gradients.add(x, d.unsqueeze(-2).expand(sizes)); });
}

Var Pass::flatten(Var x) {
  const std::vector<std::int64_t> sizes = {value(x).size(-2), value(x).size(-1)};
  return add_node(value(x).flatten(-2), adapts(x),
                  [=](const auto& d, Gradients& gradients) { gradients.add(x, d.unflatten(-1, sizes)); });
}

Var Pass::concatenate(const std::vector<Var>& parts) {
  std::vector<at::Tensor> values;
  values.reserve(parts.size());
  for (const auto part : parts) values.push_back(value(part));
  const bool any_adapts = std::any_of(parts.begin(), parts.end(), [this](Var part) { return adapts(part); });
  return add_node(at::cat(values, -1), any_adapts, [=, this](const auto& d, Gradients& gradients) {
    std::int64_t first = 0;
    for (const auto part : parts) {
      const auto width = value(part).size(-1);
      gradients.add(part, in_one_piece(d.narrow(-1, first, width)));
      first += width;
    }
  });
}

Var Pass::columns(Var x, std::int64_t first, std::int64_t count) {
  const auto behind = value(x).size(-1) - first - count;
  return add_node(value(x).narrow(-1, first, count), adapts(x), [=](const auto& d, Gradients& gradients) {
    gradients.add(x, at::constant_pad_nd(d, {first, behind}));
  });
}

Var Pass::attend(Var queries, Var keys, Var values) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(value(queries).size(-1)));
  const auto products = task_product(value(queries) * scale, value(keys).transpose(1, 2));
  const auto weights = softmax_beside_zero(products, history_->may_attend);
  const bool any_adapts = adapts(queries) || adapts(keys) || adapts(values);
  return add_node(task_product(weights, value(values)), any_adapts, [=, this](const auto& d, Gradients& gradients) {
    const auto of_weights = task_product(d, value(values).transpose(1, 2));
    const auto of_products = weights * (of_weights - (weights * of_weights).sum(2, true)) * scale;
    gradients.add(values, task_product(weights.transpose(1, 2), d));
    gradients.add(queries, task_product(of_products, value(keys)));
    gradients.add(keys, task_product(of_products.transpose(1, 2), value(queries)));
  });
}

std::vector<LayerGradient> Pass::backward(const std::vector<std::pair<Var, at::Tensor>>& at_outputs) const {
  Gradients gradients(*this);
  for (const auto& [x, gradient] : at_outputs) gradients.add(x, gradient);
  for (auto node = nodes_.size(); node-- > 0;) {
    if (const auto d = gradients.take(node); d.defined()) nodes_[node].back(d, gradients);
  }
  return std::move(gradients).at_layers();
}

}  // namespace warmstart
