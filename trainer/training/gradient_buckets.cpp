#include "trainer/training/gradient_buckets.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>
#include <numeric>

#include "trainer/training/table_gradient.h"

namespace warmstart {

GradientBuckets::GradientBuckets(const Parameters& parameters, std::int64_t tail, std::int64_t bucket_bytes,
                                 Communicator& group, Reduction reduction)
    : values_(parameters.values()),
      gradients_(values_.size()),
      tail_length_(tail),
      bucket_bytes_(bucket_bytes),
      group_(group),
      bucket_of_(values_.size()),
      divided_(static_cast<std::int64_t>(parameters.flat().nbytes()) <= bucket_bytes),
      sum_(group, reduction) {
  std::vector<std::size_t> order(values_.size());
  std::iota(order.begin(), order.end(), 0);
  fill(order, std::numeric_limits<std::int64_t>::max());
  for (std::size_t i = 0; i < values_.size(); ++i) index_[parameters.list()[i].name] = i;
}

void GradientBuckets::fill(const std::vector<std::size_t>& order, std::int64_t bucket_bytes) {
  buckets_.clear();
  std::int64_t bytes = 0;
  for (const auto i : order) {
    const auto added = static_cast<std::int64_t>(values_[i].nbytes());
    if (buckets_.empty() || bytes > bucket_bytes - added) {
      buckets_.push_back({});
      bytes = 0;
    }
    bytes += added;
    buckets_.back().parameters.push_back(i);
    bucket_of_[i] = buckets_.size() - 1;
  }
}

void GradientBuckets::add(const at::Tensor& loss, const BatchParameters& parameters, const at::Tensor& tails,
                          bool last) {
  for (auto& bucket : buckets_) bucket.missing = bucket.parameters.size();
  tail_ = sum_as_tree(tails);
  last_ = last;
  next_ = 0;
  met_.clear();
  std::vector<at::Tensor> leaves;
  for (const auto& [name, leaf] : parameters.used()) {
    leaves.push_back(leaf.value);
    leaf.value.register_hook([this, &leaf, i = index_.at(name)](const at::Tensor& gradient) {
      const at::NoGradGuard no_grad;
      meet(i, summed(leaf, i, gradient.detach()));
    });
  }
  torch::autograd::grad({loss}, leaves, {}, std::nullopt, false, /*allow_unused=*/true);
  // What no loss depends on.
  std::vector<bool> is_met(values_.size());
  for (const auto i : met_) is_met[i] = true;
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (!is_met[i]) meet(i, at::zeros_like(values_[i]).detach());
}

// Over microbatches.
at::Tensor GradientBuckets::summed(const BatchParameters::Leaf& leaf, std::size_t parameter,
                                   const at::Tensor& gradient) const {
  return leaf.is_table ? table_gradient(gradient, leaf.lookup, values_[parameter].size(0)) : sum_as_tree(gradient);
}

// As the reverse pass is done with a parameter, on its thread.
void GradientBuckets::meet(std::size_t parameter, at::Tensor gradient) {
  gradients_[parameter] = std::move(gradient);
  met_.push_back(parameter);
  --buckets_[bucket_of_[parameter]].missing;
  // In one order on all ranks, whatever order their passes meet the parameters in.
  while (next_ < buckets_.size() && buckets_[next_].missing == 0) pass_on(buckets_[next_++]);
}

void GradientBuckets::pass_on(Bucket& bucket) {
  std::vector<at::Tensor> pieces;
  for (const auto i : bucket.parameters) pieces.push_back(std::exchange(gradients_[i], {}).reshape({-1}));
  if (&bucket == &buckets_.front()) pieces.push_back(tail_);
  bucket.sum.add(at::cat(pieces));
  if (!last_) return;
  bucket.total = bucket.sum.take();
  sum_.start(bucket.total);
}

at::Tensor GradientBuckets::take() {
  sum_.wait();
  const auto total = in_layout();
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
