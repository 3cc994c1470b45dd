#include "trainer/training/gradient_buckets.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>
#include <numeric>

#include "trainer/tables/tree_of_rows.h"

namespace warmstart {

GradientBuckets::GradientBuckets(const Parameters& parameters, std::int64_t tail, std::int64_t bucket_bytes,
                                 Communicator& group, Reduction reduction)
    : values_(parameters.values()),
      tail_length_(tail),
      bucket_bytes_(bucket_bytes),
      group_(group),
      bucket_of_(values_.size()),
      offset_(values_.size()),
      divided_(static_cast<std::int64_t>(parameters.flat().nbytes()) <= bucket_bytes),
      sum_(group, reduction) {
  std::vector<std::size_t> order(values_.size());
  std::iota(order.begin(), order.end(), 0);
  fill(order, std::numeric_limits<std::int64_t>::max());
  for (std::size_t i = 0; i < values_.size(); ++i) index_[parameters.list()[i].name] = i;
}

void GradientBuckets::fill(const std::vector<std::size_t>& order, std::int64_t bucket_bytes) {
  buckets_.clear();
  for (const auto i : order) {
    const auto added = static_cast<std::int64_t>(values_[i].nbytes());
    const auto item = static_cast<std::int64_t>(values_[i].element_size());
    if (buckets_.empty() || buckets_.back().size * item > bucket_bytes - added) buckets_.emplace_back();
    auto& bucket = buckets_.back();
    bucket.parameters.push_back(i);
    bucket_of_[i] = buckets_.size() - 1;
    offset_[i] = bucket.size;
    bucket.size += values_[i].numel();
  }
  buckets_.front().size += tail_length_;
}

void GradientBuckets::begin_pass(const at::Tensor& tails) {
  for (auto& bucket : buckets_) {
    bucket.missing = bucket.parameters.size();
    bucket.gradient = at::zeros({bucket.size}, tails.options());
  }
  auto& first = buckets_.front();
  first.gradient.narrow(0, first.size - tail_length_, tail_length_).copy_(sum_as_tree(tails));
  next_ = 0;
  met_.clear();
}

void GradientBuckets::add(const at::Tensor& loss, const BatchParameters& parameters, const at::Tensor& tails, bool last,
                          bool held, const TakeRows& elsewhere) {
  begin_pass(tails);
  last_ = last;
  held_ = held;
  std::vector<at::Tensor> leaves;
  for (const auto& [name, leaf] : parameters.used()) {
    leaves.push_back(leaf.value);
    watch(name, leaf, elsewhere);
  }
  torch::autograd::grad({loss}, leaves, {}, std::nullopt, false, /*allow_unused=*/true);
  // What no loss depends on.
  std::vector<bool> is_met(values_.size());
  for (const auto i : met_) is_met[i] = true;
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (!is_met[i]) meet(i);
}

void GradientBuckets::watch(const std::string& name, const BatchParameters::Leaf& leaf, const TakeRows& elsewhere) {
  const auto parameter = index_.find(name);
  if (parameter == index_.end()) {
    leaf.value.register_hook([name, elsewhere](const at::Tensor& gradient) { elsewhere(name, gradient.detach()); });
    return;
  }
  leaf.value.register_hook([this, &leaf, i = parameter->second](const at::Tensor& gradient) {
    const at::NoGradGuard no_grad;
    sum_over_microbatches(leaf, i, gradient.detach());
    meet(i);
  });
}

void GradientBuckets::release() {
  held_ = false;
  pass_on_full();
}

void GradientBuckets::sum_over_microbatches(const BatchParameters::Leaf& leaf, std::size_t parameter,
                                            const at::Tensor& gradient) {
  const auto& value = values_[parameter];
  const auto sum = buckets_[bucket_of_[parameter]].gradient.narrow(0, offset_[parameter], value.numel());
  if (leaf.is_table)
    add_tree_of_rows(sum.view(value.sizes()), gradient, leaf.lookup);
  else
    sum.view(value.sizes()).copy_(sum_as_tree(gradient));
}

// As the reverse pass is done with a parameter, on its thread.
void GradientBuckets::meet(std::size_t parameter) {
  met_.push_back(parameter);
  --buckets_[bucket_of_[parameter]].missing;
  if (!held_) pass_on_full();
}

// In one order on all ranks, whatever order their passes meet the parameters in.
void GradientBuckets::pass_on_full() {
  while (next_ < buckets_.size() && buckets_[next_].missing == 0) pass_on(buckets_[next_++]);
}

void GradientBuckets::pass_on(Bucket& bucket) {
  bucket.sum.add(std::exchange(bucket.gradient, {}));
  if (!last_) return;
  bucket.total = bucket.sum.take();
  sum_.start(bucket.total);
}

at::Tensor GradientBuckets::take() {
  sum_.wait();
  auto total = in_layout();
  if (!divided_) divide();
  return total;
}

at::Tensor GradientBuckets::in_layout() const {
  if (!divided_ || buckets_.size() == 1) return buckets_.front().total;
  std::vector<at::Tensor> pieces(values_.size() + 1);
  for (const auto& bucket : buckets_) {
    std::int64_t offset = 0;
    for (const auto i : bucket.parameters) {
      pieces[i] = bucket.total.narrow(0, offset, values_[i].numel());
      offset += values_[i].numel();
    }
  }
  const auto& first = buckets_.front().total;
  pieces.back() = first.narrow(0, first.numel() - tail_length_, tail_length_);
  return at::cat(pieces);
}

// Collective.  By the order in which rank 0's pass met the parameters.
void GradientBuckets::divide() {
  auto order = at::tensor(std::vector<std::int64_t>(met_.begin(), met_.end())).to(group_.device_type());
  group_.broadcast(order, 0);
  order = order.cpu();
  const auto* parameters = order.const_data_ptr<std::int64_t>();
  fill({parameters, parameters + order.numel()}, bucket_bytes_);
  divided_ = true;
}

}  // namespace warmstart
