#pragma once

#include <ATen/core/Tensor.h>

namespace warmstart {

// While one stands, this thread's arithmetic is made of LibTorch's operators alone, and inverses of matrix products
// too: what a tracer can record, and a format without solvers can hold.
class PlainArithmetic {
 public:
  PlainArithmetic();
  ~PlainArithmetic();
  PlainArithmetic(const PlainArithmetic&) = delete;
  PlainArithmetic& operator=(const PlainArithmetic&) = delete;

  static bool stands();

 private:
  bool stood_before_;
};

// Whether loops of our own compute with `x`: float32 on the CPU, but where PlainArithmetic stands.
bool takes_own_loops(const at::Tensor& x);

}  // namespace warmstart
