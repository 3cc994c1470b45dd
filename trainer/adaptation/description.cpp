#include "trainer/adaptation/description.h"

#include <ATen/ATen.h>

#include "trainer/layers/embed.h"
#include "trainer/layers/linear.h"

namespace warmstart {
namespace {

constexpr double kSlope = 0.1;  // of the leaky rectifier

}  // namespace

Description::Description(std::string name, std::uint64_t mask_number, const FeatureLayout& layout, std::int64_t width,
                         Initialiser& draw, Parameters& parameters, EmbeddingSource& tables)
    : name_(std::move(name)), mask_number_(mask_number), width_(width) {
  tables.add({name_ + ".embedding", ParameterGroup::kNetwork, IdsOf::kTasks, layout.task_ids, width,
              draw.normal_table(layout.task_ids, width, 0.1)});
  parameters.add(name_ + ".input.weight", ParameterGroup::kNetwork, {width, layout.task_dense},
                 draw.uniform({width, layout.task_dense}, layout.task_dense));
  parameters.add(name_ + ".input.bias", ParameterGroup::kNetwork, {width}, draw.uniform({width}, width));
}

at::Tensor Description::hidden(const BatchParameters& parameters, const Support& support) const {
  const auto& tasks = support.descriptions;
  auto hidden = linear(parameters, name_ + ".input", tasks.dense.unsqueeze(1)).squeeze(1);
  if (!tasks.ids.is_empty()) hidden = hidden + embed(parameters, name_ + ".embedding", tasks.ids);
  hidden = at::leaky_relu(hidden, kSlope);
  if (!support.dropout) return hidden.unsqueeze(1);
  const auto first_tasks = parameters.microbatches().first_tasks(hidden.size(0));
  return (hidden * support.dropout->mask(mask_number_, first_tasks, width_, hidden.options())).unsqueeze(1);
}

}  // namespace warmstart
