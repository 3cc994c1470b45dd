#pragma once

#include "trainer/evaluation/evaluation.h"
#include "trainer/learner/two_tower.h"

namespace warmstart {

struct FineTuned {
  TwoTower model;
  double rate, kappa;
};

// What a team would do with a jointly trained model: the same parameters, adapted by `steps`
// inner steps of the head, with the rate and kappa of a grid that do best on `validation`.
// Collective.
FineTuned fine_tune(const TwoTower& joint, int steps, const Evaluation& validation);

}  // namespace warmstart
