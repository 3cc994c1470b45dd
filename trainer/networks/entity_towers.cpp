#include "trainer/networks/entity_towers.h"

#include "base/errors.h"

namespace warmstart {
namespace {

std::string name_of(FieldOf of) {
  if (of == FieldOf::kRow) return "row.";
  return of == FieldOf::kEntity ? "item." : "user.";
}

// Those that the data set has fields of.
std::vector<RowPart> parts_of(const FeatureLayout& layout) {
  std::vector<RowPart> parts = {row_part(layout, FieldOf::kEntity), row_part(layout, FieldOf::kUser)};
  require(!parts.back().is_empty(),
          "model.network = entity-towers has a tower for items and one for users, and rows of this data set have no "
          "users; set model.network = two-tower, or ingest tables with data.task = scenario");
  if (auto own = row_part(layout, FieldOf::kRow); !own.is_empty()) parts.push_back(std::move(own));
  return parts;
}

}  // namespace

EntityTowers::EntityTowers(const NetworkParts& parts)
    : embedding_(add_embedding(parts)), key_bias_(add_key_bias(parts)) {
  auto of_rows = parts_of(parts.layout);
  own_ = parts.options.features / (std::ssize(of_rows) + 1);
  products_ = parts.options.features - std::ssize(of_rows) * own_;
  for (auto& part : of_rows) towers_.push_back(add_tower_of(parts, std::move(part)));
  parts.parameters.add("mean", ParameterGroup::kNetwork, {1}, Initialiser::zeros({1}));
}

// Of the row's own fields there are no hidden layers, which each row would have to go through.
EntityTowers::Tower EntityTowers::add_tower_of(const NetworkParts& parts, RowPart part) const {
  const auto name = name_of(part.of);
  const auto columns = std::ssize(part.dense), embedding = parts.options.embedding;
  const auto linear = [&](const char* layer, std::int64_t inputs) {
    return parts.layers.add_linear(name + layer, inputs, outputs(),
                                   with_small_last_row(parts.draw.uniform({outputs(), inputs}, inputs)));
  };
  const auto dense = parts.layers.add_dense_fields(name + "input", columns, embedding,
                                                   parts.draw.uniform({embedding, columns}, columns));
  if (part.of == FieldOf::kRow) return {std::move(part), dense, {}, std::nullopt, linear("skip", embedding)};
  auto hidden = add_tower(parts, embedding, name);
  const auto output = linear("output", tower_width(parts.options, embedding));
  return {std::move(part), dense, std::move(hidden), output, linear("skip", embedding)};
}

RowVars EntityTowers::forward(Pass& pass) const {
  std::vector<Var> parts;
  for (const auto& tower : towers_)
    parts.push_back(pass.once_each(tower.part, [&](Pass& things) { return through(things, tower); }));
  std::vector<Var> features = {sum_of_products(pass, parts)};
  auto base = pass.add(pass.key(key_bias_), pass.parameter("mean"));
  for (const auto part : parts) {
    features.push_back(pass.columns(part, products_, own_));
    base = pass.add(base, pass.columns(part, outputs() - 1, 1));
  }
  return {pass.concatenate(features), base};
}

Var EntityTowers::through(Pass& pass, const Tower& tower) const {
  const auto x = pass.drop(pass.fields(embedding_, tower.dense));
  const auto past = pass.linear(tower.skip, x);
  if (!tower.output) return past;
  return pass.linear(*tower.output, through_tower(pass, tower.hidden, x), {.start = past});
}

// a b + (a + b) c + ..
Var EntityTowers::sum_of_products(Pass& pass, const std::vector<Var>& parts) const {
  const auto factor = [&](std::size_t i) { return pass.columns(parts[i], 0, products_); };
  auto before = factor(0), sum = pass.multiply(before, factor(1));
  for (std::size_t i = 2; i < parts.size(); ++i) {
    before = pass.add(before, factor(i - 1));
    sum = pass.add(sum, pass.multiply(before, factor(i)));
  }
  return sum;
}

}  // namespace warmstart
