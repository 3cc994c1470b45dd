#include "trainer/layers/dropout.h"

#include <ATen/ATen.h>

#include "base/random.h"

namespace warmstart {
namespace {

// Independent bits that are 1 with probability `share`, to within 2^-17: four of 16 bits from each number.
at::Tensor dropped(RandomStream random, std::int64_t count, double share, float kept_value) {
  const auto threshold = static_cast<std::uint64_t>(share * 65536.0 + 0.5);
  auto mask = at::empty({count}, at::kFloat);
  auto* values = mask.mutable_data_ptr<float>();
  std::uint64_t bits = 0;
  for (std::int64_t i = 0; i < count; ++i, bits >>= 16) {
    if (i % 4 == 0) bits = random.bits();
    values[i] = (bits & 0xffff) < threshold ? 0.0f : kept_value;
  }
  return mask;
}

}  // namespace

at::Tensor Dropout::mask(std::uint64_t layer, std::int64_t rows, std::int64_t width,
                         const at::TensorOptions& options) const {
  const RandomStream random(seed_, Purpose::kDropout, step_, microbatch_, layer);
  return dropped(random, rows * width, share_, static_cast<float>(1.0 / (1.0 - share_)))
      .view({rows, width})
      .to(options);
}

at::Tensor Dropout::kept_keys(std::int64_t rows, const at::TensorOptions& options) const {
  RandomStream of_step(seed_, Purpose::kKeyDropout, step_);
  if (of_step.uniform() < all_keys_share_) return at::zeros({rows}, options);
  return dropped(RandomStream(seed_, Purpose::kKeyDropout, step_, microbatch_ + 1), rows, key_share_, 1.0f).to(options);
}

}  // namespace warmstart
