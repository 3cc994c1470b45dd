// Measures that are means over rows.  `predicted` and `labels` have one length, at least 1.

#pragma once

#include <span>

#include "trainer/evaluation/label_scale.h"

namespace warmstart {

double mean_absolute_error(std::span<const float> predicted, std::span<const float> labels);
double mean_squared_error(std::span<const float> predicted, std::span<const float> labels);

// The share of rows where the label nearest to the prediction, a whole number of the scale, is the row's; halves go up.
// Not a number where a label is no whole number.
double accuracy(std::span<const float> predicted, std::span<const float> labels, const LabelScale& scale);

// The mean over rows of -log of the probability that was predicted for the label that came, in nats.  `predicted` are
// probabilities of the label 1; those of 0 and 1 count as 2^-23 and 1 - 2^-23, since float32 rounds to them and one
// such row would cost infinitely much.
double log_loss(std::span<const float> predicted, std::span<const float> labels);

// The mean over rows of 2 (y log(y / p) - y + p) for counts y and expected counts p, in nats (McCullagh & Nelder 1989,
// section 2.3); p counts as 2^-23 where it is lower, for the same reason.
double poisson_deviance(std::span<const float> predicted, std::span<const float> labels);

}  // namespace warmstart
