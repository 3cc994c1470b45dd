#include "trainer/training/row_blocks.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "trainer/tables/tree_of_rows.h"

namespace warmstart {
namespace {

at::Tensor padded(const at::Tensor& rows, std::int64_t count) {
  return at::constant_pad_nd(rows, {0, 0, 0, count - rows.size(0)});
}

std::vector<std::int64_t> sorted_distinct(std::vector<std::int64_t> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// Where the distinct rows of a meta-step lie: cut into blocks of their order, and the blocks of each rank in a slice.
class RowLayout {
 public:
  RowLayout(std::vector<std::int64_t> entities, int microbatches, int ranks)
      : entities_(std::move(entities)), microbatches_(microbatches) {
    for (int rank = 0; rank < ranks; ++rank) {
      const auto blocks = microbatches_of(rank, ranks, microbatches);
      first_rows_.push_back(first_row(blocks.first));
      slice_ = std::max(slice_, first_row(blocks.first + blocks.count) - first_rows_.back());
    }
  }

  // Rows that each rank's slice is padded to.
  std::int64_t slice() const { return slice_; }

  // Among all slices.
  std::int64_t place_of(std::int64_t entity) const {
    const auto row = std::lower_bound(entities_.begin(), entities_.end(), entity) - entities_.begin();
    // Empty slices begin where the next one does: the last that begins here has the row.
    const auto rank = std::upper_bound(first_rows_.begin(), first_rows_.end(), row) - first_rows_.begin() - 1;
    return rank * slice_ + row - first_rows_[static_cast<std::size_t>(rank)];
  }

  std::vector<std::vector<std::int64_t>> blocks(MicrobatchRange range) const {
    std::vector<std::vector<std::int64_t>> blocks;
    for (int block = range.first; block < range.first + range.count; ++block)
      blocks.emplace_back(entities_.begin() + first_row(block), entities_.begin() + first_row(block + 1));
    return blocks;
  }

 private:
  std::int64_t first_row(std::int64_t block) const {
    return static_cast<std::int64_t>(entities_.size()) * block / microbatches_;
  }

  std::vector<std::int64_t> entities_, first_rows_;  // of the ranks' slices
  std::int64_t microbatches_, slice_ = 0;
};

// What a pass forward hands to the pass back.
struct Handle : torch::CustomClassHolder {
  explicit Handle(const RowBlocks* blocks) : blocks(blocks) {}
  const RowBlocks* blocks;
};

}  // namespace

RowBlocks::RowBlocks(const Dataset& dataset, const EpisodeBatch& batch, MicrobatchRange own, int microbatches,
                     Communicator& group)
    : group_(group) {
  const auto most_microbatches = (microbatches + group.size() - 1) / group.size();
  const auto most_tasks = batch.tasks / own.count * most_microbatches;
  const auto most_rows = most_tasks * (batch.support.width + batch.query.width) + most_microbatches;
  const RowLayout layout(entities_of_all_ranks(batch, most_rows), microbatches, group.size());
  slice_ = layout.slice();
  rows_ = make_rows(dataset, layout.blocks(own));
  std::vector<std::int64_t> places;
  for (const auto entity : batch.entity) places.push_back(layout.place_of(entity));
  const auto index = at::tensor(places, at::kLong);
  lookup_ = {index, {}, batch.first_rows, at::arange(slice_ * group.size(), at::kLong), index};
}

// Distinct ones, in order.  `most_rows`: as many as any rank's batch may have, with a row for an empty microbatch.
std::vector<std::int64_t> RowBlocks::entities_of_all_ranks(const EpisodeBatch& batch, std::int64_t most_rows) const {
  auto own = sorted_distinct(batch.entity);
  if (group_.size() == 1) return own;
  const CountedAs counted(group_, TrafficKind::kEncodings);
  own.resize(static_cast<std::size_t>(most_rows), own.back());
  const auto all = group_.gather_slices(at::tensor(own, at::kLong));
  const auto* entity = all.const_data_ptr<std::int64_t>();
  return sorted_distinct({entity, entity + all.numel()});
}

struct RowBlocks::Exchange : torch::autograd::Function<Exchange> {
  using Tensors = torch::autograd::variable_list;

  static Tensors forward(torch::autograd::AutogradContext* ctx, at::TensorList parts, RowBlocks* blocks) {
    const at::AutoDispatchBelowADInplaceOrView in_forward;
    ctx->saved_data["blocks"] = c10::IValue::make_capsule(c10::make_intrusive<Handle>(blocks));
    const auto encoded = blocks->gathered(at::cat(parts, 1));
    std::vector<std::int64_t> widths;
    for (const auto& part : parts) widths.push_back(part.size(1));
    ctx->saved_data["widths"] = widths;
    Tensors of_batch_rows;
    for (const auto& part : encoded.split_with_sizes(widths, 1))
      of_batch_rows.push_back(part.index_select(0, blocks->lookup_.ids));
    return of_batch_rows;
  }

  static Tensors backward(torch::autograd::AutogradContext* ctx, Tensors& gradients) {
    const at::AutoDispatchBelowADInplaceOrView in_reverse;
    const auto* blocks = c10::static_intrusive_pointer_cast<Handle>(ctx->saved_data["blocks"].toCapsule())->blocks;
    const auto gradient = blocks->gradient_of_own(at::cat(gradients, 1));
    blocks->exchanged_();
    auto of_parts = gradient.split_with_sizes(ctx->saved_data["widths"].toIntVector(), 1);
    of_parts.emplace_back();
    return of_parts;
  }
};

Encoding RowBlocks::exchange(const Encoding& own, const std::function<void()>& exchanged) {
  exchanged_ = exchanged;
  std::vector<at::Tensor> tensors = {own.features(), own.base()};
  for (const auto& part : own.parts()) tensors.push_back(part.second);
  const auto of_batch_rows = Exchange::apply(at::TensorList(tensors), this);
  auto parts = own.parts();
  auto next = of_batch_rows.begin() + 2;
  for (auto& part : parts) part.second = *next++;
  return {of_batch_rows[0], of_batch_rows[1], std::move(parts)};
}

at::Tensor RowBlocks::gathered(const at::Tensor& encoded) const {
  if (group_.size() == 1) return encoded;
  const CountedAs counted(group_, TrafficKind::kEncodings);
  return group_.gather_slices(padded(encoded, slice_).flatten()).view({-1, encoded.size(1)});
}

// Summed over all microbatches.
at::Tensor RowBlocks::gradient_of_own(const at::Tensor& of_batch_rows) const {
  const auto width = of_batch_rows.size(1);
  auto sums = at::zeros({slice_ * group_.size(), width}, of_batch_rows.options());
  add_tree_of_rows(sums, of_batch_rows, lookup_);
  if (group_.size() > 1) {
    const CountedAs counted(group_, TrafficKind::kEncodings);
    TreeSum sum;
    for (auto& slice : group_.exchange_slices(sums.flatten()).chunk(group_.size())) sum.add(slice);
    sums = sum.take().view({slice_, width});
  }
  return sums.narrow(0, 0, rows_.first_rows.back());
}

}  // namespace warmstart
