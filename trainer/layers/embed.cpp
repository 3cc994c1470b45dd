#include "trainer/layers/embed.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/bag_sum.h"

namespace warmstart {

at::Tensor embed(const BatchParameters& parameters, const std::string& table, const IdBags& bags) {
  if (bags.padded.defined()) return (parameters.embedding(table, bags.padded) * bags.weights.unsqueeze(-1)).sum(-2);
  const auto rows = parameters.rows(table, bags.lookup);
  const auto& places = bags.lookup.places;
  if (!bags.offsets.defined()) return rows.index_select(0, places) * bags.weights.unsqueeze(1);
  return bag_sum(rows, places, bags.offsets, bags.weights);
}

at::Tensor embed_by_field(const BatchParameters& parameters, const std::string& table, const IdBags& bags,
                          std::int64_t fields) {
  if (bags.padded.defined()) return at::matmul(bags.weights, parameters.embedding(table, bags.padded));
  return embed(parameters, table, bags).unflatten(0, {-1, fields});
}

}  // namespace warmstart
