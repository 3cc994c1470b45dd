#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace warmstart {

// Dropout masks of a batch as functions of (seed, step, microbatch, layer).
class Dropout {
 public:
  // Of a batch whose microbatches are numbered from `first_microbatch` on in meta-step `step`.
  Dropout(std::uint64_t seed, std::uint64_t step, std::uint64_t first_microbatch, double share, double key_share,
          double all_keys_share)
      : seed_(seed),
        step_(step),
        first_microbatch_(first_microbatch),
        share_(share),
        key_share_(key_share),
        all_keys_share_(all_keys_share) {}

  // [rows, width] of 0 (a `share` of them) and 1 / (1 - share).  `first_rows` [microbatches + 1] says where each
  // microbatch's rows begin, and how many there are.
  at::Tensor mask(std::uint64_t layer, const std::vector<std::int64_t>& first_rows, std::int64_t width,
                  const at::TensorOptions& options) const;

  // [rows] of 0 and 1: which rows keep their key, so that a model learns to do without.  In a
  // share of the steps none does, else all but a share of the rows.
  at::Tensor kept_keys(const std::vector<std::int64_t>& first_rows, const at::TensorOptions& options) const;

 private:
  std::uint64_t seed_, step_, first_microbatch_;
  double share_, key_share_, all_keys_share_;
};

}  // namespace warmstart
