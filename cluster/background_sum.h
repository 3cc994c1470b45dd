#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <thread>

#include "cluster/gradient_sum.h"

namespace warmstart {

// Sums tensors over ranks on a thread of its own, in the order in which they were handed over.  From the first start()
// to the end of wait() it alone uses `group`, which MPI must allow (MPI_THREAD_SERIALIZED).
class BackgroundSum {
 public:
  BackgroundSum(Communicator& group, Reduction reduction);
  ~BackgroundSum();
  BackgroundSum(const BackgroundSum&) = delete;
  BackgroundSum& operator=(const BackgroundSum&) = delete;

  // Collective.  Begins to replace `tensor` by the sum over all ranks, as sum_over_ranks does; leave it alone until
  // wait().
  void start(at::Tensor tensor);

  // Waits for all that was started.  Throws what the first sum that failed threw.
  void wait();

  // Since the beginning: the thread's time in sums, and the caller's in wait().
  double busy_seconds() const;
  double waited_seconds() const { return waited_seconds_; }

 private:
  struct State;
  static void work(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
  double waited_seconds_ = 0.0;
  std::thread thread_;
};

}  // namespace warmstart
