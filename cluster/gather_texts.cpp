#include "cluster/gather_texts.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

namespace warmstart {
namespace {

// Of one call: all ranks' pieces together stay below what MPI counts.
constexpr std::int64_t kPieceBytes = std::int64_t{1} << 20;

}  // namespace

std::vector<std::string> gather_texts(Communicator& group, const std::string& own) {
  const auto sizes = group.gather_slices(at::full({1}, static_cast<std::int64_t>(own.size()), at::kLong));
  const auto longest = sizes.max().item<std::int64_t>();
  std::vector<std::string> texts(static_cast<std::size_t>(group.size()));
  for (std::int64_t start = 0; start < longest; start += kPieceBytes) {
    const auto width = std::min(kPieceBytes, longest - start);
    auto piece = at::zeros({width}, at::kByte);
    const auto left = std::clamp<std::int64_t>(static_cast<std::int64_t>(own.size()) - start, 0, width);
    if (left > 0) std::memcpy(piece.data_ptr(), own.data() + start, static_cast<std::size_t>(left));
    const auto all = group.gather_slices(piece);
    for (int rank = 0; rank < group.size(); ++rank) {
      const auto theirs = std::clamp<std::int64_t>(sizes[rank].item<std::int64_t>() - start, 0, width);
      texts[static_cast<std::size_t>(rank)].append(static_cast<const char*>(all.data_ptr()) + rank * width,
                                                   static_cast<std::size_t>(theirs));
    }
  }
  return texts;
}

}  // namespace warmstart
