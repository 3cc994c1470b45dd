#include "trainer/arithmetic/adapted_product.h"

#include <ATen/ATen.h>

#include "trainer/arithmetic/adapted_product_by_task.h"
#include "trainer/arithmetic/task_kernels.h"

namespace warmstart {
namespace {

bool wants_gradient(const at::Tensor& tensor) { return tensor.defined() && tensor.requires_grad(); }

// start + x M.  Each microbatch has a product of its own, since an element's bits may depend on a product's size.
at::Tensor product_with(const Products& arithmetic, const Microbatches& microbatches, const at::Tensor& x,
                        const at::Tensor& matrix, const at::Tensor& start) {
  auto shape = x.sizes().vec();
  shape.back() = matrix.size(1);
  auto z = at::empty(shape, x.options());
  const auto parts = microbatches.split(z), of_x = microbatches.split(x);
  const bool of_rows = start.defined() && start.dim() > 1;
  const auto starts = of_rows ? microbatches.split(start) : std::vector(parts.size(), start);
  for (std::size_t m = 0; m < parts.size(); ++m) arithmetic.product_into(parts[m], starts[m], of_x[m], matrix);
  return z;
}

// a' b over each microbatch's rows: [microbatches, .., ..].
at::Tensor matrix_gradient(const Products& arithmetic, const Microbatches& microbatches, const at::Tensor& a,
                           const at::Tensor& b) {
  auto sums = at::empty({microbatches.count, a.size(-1), b.size(-1)}, a.options());
  const auto parts = sums.unbind(), of_a = microbatches.split(a), of_b = microbatches.split(b);
  for (std::size_t m = 0; m < parts.size(); ++m) arithmetic.product_into(parts[m], {}, of_a[m].t(), of_b[m]);
  return sums;
}

// The sum over each microbatch's rows: [microbatches, out].
at::Tensor bias_gradient(const Microbatches& microbatches, const at::Tensor& g) {
  auto sums = at::empty({microbatches.count, g.size(-1)}, g.options());
  auto parts = sums.unbind();
  const auto of_g = microbatches.split(g);
  for (std::size_t m = 0; m < parts.size(); ++m) at::sum_out(parts[m], of_g[m], 0);
  return sums;
}

// Whether nobody else can see `tensor` change.
bool is_owned(const at::Tensor& tensor) {
  return tensor.use_count() == 1 && tensor.storage().use_count() == 1 && tensor.is_contiguous() &&
         !tensor.requires_grad();
}

// In the memory of `d` where that is free.
at::Tensor before_rectifier(at::Tensor d, const at::Tensor& out, double slope) {
  return is_owned(d) ? at::leaky_relu_backward_out(d, d, out, slope, /*self_is_result=*/true)
                     : at::leaky_relu_backward(d, out, slope, /*self_is_result=*/true);
}

AdaptedProduct by_product(const Products& arithmetic, const AdaptedProductTerms& terms) {
  const auto& [keys, values, shares, key_bias, plain_bias] = terms.remembered;
  const auto start = start_of(terms);
  AdaptedProduct made;
  made.x = terms.behind.defined() ? before_rectifier(terms.x, terms.behind, terms.behind_slope) : terms.x;
  made.z = terms.shared.matrix.defined()
               ? product_with(arithmetic, terms.microbatches, made.x, terms.shared.matrix, start)
               : start.clone();
  if (keys.defined()) {
    auto products = arithmetic.abt(made.x, keys);
    if (key_bias.defined())
      products.add_(key_bias);
    else if (plain_bias != 0.0)
      products.add_(plain_bias);
    if (shares.requires_grad()) made.products = products;
    made.scaled = made.products.defined() ? products * shares : products.mul_(shares);
    arithmetic.add_ab(made.z, made.scaled, values);
  }
  if (terms.rectifier.rectifies) at::leaky_relu_(made.z, terms.rectifier.slope);
  return made;
}

AdaptedProductGradients gradients_by_product(const Products& arithmetic, const AdaptedProductTerms& terms,
                                             const AdaptedProduct& made, at::Tensor d, const at::Tensor& of_made_x) {
  const auto& [keys, values, shares, key_bias, plain_bias] = terms.remembered;
  const auto& shared = terms.shared;
  const auto& microbatches = terms.microbatches;
  const auto g = terms.rectifier.rectifies ? before_rectifier(std::move(d), made.z, terms.rectifier.slope) : d;
  AdaptedProductGradients back;
  if (terms.learns.start_bias) back.start_bias = bias_gradient(microbatches, g);
  if (wants_gradient(terms.start_rows)) back.start_rows = g;
  if (terms.learns.matrix) back.matrix = matrix_gradient(arithmetic, microbatches, made.x, g);
  if (terms.learns.transpose) back.transpose = matrix_gradient(arithmetic, microbatches, g, made.x);
  at::Tensor of_products;
  if (keys.defined()) {
    if (values.requires_grad()) back.values = arithmetic.atb(made.scaled, g);
    of_products = arithmetic.abt(g, values);
    if (shares.requires_grad()) back.shares = (of_products * made.products).sum(1, true);
    of_products.mul_(shares);
    if (keys.requires_grad()) back.keys = arithmetic.atb(of_products, made.x);
    if (terms.learns.key_bias) back.key_bias = of_products.view({microbatches.count, -1}).sum(1);
  }
  if (!terms.x.requires_grad()) return back;
  if (shared.matrix.defined()) back.x = product_with(arithmetic, microbatches, g, shared.transpose, of_made_x);
  if (keys.defined() && back.x.defined())
    arithmetic.add_ab(back.x, of_products, keys);
  else if (keys.defined())
    back.x = of_made_x.defined() ? of_made_x + arithmetic.bmm(of_products, keys) : arithmetic.bmm(of_products, keys);
  if (terms.behind.defined()) back.x = before_rectifier(std::move(back.x), terms.behind, terms.behind_slope);
  return back;
}

}  // namespace

at::Tensor start_of(const AdaptedProductTerms& terms) {
  if (!terms.start_rows.defined()) return terms.start_bias;
  return terms.start_bias.defined() ? terms.start_rows + terms.start_bias : terms.start_rows;
}

at::Tensor transpose_for_products(const at::Tensor& weight) {
  const auto view = weight.detach().t();
  return has_task_kernels() && weight.scalar_type() == at::kFloat && weight.is_cpu() ? view.contiguous() : view;
}

AdaptedProduct adapted_product(const Products& arithmetic, const AdaptedProductTerms& terms) {
  return !arithmetic.rounds() && goes_by_task(terms) ? adapted_product_by_task(terms) : by_product(arithmetic, terms);
}

AdaptedProductGradients adapted_product_gradients(const Products& arithmetic, const AdaptedProductTerms& terms,
                                                  const AdaptedProduct& made, at::Tensor d,
                                                  const at::Tensor& of_made_x) {
  if (!arithmetic.rounds() && goes_by_task(terms) && goes_by_task(made)) {
    const auto elsewhere = of_made_x.defined() ? of_made_x.contiguous() : of_made_x;
    return adapted_product_gradients_by_task(terms, made, d.contiguous(), elsewhere);
  }
  return gradients_by_product(arithmetic, terms, made, std::move(d), of_made_x);
}

}  // namespace warmstart
