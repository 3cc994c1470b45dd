#pragma once

#include <span>

namespace warmstart {

// Whether log_loss() makes sense of labels within this range: they are 0 and 1, or probabilities.
bool takes_log_loss(double label_min, double label_max);

// The mean over rows of -log of the probability that was predicted for the label that came, in nats.  `predicted` are
// probabilities of the label 1; both spans have one length, at least 1.
double log_loss(std::span<const float> predicted, std::span<const float> labels);

}  // namespace warmstart
