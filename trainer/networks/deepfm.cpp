#include "trainer/networks/deepfm.h"

namespace warmstart {
namespace {

// Of all fields' vectors in a row; the dense fields have one together.
std::int64_t width_of_fields(const NetworkParts& parts) {
  return (static_cast<std::int64_t>(parts.layout.first_row_ids.size()) + 1) * parts.options.embedding;
}

}  // namespace

DeepFm::DeepFm(const NetworkParts& parts)
    : features_(parts.options.embedding + tower_width(parts.options, width_of_fields(parts))),
      inputs_(parts.options.embedding),
      fields_(add_fields(parts)),
      linear_(add_linear_terms(parts)),
      tower_(add_tower(parts, width_of_fields(parts))) {}

RowVars DeepFm::forward(Pass& pass) const {
  const auto fields = pass.fields_by_field(fields_.embedding, fields_.dense);
  const auto sum = pass.sum_of_fields(fields);
  const auto pairs = pass.drop(products_of_pairs(pass, fields, sum));
  const auto deep = through_tower(pass, tower_, pass.drop(pass.flatten(fields)));
  return {pass.concatenate({pairs, deep}), linear_terms(pass, linear_, fields_.key_bias), pass.drop(sum)};
}

}  // namespace warmstart
