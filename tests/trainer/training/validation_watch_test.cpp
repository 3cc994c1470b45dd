#include "trainer/training/validation_watch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "base/errors.h"
#include "cluster/self_communicator.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

// Scores `weight` times the label, and the weight is its only parameter: of weights from 0 to 1 the larger err less,
// and only those above 0 put rows into the right order.
class Scaled : public Recommender {
 public:
  Scaled() {
    parameters.add("weight", ParameterGroup::kNetwork, {1}, [] { return at::zeros({1}); });
    parameters.flatten(at::kFloat);
  }
  Predictions predict(const EpisodeBatch& batch) const override {
    const auto labels = at::tensor(batch.query.label).view({batch.tasks, batch.query.width});
    return {labels * parameters.flat()[0].item<float>()};
  }
  Parameters parameters;
};

class ValidationWatchTest : public testing::Test {
 protected:
  ValidationWatchTest() {
    ingest_small_dataset(folder.path());
    dataset = std::make_unique<Dataset>(folder.path() / "dataset", true);
    options.evaluation.query = 4;
    options.evaluation.support = {"0"};
  }
  ValidationWatch watch() { return {model, model.parameters, tables, *dataset, options, alone}; }
  Validation validate(ValidationWatch& watch, std::int64_t step, float weight) {
    model.parameters.flat().fill_(weight);
    return watch.validate(step);
  }
  float weight() const { return model.parameters.flat()[0].item<float>(); }

  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
  SelfCommunicator alone;
  Scaled model;
  ShardedTables tables{0, 1};  // none
  ValidationOptions options;
};

TEST_F(ValidationWatchTest, KeepsTheParametersOfTheLowestError) {
  auto watch = this->watch();
  EXPECT_TRUE(validate(watch, 1, 0.5f).best);
  EXPECT_TRUE(validate(watch, 2, 0.75f).best);
  EXPECT_FALSE(validate(watch, 3, 0.25f).best);
  EXPECT_EQ(watch.best_step(), 2);
  watch.take_best();
  EXPECT_EQ(weight(), 0.75f);
}

TEST_F(ValidationWatchTest, KeepsTheParametersOfTheHighestGain) {
  options.measure = {MeasureKind::kNdcg, 5};
  auto watch = this->watch();
  const auto wrong = validate(watch, 1, -1.0f), right = validate(watch, 2, 0.25f);
  EXPECT_TRUE(right.best);
  EXPECT_GT(right.value, wrong.value);
  EXPECT_EQ(watch.best_value(), 1.0);
  EXPECT_FALSE(validate(watch, 3, -0.5f).best);
  watch.take_best();
  EXPECT_EQ(weight(), 0.25f);
}

TEST_F(ValidationWatchTest, ItsPatienceIsOverAfterSoManyThatAreNotBetter) {
  options.patience = 2;
  auto watch = this->watch();
  for (const float weight : {0.5f, 0.25f, 0.75f, 0.75f}) validate(watch, 1, weight);
  EXPECT_FALSE(watch.patience_is_over());
  EXPECT_NE(validate(watch, 9, NAN).warning, "");
  EXPECT_TRUE(watch.patience_is_over());
}

TEST_F(ValidationWatchTest, GoesOnFromItsShareOfACheckpoint) {
  auto watch = this->watch(), other = this->watch();
  const auto best = validate(watch, 1, 0.75f), newest = validate(watch, 2, 0.5f);
  Checkpoint checkpoint;
  checkpoint.step = 2;
  watch.save(checkpoint);
  EXPECT_EQ(checkpoint.validation_error, newest.value);
  other.restore(checkpoint);
  EXPECT_EQ(other.best_value(), best.value);
  // A run that goes on in another folder writes the step that it begins with once more.
  Checkpoint again;
  again.step = 2;
  other.save(again);
  EXPECT_EQ(again.validation_error, newest.value);
  EXPECT_FALSE(validate(other, 3, 0.625f).best);
  other.take_best();
  EXPECT_EQ(weight(), 0.75f);
  // There was no validation after the third step of the first.
  Checkpoint later;
  later.step = 3;
  watch.save(later);
  EXPECT_EQ(later.validation_error, std::nullopt);
}

// Its labels are no whole numbers.
TEST_F(ValidationWatchTest, SaysThatNoTaskDefinesTheMeasure) {
  options.measure = {MeasureKind::kAccuracy};
  auto watch = this->watch();
  const auto found = validate(watch, 1, 1.0f);
  EXPECT_FALSE(found.best);
  EXPECT_NE(found.warning.find("no validation user defines accuracy"), std::string::npos) << found.warning;
}

TEST_F(ValidationWatchTest, RefusesTheLogLossOfRatings) {
  options.measure = {MeasureKind::kLogLoss};
  EXPECT_THROW(watch(), UsageError);
}

}  // namespace
}  // namespace warmstart
