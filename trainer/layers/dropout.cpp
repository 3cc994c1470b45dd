#include "trainer/layers/dropout.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.h"

namespace warmstart {
namespace {

// Values are drawn from a part of their own of a microbatch's stream for keys.
constexpr std::uint64_t kValues = 1;

// Writes independent values that are 0 with probability `share`, to within 2^-17: four of 16 bits from each number.
void drop(RandomStream random, float* values, std::int64_t count, double share, float kept_value) {
  const auto threshold = static_cast<std::uint32_t>(std::lround(share * 65536.0));
  std::array<std::uint16_t, 256> chunk;
  for (std::int64_t first = 0; first < count; first += 256) {
    const auto size = std::min<std::int64_t>(256, count - first);
    for (std::int64_t i = 0; i < size; i += 4) {
      const auto bits = random.bits();
      for (std::size_t k = 0; k < 4; ++k)
        chunk[static_cast<std::size_t>(i) + k] = static_cast<std::uint16_t>(bits >> (16 * k));
    }
    for (std::int64_t i = 0; i < size; ++i)
      values[first + i] = chunk[static_cast<std::size_t>(i)] < threshold ? 0.0f : kept_value;
  }
}

// [rows * width], each microbatch's by the stream that `stream` makes of its number in the batch.
template <typename Stream>
at::Tensor dropped(const std::vector<std::int64_t>& first_rows, std::int64_t width, double share, float kept_value,
                   const Stream& stream) {
  auto mask = at::empty({first_rows.back() * width}, at::kFloat);
  auto* values = mask.mutable_data_ptr<float>();
  for (std::size_t m = 0; m + 1 < first_rows.size(); ++m)
    drop(stream(m), values + first_rows[m] * width, (first_rows[m + 1] - first_rows[m]) * width, share, kept_value);
  return mask;
}

}  // namespace

at::Tensor Dropout::mask(std::uint64_t layer, const std::vector<std::int64_t>& first_rows, std::int64_t width,
                         const at::TensorOptions& options) const {
  const auto stream = [&](std::uint64_t m) {
    return RandomStream(seed_, Purpose::kDropout, step_, first_microbatch_ + m, layer);
  };
  return dropped(first_rows, width, share_, static_cast<float>(1.0 / (1.0 - share_)), stream)
      .view({-1, width})
      .to(options);
}

at::Tensor Dropout::kept_keys(const std::vector<std::int64_t>& first_rows, const at::TensorOptions& options) const {
  RandomStream of_step(seed_, Purpose::kKeyDropout, step_);
  if (of_step.uniform() < all_keys_share_) return at::zeros({first_rows.back()}, options);
  const auto stream = [&](std::uint64_t m) {
    return RandomStream(seed_, Purpose::kKeyDropout, step_, first_microbatch_ + m + 1);
  };
  return dropped(first_rows, 1, key_share_, 1.0f, stream).to(options);
}

at::Tensor Dropout::kept_values(const at::Tensor& ids, const std::vector<std::int64_t>& first_ids) const {
  auto kept = at::ones({ids.size(0)}, at::kFloat);
  auto* values = kept.mutable_data_ptr<float>();
  const auto* of_value = ids.const_data_ptr<std::int64_t>();
  const auto* chances = lost_values_.chances.const_data_ptr<float>();
  for (std::size_t m = 0; m + 1 < first_ids.size(); ++m) {
    RandomStream random(seed_, Purpose::kKeyDropout, step_, first_microbatch_ + m + 1, kValues);
    for (auto i = first_ids[m]; i < first_ids[m + 1]; ++i) {
      const auto drawn = random.uniform();
      const auto value = of_value[i] - lost_values_.first_id;
      if (value >= 0 && drawn < static_cast<double>(chances[value])) values[i] = 0.0f;
    }
  }
  return kept;
}

}  // namespace warmstart
