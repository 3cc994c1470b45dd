#pragma once

#include <vector>

#include "cluster/background_sum.h"
#include "trainer/parameters.h"

namespace warmstart {

// The flat gradient of a meta-step, in buckets of consecutive parameters, the last ones first, as the reverse pass meets them.
// Each bucket is summed over ranks as soon as the last microbatch has its share, while the pass goes on; how many there are
// changes no bit of a fixed-order sum.
class GradientBuckets {
 public:
  // Behind the gradient come `tail` numbers of the caller's.  A bucket holds whole parameters, of `bucket_bytes` at most unless one
  // is larger.  `parameters` are not laid out anew while this lives.
  GradientBuckets(const Parameters& parameters, std::int64_t tail, std::int64_t bucket_bytes, Communicator& group, Reduction reduction);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  // Adds the gradient of a microbatch's `loss`, and its `tail` [tail].  With `last`, collective: starts the sums over ranks.
  void add(const at::Tensor& loss, const at::Tensor& tail, bool last);

  // Collective, after add(.., last).  The gradient and the tail, summed over microbatches and ranks: [P + tail], on the parameters'
  // device, valid until the next add().
  at::Tensor& take();

  std::size_t size() const { return buckets_.size(); }
  double summed_seconds() const { return sum_.busy_seconds(); }     // of the sums over ranks
  double unhidden_seconds() const { return sum_.waited_seconds(); }  // of these, after the reverse pass had ended

 private:
  struct Bucket {
    std::size_t first = 0, end;           // parameters
    std::int64_t offset = 0, length = 0;  // in the flat gradient
    std::size_t missing = 0;
    TreeSum sum = {};
  };
  void meet(std::size_t parameter, const at::Tensor& gradient);
  void pass_on_complete();
  void pass_on(Bucket& bucket);

  std::vector<at::Tensor> values_, gradients_;
  std::vector<unsigned> hooks_;
  std::vector<Bucket> buckets_;
  std::vector<std::size_t> bucket_of_;  // by parameter
  std::size_t next_ = 0;                // bucket to pass on
  at::Tensor tail_, total_;
  bool last_ = false;
  BackgroundSum sum_;
};

}  // namespace warmstart
