#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace warmstart {

// With which chance a row that is trained on as if its key were unknown loses each of its values, too.
struct LostValues {
  std::int64_t first_id = 0;  // of values: keys have those before
  at::Tensor chances;         // float32 [ids from there on], on the CPU; undefined: none is lost
};

// Dropout masks of a batch as functions of (seed, step, microbatch, layer).
class Dropout {
 public:
  // Of a batch whose microbatches are numbered from `first_microbatch` on in meta-step `step`.
  Dropout(std::uint64_t seed, std::uint64_t step, std::uint64_t first_microbatch, double share, double key_share,
          double all_keys_share, LostValues lost_values = {})
      : seed_(seed),
        step_(step),
        first_microbatch_(first_microbatch),
        share_(share),
        key_share_(key_share),
        all_keys_share_(all_keys_share),
        lost_values_(std::move(lost_values)) {}

  // [rows, width] of 0 (a `share` of them) and 1 / (1 - share).  `first_rows` [microbatches + 1] says where each
  // microbatch's rows begin, and how many there are.
  at::Tensor mask(std::uint64_t layer, const std::vector<std::int64_t>& first_rows, std::int64_t width,
                  const at::TensorOptions& options) const;

  // [rows] of 0 and 1: which rows keep their key, so that a model learns to do without.  In a
  // share of the steps none does, else all but a share of the rows.
  at::Tensor kept_keys(const std::vector<std::int64_t>& first_rows, const at::TensorOptions& options) const;

  bool loses_values() const { return lost_values_.chances.defined(); }
  // [ids] of 0 and 1, on the CPU: which of these ids of a batch, int64 [ids] on the CPU, rows keep that have lost their
  // key.  `first_ids` [microbatches + 1] says where each microbatch's ids begin.  Wants loses_values().
  at::Tensor kept_values(const at::Tensor& ids, const std::vector<std::int64_t>& first_ids) const;

 private:
  std::uint64_t seed_, step_, first_microbatch_;
  double share_, key_share_, all_keys_share_;
  LostValues lost_values_;
};

}  // namespace warmstart
