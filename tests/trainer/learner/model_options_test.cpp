#include "trainer/learner/model_options.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace warmstart {
namespace {

TEST(ModelOptions, OfARunBeforeAnOptionWasThereAreWhatItDid) {
  const auto of_earlier = model_options_of("[model]\nfeatures = 7\n[adapt]\nlikelihood = 0.2\n");
  EXPECT_EQ(of_earlier.network.features, 7);
  EXPECT_FALSE(of_earlier.adapt.score_feature);
  EXPECT_FALSE(of_earlier.adapt.wide_input);
  EXPECT_TRUE(model_options_of("[adapt]\nscore-feature = true\n").adapt.score_feature);
  EXPECT_FALSE(model_options_of("[adapt]\nscore-feature = false\n").adapt.score_feature);
  EXPECT_TRUE(ModelOptions().adapt.score_feature);
  EXPECT_TRUE(ModelOptions().adapt.wide_input);
}

TEST(ModelOptions, RowsWeighByNoiseOnlyWhereItIsLearned) {
  ModelOptions options;
  options.adapt.row_noise = true;
  check(options);
  options.adapt.likelihood = 0.0;
  EXPECT_THROW(check(options), UsageError);
  options.adapt.likelihood = 0.3;
  options.objective.kind = ObjectiveKind::kHuber;
  EXPECT_THROW(check(options), UsageError);
}

}  // namespace
}  // namespace warmstart
