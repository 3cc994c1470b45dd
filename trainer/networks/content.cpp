#include "trainer/networks/content.h"

#include <ATen/ATen.h>

namespace warmstart {

Content::Content(const NetworkParts& parts)
    : width_(parts.options.embedding), fields_(add_fields(parts)), linear_(add_linear_terms(parts)) {}

RowVars Content::forward(Pass& pass) const {
  const auto fields = pass.fields_by_field(fields_.embedding, fields_.dense);
  const auto sum = pass.sum_of_fields(fields);
  const auto x = pass.drop(sum), pairs = pass.drop(products_of_pairs(pass, fields, sum));
  return {pass.concatenate({x, pairs}), linear_terms(pass, linear_, fields_.key_bias), x};
}

}  // namespace warmstart
