#include "trainer/layers/batch_parameters.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <stdexcept>
#include <utility>

namespace warmstart {

BatchParameters::BatchParameters(const Parameters& parameters, const EmbeddingSource& tables, Microbatches microbatches,
                                 Leaves leaves, FetchedRows fetched)
    : parameters_(parameters),
      tables_(tables),
      microbatches_(std::move(microbatches)),
      leaves_(leaves),
      fetched_(std::move(fetched)),
      recorded_(c10::GradMode::is_enabled()) {}

at::Tensor BatchParameters::leaf(const at::Tensor& value) const {
  return leaves_ == Leaves::kParameters ? value : value.detach().requires_grad_();
}

at::Tensor BatchParameters::operator[](const std::string& name) const {
  const c10::AutoGradMode mode(recorded_);
  auto& [value, lookup, is_table] = used_[name];
  if (!value.defined()) {
    const auto& parameter = parameters_[name];
    auto sizes = parameter.sizes().vec();
    sizes.insert(sizes.begin(), microbatches_.count);
    value = leaf(parameter.unsqueeze(0).expand(sizes));
  }
  return value;
}

at::Tensor BatchParameters::rows(const std::string& table, const IdLookup& lookup) const {
  const c10::AutoGradMode mode(recorded_);
  auto& found = used_[table];
  if (!found.value.defined()) found = {leaf(fetched(table, lookup)), lookup, true};
  if (!found.lookup.ids.is_same(lookup.ids))
    throw std::logic_error(table + ": looked up by two lists of ids in one batch");
  return found.value;
}

at::Tensor BatchParameters::fetched(const std::string& table, const IdLookup& lookup) const {
  const auto found = fetched_.find(table);
  return found == fetched_.end() ? tables_.fetch(table, lookup.ids) : found->second;
}

at::Tensor BatchParameters::constant(double value) const {
  return at::full({microbatches_.count}, value, parameters_.flat().options());
}

}  // namespace warmstart
