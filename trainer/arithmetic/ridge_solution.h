#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace warmstart {

// Weighted least squares of each task with a pull to 0, and how certain the result is, where nobody asks for the
// inverse of A = H' W H + Lambda itself: it is solved for by Cholesky's decomposition of a matrix with a row and a
// column for each of the task's rows, or for each feature, whichever are fewer (Woodbury 1950).
struct RidgeSolution {
  at::Tensor change;  // A^-1 H' W e [T, D, 1]

  // A^-1 = diagonal - factor factor' where a task has fewer rows than features, else factor factor'.
  at::Tensor factor;                 // a matrix [D, order] of each task, in [T, D * min(S, D)]
  at::Tensor diagonal;               // [T, D]
  std::vector<std::int64_t> orders;  // [T]: rows or features, whichever are fewer

  // h' A^-1 h of rows h = [features, 1]: of features [T, R, D - 1], [T, R, 1].
  at::Tensor variance(const at::Tensor& features) const;
};

// Whether ridge_solution() takes such rows: float32 on the CPU, where there are task kernels and autograd records
// nothing.  A task's bits do not depend on the tasks beside it, nor on its padding.
bool has_ridge_solution(const at::Tensor& rows);

// Of rows H [T, S, D] with weights W [T, S, 1], which are 0 where rows are padded, errors e [T, S, 1] and precisions
// Lambda [T, D, 1], which are above 0.
RidgeSolution ridge_solution(const at::Tensor& rows, const at::Tensor& weights, const at::Tensor& errors,
                             const at::Tensor& precisions);

}  // namespace warmstart
