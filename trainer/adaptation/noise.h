#pragma once

#include "trainer/layers/batch_parameters.h"
#include "trainer/layers/rows.h"

namespace warmstart {

// How far labels are from the outputs of a model in closed form: their noise is normal, and its variance has an inverse
// gamma distribution, whose prior is learned (the normal-inverse-gamma prior; Murphy 2007, section 6):
//
//   shape = 1 + shape_0 + rows / 2,   rate = rate_0 + (what the fit leaves of the support's residuals, squared) / 2
//
// A label is then of Student's t distribution around its output: 2 shape degrees of freedom, and the squared scale
// (noise of the row + variance of the output) rate / shape.  Support rows count by the noise of theirs, too, unless all
// are to count as if it were 1.
struct Noise {
  at::Tensor shape, rate;  // [T, 1, 1]
};

// Declares the prior, and what the noise of rows with inputs [N, E] depends on.
void add_noise(std::int64_t inputs, Parameters& parameters);
bool has_noise(const BatchParameters& parameters);

// Of tasks with support rows [T, 1]; `unexplained` [T, 1, 1]: the sum e' W (e - fitted), W the rows' weights.
Noise noise_of(const BatchParameters& parameters, const at::Tensor& row_counts, const at::Tensor& unexplained);

// The noise of rows: softplus of a part of theirs, a linear map of their inputs and of whether their key is unknown.
constexpr const char* kRowNoise = "noise.rows";
at::Tensor row_noise_part(const BatchParameters& parameters, const at::Tensor& inputs, const Rows& rows);

}  // namespace warmstart
