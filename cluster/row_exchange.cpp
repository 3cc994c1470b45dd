#include "cluster/row_exchange.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace warmstart {
namespace {

using Counts = std::vector<std::vector<std::int64_t>>;

// How many of a list's places are each rank's.
std::vector<std::int64_t> counts_by_rank(const WantedRows& wanted) {
  const auto* first = wanted.places.const_data_ptr<std::int64_t>();
  const auto* last = first + wanted.places.numel();
  std::vector<std::int64_t> counts;
  for (auto bound = wanted.first_of_rank.begin() + 1; bound != wanted.first_of_rank.end(); ++bound) {
    const auto* next = std::lower_bound(first, last, *bound);
    counts.push_back(next - first);
    first = next;
  }
  return counts;
}

// Collective.  From how many of each list each rank is sent to how many each sends.
Counts exchanged(const Counts& counts, int ranks, Communicator& group) {
  const auto lists = static_cast<std::int64_t>(counts.size());
  auto by_rank = at::empty({ranks, lists}, at::kLong);
  for (std::int64_t list = 0; list < lists; ++list)
    for (int rank = 0; rank < ranks; ++rank)
      by_rank[rank][list] = counts[static_cast<std::size_t>(list)][static_cast<std::size_t>(rank)];
  const auto received = group.exchange_slices(by_rank.flatten()).view({ranks, lists});
  auto found = counts;
  for (std::int64_t list = 0; list < lists; ++list)
    for (int rank = 0; rank < ranks; ++rank)
      found[static_cast<std::size_t>(list)][static_cast<std::size_t>(rank)] = received[rank][list].item<std::int64_t>();
  return found;
}

// How much goes to, or comes from, each rank in all.
std::vector<std::int64_t> elements(const Counts& counts,
                                   const std::vector<std::pair<std::size_t, std::int64_t>>& widths, int ranks) {
  std::vector<std::int64_t> sums(static_cast<std::size_t>(ranks));
  for (std::size_t rank = 0; rank < sums.size(); ++rank)
    for (const auto& [list, width] : widths) sums[rank] += counts[list][rank] * width;
  return sums;
}

// The pieces of matrices, or of lists, in the order in which they travel: rank by rank, each its share of all of them.
at::Tensor packed(const std::vector<at::Tensor>& values, const std::vector<const std::vector<std::int64_t>*>& counts,
                  int ranks) {
  std::vector<at::Tensor> pieces;
  std::vector<std::int64_t> firsts(values.size());
  for (std::size_t rank = 0; rank < static_cast<std::size_t>(ranks); ++rank) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto count = (*counts[i])[rank];
      pieces.push_back(values[i].narrow(0, firsts[i], count).reshape({-1}));
      firsts[i] += count;
    }
  }
  return pieces.size() == 1 ? pieces[0] : at::cat(pieces);
}

// The other way round; `widths` of the matrices, 0 of a list.
std::vector<at::Tensor> unpacked(const at::Tensor& flat, const std::vector<std::int64_t>& widths,
                                 const std::vector<const std::vector<std::int64_t>*>& counts, int ranks) {
  std::vector<std::vector<at::Tensor>> pieces(widths.size());
  std::int64_t first = 0;
  for (std::size_t rank = 0; rank < static_cast<std::size_t>(ranks); ++rank) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const auto length = (*counts[i])[rank] * std::max<std::int64_t>(widths[i], 1);
      const auto piece = flat.narrow(0, first, length);
      pieces[i].push_back(widths[i] > 0 ? piece.view({-1, widths[i]}) : piece);
      first += length;
    }
  }
  std::vector<at::Tensor> values;
  values.reserve(pieces.size());
  for (const auto& of_value : pieces) values.push_back(of_value.size() == 1 ? of_value[0] : at::cat(of_value));
  return values;
}

std::vector<const std::vector<std::int64_t>*> of_all(const Counts& counts) {
  std::vector<const std::vector<std::int64_t>*> pointers;
  pointers.reserve(counts.size());
  for (const auto& list : counts) pointers.push_back(&list);
  return pointers;
}

}  // namespace

RowExchange::RowExchange(std::vector<WantedRows> wanted, Communicator& group) : ranks_(group.size()) {
  const CountedAs counted(group, TrafficKind::kExchanged);
  std::vector<at::Tensor> places;
  std::vector<std::pair<std::size_t, std::int64_t>> ones;
  for (std::size_t list = 0; list < wanted.size(); ++list) {
    wanted_counts_.push_back(counts_by_rank(wanted[list]));
    places.push_back(wanted[list].places);
    ones.emplace_back(list, 1);
  }
  asked_counts_ = exchanged(wanted_counts_, ranks_, group);
  const auto sent = elements(wanted_counts_, ones, ranks_), received = elements(asked_counts_, ones, ranks_);
  const auto all = group.exchange_rows(packed(places, of_all(wanted_counts_), ranks_), sent, received);
  asked_ = unpacked(all, std::vector<std::int64_t>(wanted.size()), of_all(asked_counts_), ranks_);
}

std::vector<at::Tensor> RowExchange::fetch(const std::vector<RowsOfList>& held, Communicator& group) const {
  return exchange(held, asked_counts_, wanted_counts_, group);
}

std::vector<at::Tensor> RowExchange::give_back(const std::vector<RowsOfList>& found, Communicator& group) const {
  return exchange(found, wanted_counts_, asked_counts_, group);
}

std::vector<at::Tensor> RowExchange::exchange(const std::vector<RowsOfList>& sent, const Counts& sent_counts,
                                              const Counts& received_counts, Communicator& group) const {
  const CountedAs counted(group, TrafficKind::kExchanged);
  std::vector<at::Tensor> rows;
  std::vector<std::int64_t> widths;
  std::vector<std::pair<std::size_t, std::int64_t>> of_lists;
  std::vector<const std::vector<std::int64_t>*> sent_of, received_of;
  for (const auto& [list, matrix] : sent) {
    rows.push_back(matrix);
    widths.push_back(matrix.size(1));
    of_lists.emplace_back(list, matrix.size(1));
    sent_of.push_back(&sent_counts[list]);
    received_of.push_back(&received_counts[list]);
  }
  const auto flat = group.exchange_rows(packed(rows, sent_of, ranks_), elements(sent_counts, of_lists, ranks_),
                                        elements(received_counts, of_lists, ranks_));
  return unpacked(flat, widths, received_of, ranks_);
}

}  // namespace warmstart
