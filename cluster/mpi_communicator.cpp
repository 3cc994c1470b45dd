#include "cluster/mpi_communicator.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <fmt/format.h>

#include <climits>
#include <cstdlib>
#include <numeric>

#include "cluster/element_type.h"
#include "cluster/self_communicator.h"

namespace warmstart {
namespace {

MPI_Datatype type_of(const at::Tensor& tensor) {
  return ElementTypes<MPI_Datatype>{MPI_FLOAT, MPI_DOUBLE, MPI_INT64_T, MPI_UINT8_T}.of(tensor);
}

int count_of(const at::Tensor& tensor) {
  if (!tensor.is_contiguous()) throw std::invalid_argument("MpiCommunicator: the tensor is not contiguous");
  if (tensor.numel() > INT_MAX) throw std::invalid_argument("MpiCommunicator: over 2^31 elements in one call");
  return static_cast<int>(tensor.numel());
}

void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw CommunicationError(fmt::format("{} failed: {}; look for a rank or a node that ended before this one", call,
                                       std::string(text, static_cast<std::size_t>(length))));
}

// How many rows go to each rank, or come from it, and where they begin.
struct Shares {
  explicit Shares(const std::vector<std::int64_t>& rows) {
    if (std::accumulate(rows.begin(), rows.end(), std::int64_t{0}) > INT_MAX)
      throw std::invalid_argument("MpiCommunicator: over 2^31 rows in one exchange");
    counts.assign(rows.begin(), rows.end());
    firsts.resize(counts.size());
    std::exclusive_scan(counts.begin(), counts.end(), firsts.begin(), 0);
  }
  std::vector<int> counts, firsts;
};

// A row as one element, for the life of this.
class RowType {
 public:
  explicit RowType(const at::Tensor& rows) {
    check(MPI_Type_contiguous(static_cast<int>(c10::multiply_integers(rows.sizes().slice(1))), type_of(rows), &type_),
          "MPI_Type_contiguous");
    check(MPI_Type_commit(&type_), "MPI_Type_commit");
  }
  ~RowType() { MPI_Type_free(&type_); }
  RowType(const RowType&) = delete;
  RowType& operator=(const RowType&) = delete;
  MPI_Datatype get() const { return type_; }

 private:
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
};

}  // namespace

MpiCommunicator::MpiCommunicator(MPI_Comm group) : group_(group) {
  MPI_Comm_set_errhandler(group_, MPI_ERRORS_RETURN);
  check(MPI_Comm_rank(group_, &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(group_, &size_), "MPI_Comm_size");
}

void MpiCommunicator::do_sum(at::Tensor& tensor) {
  check(MPI_Allreduce(MPI_IN_PLACE, tensor.data_ptr(), count_of(tensor), type_of(tensor), MPI_SUM, group_),
        "MPI_Allreduce");
}

void MpiCommunicator::do_broadcast(at::Tensor& tensor, int root) {
  check(MPI_Bcast(tensor.data_ptr(), count_of(tensor), type_of(tensor), root, group_), "MPI_Bcast");
}

at::Tensor MpiCommunicator::do_exchange_slices(const at::Tensor& tensor) {
  const int count = count_of(tensor);
  if (count % size_ != 0) throw std::invalid_argument("exchange_slices: the length is not a multiple of the ranks");
  auto received = at::empty_like(tensor);
  check(MPI_Alltoall(tensor.data_ptr(), count / size_, type_of(tensor), received.data_ptr(), count / size_,
                     type_of(tensor), group_),
        "MPI_Alltoall");
  return received;
}

at::Tensor MpiCommunicator::do_exchange_rows(const at::Tensor& rows, const std::vector<std::int64_t>& sent,
                                             const std::vector<std::int64_t>& received) {
  const Shares to(sent), from(received);
  if (!rows.is_contiguous() || to.firsts.back() + to.counts.back() != rows.size(0))
    throw std::invalid_argument("exchange_rows: the rows are not contiguous, or not as many as are sent");
  auto sizes = rows.sizes().vec();
  sizes[0] = from.firsts.back() + from.counts.back();
  auto all = at::empty(sizes, rows.options());
  const RowType type(rows);
  check(MPI_Alltoallv(rows.data_ptr(), to.counts.data(), to.firsts.data(), type.get(), all.data_ptr(),
                      from.counts.data(), from.firsts.data(), type.get(), group_),
        "MPI_Alltoallv");
  return all;
}

at::Tensor MpiCommunicator::do_gather_slices(const at::Tensor& slice) {
  const int count = count_of(slice);
  auto gathered = at::empty({static_cast<std::int64_t>(count) * size_}, slice.options());
  check(MPI_Allgather(slice.data_ptr(), count, type_of(slice), gathered.data_ptr(), count, type_of(slice), group_),
        "MPI_Allgather");
  return gathered;
}

void MpiCommunicator::barrier() { check(MPI_Barrier(group_), "MPI_Barrier"); }

MpiSession::MpiSession(int* argc, char*** argv)
    : launched_(std::getenv("OMPI_COMM_WORLD_SIZE") || std::getenv("PMIX_RANK") || std::getenv("PMI_RANK")) {
  if (!launched_) return;
  int provided = 0;
  MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &provided);
  if (provided < MPI_THREAD_SERIALIZED)
    throw EnvironmentError(
        "this MPI lets only the first thread make calls; use one that supports MPI_THREAD_SERIALIZED");
}

MpiSession::~MpiSession() {
  if (launched_) MPI_Finalize();
}

std::unique_ptr<Communicator> MpiSession::world() const {
  if (launched_) return std::make_unique<MpiCommunicator>(MPI_COMM_WORLD);
  return std::make_unique<SelfCommunicator>();
}

void MpiSession::abort(int exit_code) const {
  if (launched_) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace warmstart
