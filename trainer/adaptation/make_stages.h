#pragma once

#include <memory>
#include <vector>

#include "data/batch.h"
#include "trainer/adaptation/adapt_options.h"
#include "trainer/adaptation/stage.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {

// What stages are built of.
struct StageParts {
  const AdaptOptions& options;
  const FeatureLayout& layout;
  std::int64_t outputs, features;  // of the head
  std::int64_t inputs;             // of rows, that stages compare them by
  bool noise;                      // whether deviations are learned
  std::int64_t modulation;         // how long a task's modulation is, that stages write; 0: none
  const InnerRule& rule;
  Initialiser& draw;
  Parameters& parameters;
  EmbeddingSource& tables;
};

// Whether tasks start from a head of zeros: of several classes none is known before the support where neither `prior`
// makes a head of the task's fields nor inner steps begin with one, and where an episode numbers its classes anew, a
// class's own start would be noise.
bool starts_from_zero(const std::vector<StageKind>& stages, std::int64_t outputs);

// The stages in their order, behind one that makes a head where the first does not, and before one that remembers the
// support rows where the readout compares rows with them.
std::vector<std::unique_ptr<Stage>> make_stages(const StageParts& parts);

}  // namespace warmstart
