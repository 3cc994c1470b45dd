// A Communicator is one process's membership in the group that trains together.
//
// Collective calls are a promise: every rank makes the same calls, in the same
// order, with tensors of the same dtype and length (but for exchange_rows).  A rank that breaks the
// promise leaves the others waiting, so no collective belongs inside a branch
// that only some ranks take.
//
// Tensors are contiguous, where device_type() says, of dtype float32, float64, int64 or uint8.
//
// Failure: a call that cannot complete throws CommunicationError and leaves
// the group unusable.  Only main() catches it, and ends every rank.
//
// Threads: use a Communicator from one thread at a time.
//
// It counts the bytes that each call moves between this rank and others, whatever the transport: those that have to
// travel, as a ring moves them where what all ranks have is summed or gathered.  And the seconds that calls take; a
// call over a GPU's transport may return before its work is done, and what waits for it has those.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "base/errors.h"
#include "cluster/traffic.h"

namespace warmstart {

struct CommunicationError : EnvironmentError {
  using EnvironmentError::EnvironmentError;
};

class Communicator {
 public:
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Where its tensors live.
  virtual at::DeviceType device_type() const { return at::kCPU; }

  // Collective.  Replaces each element by its sum over all ranks.  The order of
  // the additions is the transport's own: exact for integers and for values that
  // only one rank sets; see sum_in_fixed_order for gradients.
  void sum(at::Tensor& tensor);

  // Collective.  Overwrites `tensor` on every rank with the one on `root`.
  void broadcast(at::Tensor& tensor, int root);

  // Collective.  `tensor` holds size() equal slices; slice r goes to rank r.
  // Returns the slices received, in the order of the ranks that sent them.
  at::Tensor exchange_slices(const at::Tensor& tensor);

  // Collective.  As exchange_slices, of unequal slices: the first sent[0] rows of `rows` [n, ..] go to rank 0, the next
  // sent[1] to rank 1; received[r] come from rank r.  What one rank sends another is what that one receives.
  at::Tensor exchange_rows(const at::Tensor& rows, const std::vector<std::int64_t>& sent,
                           const std::vector<std::int64_t>& received);

  // Collective.  Returns every rank's `slice`, in the order of the ranks.
  at::Tensor gather_slices(const at::Tensor& slice);

  // Collective.  Returns once every rank has arrived.
  virtual void barrier() = 0;

  // Of all calls so far.
  const Traffic& traffic() const { return traffic_; }

 protected:
  Communicator() = default;

 private:
  friend class CountedAs;
  virtual void do_sum(at::Tensor& tensor) = 0;
  virtual void do_broadcast(at::Tensor& tensor, int root) = 0;
  virtual at::Tensor do_exchange_slices(const at::Tensor& tensor) = 0;
  virtual at::Tensor do_exchange_rows(const at::Tensor& rows, const std::vector<std::int64_t>& sent,
                                      const std::vector<std::int64_t>& received) = 0;
  virtual at::Tensor do_gather_slices(const at::Tensor& slice) = 0;
  // Bytes of all slices but this rank's.
  double share_of_others(const at::Tensor& tensor) const;
  void count(double sent, double received);

  Traffic traffic_;
  TrafficKind kind_ = TrafficKind::kOther;
};

// What the calls are for that are made while this lives.
class CountedAs {
 public:
  CountedAs(Communicator& group, TrafficKind kind) : group_(group), before_(group.kind_) { group.kind_ = kind; }
  ~CountedAs() { group_.kind_ = before_; }
  CountedAs(const CountedAs&) = delete;
  CountedAs& operator=(const CountedAs&) = delete;

 private:
  Communicator& group_;
  TrafficKind before_;
};

}  // namespace warmstart
