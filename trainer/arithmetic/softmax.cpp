#include "trainer/arithmetic/softmax.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/by_element.h"

namespace warmstart {
namespace {

constexpr double kLeast = -1e9;  // its exponential is 0

// The largest of x and a number, which stands for an x that is empty, too.  What is taken off the exponents changes no
// share.
at::Tensor largest_beside(double number, const at::Tensor& x) {
  const auto one = at::full_like(x.sum(-1, true), number);
  return at::cat({one, x}, -1).amax(-1, true).detach();
}

}  // namespace

at::Tensor softmax(const at::Tensor& x) {
  const auto powers = exp_by_element(x - x.amax(-1, true).detach());
  return powers / powers.sum(-1, true);
}

at::Tensor softmax_where(const at::Tensor& x, const at::Tensor& is_there) {
  const auto of_all = x + (1.0 - is_there) * kLeast;
  const auto powers = exp_by_element(of_all - largest_beside(kLeast, of_all)) * is_there;
  // Where there is any, the largest power is 1.
  return powers / powers.sum(-1, true).clamp_min(0.5);
}

at::Tensor softmax_beside_zero(const at::Tensor& x, const at::Tensor& is_there) {
  const auto of_all = x + (1.0 - is_there) * kLeast, largest = largest_beside(0.0, of_all);
  const auto powers = exp_by_element(of_all - largest);
  return powers / (exp_by_element(-largest) + powers.sum(-1, true));
}

}  // namespace warmstart
