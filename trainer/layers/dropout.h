#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace warmstart {

// Dropout masks as functions of (seed, step, microbatch, layer).
class Dropout {
 public:
  Dropout(std::uint64_t seed, std::uint64_t step, std::uint64_t microbatch, double share, double key_share,
          double all_keys_share)
      : seed_(seed),
        step_(step),
        microbatch_(microbatch),
        share_(share),
        key_share_(key_share),
        all_keys_share_(all_keys_share) {}

  // [rows, width] of 0 (a `share` of them) and 1 / (1 - share).
  at::Tensor mask(std::uint64_t layer, std::int64_t rows, std::int64_t width, const at::TensorOptions& options) const;

  // [rows] of 0 and 1: which rows keep their key, so that a model learns to do without.  In a
  // share of the steps none does, else all but a share of the rows.
  at::Tensor kept_keys(std::int64_t rows, const at::TensorOptions& options) const;

 private:
  std::uint64_t seed_, step_, microbatch_;
  double share_, key_share_, all_keys_share_;
};

}  // namespace warmstart
