#include "trainer/layers/rows.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <map>

namespace warmstart {
namespace {

// The products of all pairs of distinct rows' id weights: [N, N].
at::Tensor id_products(const IdBags& bags, std::int64_t count) {
  const auto& weights = bags.weights;
  if (!bags.offsets.defined())
    return bags.ids.unsqueeze(1).eq(bags.ids).to(weights.options()) * weights * weights.unsqueeze(1);
  const auto [ids, column, counts] = at::_unique2(bags.ids, true, true);
  auto dense = at::zeros({count, ids.size(0)}, weights.options());
  dense.index_put_({row_of_each_id(bags), column}, weights, true);
  return at::mm(dense, dense.t());
}

}  // namespace

at::Tensor row_of_each_id(const IdBags& bags) {
  const auto ends = at::cat({bags.offsets.slice(0, 1), at::full({1}, bags.ids.size(0), bags.ids.options())});
  return at::repeat_interleave(ends - bags.offsets);
}

struct Rows::Distinct {
  std::int64_t count = 0;
  IdBags fields, keys;
  at::Tensor dense;
  const Dropout* dropout = nullptr;
  bool recorded = false;  // whether autograd goes back through what is computed here, whoever asks first
  std::map<std::string, at::Tensor> computed;
  std::map<const IdBags*, at::Tensor> id_products;
};

Rows::Rows(const TensorBatch& batch, const Dropout* dropout)
    : distinct_(std::make_shared<Distinct>()), gathered_(std::make_shared<std::map<std::string, at::Tensor>>()) {
  const auto count = batch.key.size(0);
  const auto options = batch.rows.weights.options();
  auto weights = batch.rows.weights;
  auto known = batch.key.ne(0).to(options);
  if (dropout) {
    known = known * dropout->kept_keys(count, options);
    weights = weights.index_copy(0, batch.rows.offsets, known);  // the key comes first in each row
  }
  distinct_->count = count;
  distinct_->fields = {batch.rows.ids, batch.rows.offsets, weights};
  distinct_->keys = {batch.key, {}, known};
  distinct_->dense = batch.rows.dense;
  distinct_->dropout = dropout;
  distinct_->recorded = c10::GradMode::is_enabled();
}

Rows::Rows(std::shared_ptr<Distinct> distinct, at::Tensor place, at::Tensor support_place)
    : distinct_(std::move(distinct)),
      place_(std::move(place)),
      support_place_(std::move(support_place)),
      gathered_(std::make_shared<std::map<std::string, at::Tensor>>()) {}

Rows Rows::placed(const at::Tensor& place, const at::Tensor& support_place) const {
  return {distinct_, place, support_place};
}

const IdBags& Rows::fields() const { return distinct_->fields; }
const IdBags& Rows::keys() const { return distinct_->keys; }
const at::Tensor& Rows::distinct_dense() const { return distinct_->dense; }

at::Tensor Rows::dense() const {
  return shared("dense", [&] { return distinct_->dense; });
}

at::Tensor Rows::shared(const std::string& name, const std::function<at::Tensor()>& compute) const {
  const c10::AutoGradMode mode(distinct_->recorded);
  auto& computed = distinct_->computed[name];
  if (!computed.defined()) computed = compute();
  if (!place_.defined()) return computed;
  auto& gathered = (*gathered_)[name];
  if (!gathered.defined()) gathered = this->gathered(computed);
  return gathered;
}

at::Tensor Rows::gathered(const at::Tensor& distinct) const {
  if (!place_.defined()) return distinct;
  auto sizes = place_.sizes().vec();
  sizes.insert(sizes.end(), distinct.sizes().begin() + 1, distinct.sizes().end());
  return distinct.index_select(0, place_.reshape({-1})).view(sizes);
}

at::Tensor Rows::mask(std::uint64_t number, std::int64_t width) const {
  if (!distinct_->dropout) return {};
  // Rows have the even masks, tasks the odd ones.
  return shared("mask." + std::to_string(number), [&] {
    return distinct_->dropout->mask(2 * number, distinct_->count, width, distinct_->dense.options());
  });
}

at::Tensor Rows::same_ids(const IdBags& bags) const {
  auto& products = distinct_->id_products[&bags];
  if (!products.defined()) products = id_products(bags, distinct_->count);
  auto& same = (*gathered_)[&bags == &distinct_->keys ? "same_keys" : "same_ids"];
  if (!same.defined()) same = products.index({place_.unsqueeze(2), support_place_.unsqueeze(1)});
  return same;
}

}  // namespace warmstart
