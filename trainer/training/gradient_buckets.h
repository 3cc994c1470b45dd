#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cluster/background_sum.h"
#include "trainer/layers/batch_parameters.h"

namespace warmstart {

// The flat gradient of a meta-step, in buckets of parameters.  Each bucket is summed over ranks as soon as the last
// microbatch has its share, while the reverse pass goes on.  The first step shows in which order a pass is done with
// the parameters, and so which belong together (as in Li et al. 2020, PyTorch Distributed, section 4.2).  How many
// buckets there are changes no bit of a fixed-order sum.
class GradientBuckets {
 public:
  // Behind the gradient come `tail` numbers of the caller's.  A bucket holds whole parameters, of `bucket_bytes` at
  // most unless one is larger.  `parameters` are not laid out anew while this lives.
  GradientBuckets(const Parameters& parameters, std::int64_t tail, std::int64_t bucket_bytes, Communicator& group,
                  Reduction reduction);
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  // Adds the gradient of `loss`, the sum of some microbatches' losses, which was computed of `parameters` with leaves
  // of the microbatches' own, and their `tails` [microbatches, tail].  With `last`, collective: starts the sums over
  // ranks; `held`: not before release(), which the reverse pass calls, is called.  `elsewhere` takes the gradients at
  // the rows of tables that are not among the parameters.
  using TakeRows = std::function<void(const std::string& table, const at::Tensor& gradient)>;
  void add(const at::Tensor& loss, const BatchParameters& parameters, const at::Tensor& tails, bool last,
           bool held = false, const TakeRows& elsewhere = {});
  void release();

  // Collective, after add(.., last).  The gradient and the tail, summed over microbatches and ranks: [P + tail], on the
  // parameters' device.
  at::Tensor take();

  std::size_t size() const { return buckets_.size(); }
  double summed_seconds() const { return sum_.busy_seconds(); }      // of the sums over ranks
  double unhidden_seconds() const { return sum_.waited_seconds(); }  // of these, after the reverse pass had ended

 private:
  struct Bucket {
    std::vector<std::size_t> parameters;
    std::int64_t size = 0;     // of these parameters, and of the tail in the first
    std::size_t missing = 0;   // of the parameters, in the present pass
    at::Tensor gradient = {};  // of the present pass
    TreeSum sum = {};
    at::Tensor total = {};
  };
  void begin_pass(const at::Tensor& tails);
  void sum_over_microbatches(const BatchParameters::Leaf& leaf, std::size_t parameter, const at::Tensor& gradient);
  void meet(std::size_t parameter);
  void watch(const std::string& name, const BatchParameters::Leaf& leaf, const TakeRows& elsewhere);
  void pass_on_full();
  void pass_on(Bucket& bucket);
  void divide();
  void fill(const std::vector<std::size_t>& order, std::int64_t bucket_bytes);
  at::Tensor in_layout() const;

  std::vector<at::Tensor> values_;
  std::map<std::string, std::size_t> index_;  // of a parameter
  std::int64_t tail_length_, bucket_bytes_;
  Communicator& group_;
  std::vector<Bucket> buckets_;         // in the order in which they are summed; the tail comes with the first
  std::vector<std::size_t> bucket_of_;  // by parameter
  std::vector<std::int64_t> offset_;    // of a parameter in its bucket
  std::vector<std::size_t> met_;        // parameters, in the present pass
  std::size_t next_ = 0;                // bucket to pass on
  bool last_ = false, held_ = false, divided_ = false;
  BackgroundSum sum_;
};

}  // namespace warmstart
