#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

namespace warmstart {

// Of the products in training; parameters, sums and all else are float32.
enum class Precision {
  kFloat32,
  kTf32,      // on GPUs of compute capability 8 and up: operands rounded to 10 bits of mantissa
  kBfloat16,  // in adapted layers: operands and products rounded to 7 bits
};
NLOHMANN_JSON_SERIALIZE_ENUM(Precision, {{Precision::kFloat32, "float32"}, {Precision::kTf32, "tf32"}, {Precision::kBfloat16, "bfloat16"}})

// Makes kTf32 hold for all of the process's products, or not.
void allow_tf32(bool allowed);

// Products of matrices, as the precision wants them.
class Products {
 public:
  explicit Products(Precision precision) : rounds_(precision == Precision::kBfloat16) {}

  // LibTorch's functions of these names; differentiable.
  at::Tensor mm(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor addmm(const at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor bmm(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor baddbmm(const at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const;

  // Of each task's own rows: a b', a' b, a b; and z += a b.  Autograd does not see them.
  at::Tensor abt(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor atb(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor ab(const at::Tensor& a, const at::Tensor& b) const;
  at::Tensor& add_ab(at::Tensor& z, const at::Tensor& a, const at::Tensor& b) const;

 private:
  bool rounds_;
};

}  // namespace warmstart
