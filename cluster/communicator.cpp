#include "cluster/communicator.h"

#include <numeric>

#include "base/stopwatch.h"

namespace warmstart {
namespace {

// Of a list by rank, all but this one's.
std::int64_t of_others(const std::vector<std::int64_t>& by_rank, int rank) {
  return std::accumulate(by_rank.begin(), by_rank.end(), std::int64_t{0}) - by_rank[static_cast<std::size_t>(rank)];
}

// Adds the seconds that a call takes.
class Timer {
 public:
  explicit Timer(Traffic::Moved& moved) : moved_(moved) {}
  ~Timer() { moved_.seconds += stopwatch_.seconds(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  Traffic::Moved& moved_;
  Stopwatch stopwatch_;
};

}  // namespace

void Communicator::sum(at::Tensor& tensor) {
  const Timer timer(traffic_[kind_]);
  do_sum(tensor);
  // A ring brings each rank all slices but one as partial sums, and as sums again.
  const auto others = 2 * share_of_others(tensor);
  count(others, others);
}

void Communicator::broadcast(at::Tensor& tensor, int root) {
  const Timer timer(traffic_[kind_]);
  do_broadcast(tensor, root);
  const auto all = size() == 1 ? 0.0 : static_cast<double>(tensor.nbytes());
  rank() == root ? count(all, 0.0) : count(0.0, all);
}

at::Tensor Communicator::exchange_slices(const at::Tensor& tensor) {
  const Timer timer(traffic_[kind_]);
  auto received = do_exchange_slices(tensor);
  count(share_of_others(tensor), share_of_others(tensor));
  return received;
}

at::Tensor Communicator::exchange_rows(const at::Tensor& rows, const std::vector<std::int64_t>& sent,
                                       const std::vector<std::int64_t>& received) {
  const Timer timer(traffic_[kind_]);
  auto all = do_exchange_rows(rows, sent, received);
  const auto row =
      static_cast<double>(rows.element_size()) * static_cast<double>(c10::multiply_integers(rows.sizes().slice(1)));
  count(row * static_cast<double>(of_others(sent, rank())), row * static_cast<double>(of_others(received, rank())));
  return all;
}

at::Tensor Communicator::gather_slices(const at::Tensor& slice) {
  const Timer timer(traffic_[kind_]);
  auto gathered = do_gather_slices(slice);
  const auto others = static_cast<double>(slice.nbytes()) * (size() - 1);
  count(others, others);
  return gathered;
}

double Communicator::share_of_others(const at::Tensor& tensor) const {
  return static_cast<double>(tensor.nbytes()) * (size() - 1) / size();
}

void Communicator::count(double sent, double received) {
  traffic_[kind_].sent += sent;
  traffic_[kind_].received += received;
}

}  // namespace warmstart
