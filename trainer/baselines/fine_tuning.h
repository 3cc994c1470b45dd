#pragma once

#include <memory>

#include "trainer/evaluation/evaluation.h"
#include "trainer/learner/learner.h"

namespace warmstart {

// Throws UsageError when the model takes inner steps, which no jointly trained one does.
void check_joint(const ModelOptions& options);

struct FineTuned {
  std::unique_ptr<Learner> model;
  double rate, kappa;
};

// What a team would do with a jointly trained model: the same parameters, adapted by `steps`
// inner steps of the head, with the rate and kappa of a grid that do best on `validation`
// by `measure`.  Collective.
FineTuned fine_tune(const Learner& joint, int steps, const Evaluation& validation, Measure measure);

// The model with so many inner steps.  Throws UsageError where it takes none, or rates are learned for each.
std::unique_ptr<Learner> with_inner_steps(const Learner& model, int steps);

}  // namespace warmstart
