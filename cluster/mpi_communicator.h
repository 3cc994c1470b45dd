#pragma once

#include <mpi.h>

#include <memory>

#include "cluster/communicator.h"

namespace warmstart {

// The ranks of an MPI communicator.  MPI must be initialised and stay so as
// long as this lives.
class MpiCommunicator : public Communicator {
 public:
  explicit MpiCommunicator(MPI_Comm group);

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void barrier() override;

 private:
  void do_sum(at::Tensor& tensor) override;
  void do_broadcast(at::Tensor& tensor, int root) override;
  at::Tensor do_exchange_slices(const at::Tensor& tensor) override;
  at::Tensor do_exchange_rows(const at::Tensor& rows, const std::vector<std::int64_t>& sent,
                              const std::vector<std::int64_t>& received) override;
  at::Tensor do_gather_slices(const at::Tensor& slice) override;

  MPI_Comm group_;
  int rank_ = 0, size_ = 1;
};

// MPI for the life of one process that a launcher (mpirun, srun) started; a
// process that was started alone does without.
class MpiSession {
 public:
  MpiSession(int* argc, char*** argv);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  std::unique_ptr<Communicator> world() const;

  // Ends every rank of the job now.  Does not return.
  [[noreturn]] void abort(int exit_code) const;

 private:
  bool launched_;
};

}  // namespace warmstart
