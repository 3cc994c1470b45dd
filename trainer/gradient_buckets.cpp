#include "trainer/gradient_buckets.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

namespace warmstart {

GradientBuckets::GradientBuckets(const Parameters& parameters, std::int64_t tail, std::int64_t bucket_bytes, Communicator& group,
                                 Reduction reduction)
    : values_(parameters.values()),
      gradients_(values_.size()),
      bucket_of_(values_.size()),
      total_(at::empty({parameters.flat().numel() + tail}, parameters.flat().options())),
      sum_(group, reduction) {
  const auto bytes = [&](std::int64_t numbers) { return numbers * static_cast<std::int64_t>(total_.element_size()); };
  auto offset = total_.numel() - tail;
  for (std::size_t i = values_.size(); i-- > 0;) {
    const auto length = values_[i].numel();
    offset -= length;
    if (buckets_.empty() || bytes(buckets_.back().length + length) > bucket_bytes) buckets_.push_back({.end = i + 1});
    auto& bucket = buckets_.back();
    bucket.first = i;
    bucket.offset = offset;
    bucket.length += length;
    bucket_of_[i] = buckets_.size() - 1;
  }
  buckets_.front().length += tail;
  for (std::size_t i = 0; i < values_.size(); ++i)
    hooks_.push_back(values_[i].register_hook([this, i](const at::Tensor& gradient) { meet(i, gradient); }));
}

GradientBuckets::~GradientBuckets() {
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i].remove_hook(hooks_[i]);
}

void GradientBuckets::add(const at::Tensor& loss, const at::Tensor& tail, bool last) {
  for (auto& bucket : buckets_) bucket.missing = bucket.end - bucket.first;
  tail_ = tail;
  last_ = last;
  next_ = 0;
  const auto gradients = torch::autograd::grad({loss}, values_, {}, std::nullopt, false, /*allow_unused=*/true);
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (!gradients[i].defined()) meet(i, at::zeros_like(values_[i]));
}

at::Tensor& GradientBuckets::take() {
  sum_.wait();
  return total_;
}

// As the reverse pass is done with a parameter, on its thread.
void GradientBuckets::meet(std::size_t parameter, const at::Tensor& gradient) {
  const at::NoGradGuard no_grad;
  gradients_[parameter] = gradient.detach();
  --buckets_[bucket_of_[parameter]].missing;
  pass_on_complete();
}

// In one order on all ranks, whatever order their reverse passes meet the parameters in.
void GradientBuckets::pass_on_complete() {
  while (next_ < buckets_.size() && buckets_[next_].missing == 0) pass_on(buckets_[next_++]);
}

void GradientBuckets::pass_on(Bucket& bucket) {
  std::vector<at::Tensor> pieces;
  for (auto i = bucket.first; i < bucket.end; ++i) pieces.push_back(std::exchange(gradients_[i], {}).reshape({-1}));
  if (bucket.end == values_.size()) pieces.push_back(tail_);
  bucket.sum.add(at::cat(pieces));
  if (!last_) return;
  auto total = total_.narrow(0, bucket.offset, bucket.length);
  total.copy_(bucket.sum.take());
  sum_.start(total);
}

}  // namespace warmstart
