#include "trainer/training/training.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "cluster/agreement.h"
#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "data/ingest.h"
#include "tests/support/shared_folder.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_device.h"

namespace warmstart {
namespace {

class TrainingTest : public testing::Test {
 protected:
  TrainingTest() : group(MPI_COMM_WORLD) {
    ingest_small_dataset(folder.path());  // each rank its own: the data are the same
    dataset = std::make_unique<Dataset>(folder.path() / "dataset", true);
    options.steps = 12;
    options.tasks = 16;
    options.validation.query = 4;
    options.validation.support = {"0", "all"};
    model_options.network.embedding = 8;
    model_options.network.tower = {8};
    model_options.network.features = 4;
    model_options.adapt.prior = 4;
  }

  TrainOutcome run(Communicator& communicator) {
    Learner model(dataset->schema(), model_options, 1);
    start_from_data(model, *dataset, options.episode, communicator);
    model.parameters().flatten(at::TensorOptions(test_device()).dtype(at::kFloat));
    return train(model, *dataset, options, communicator, {});
  }

  MpiCommunicator group;
  SelfCommunicator alone;
  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
  TrainOptions options;
  ModelOptions model_options;
  AdaptOptions by_steps = {.stages = {StageKind::kPrior, StageKind::kSteps}};
};

TEST_F(TrainingTest, EndsInTheSameBitsOnAnyNumberOfRanks) {
  for (const auto scope : {Scope::kHead, Scope::kAll}) {
    model_options.adapt = by_steps;
    model_options.adapt.inner.scope = scope;
    EXPECT_EQ(run(group).digest, run(alone).digest);
  }
}

TEST_F(TrainingTest, WithNegativesEndsInTheSameBitsOnAnyNumberOfRanks) {
  options.episode.negatives = 3;
  const auto rows_encoded_once = run(group).digest;
  EXPECT_EQ(rows_encoded_once, run(alone).digest);
  options.episode.negatives_power = 0;
  EXPECT_NE(run(group).digest, rows_encoded_once);
  model_options.adapt = by_steps;
  model_options.adapt.inner.scope = Scope::kAll;
  EXPECT_EQ(run(group).digest, run(alone).digest);
}

TEST_F(TrainingTest, EndsInTheSameBitsWhateverTheBuckets) {
  const auto whole = run(group).digest;
  options.bucket_megabytes = 0.0001;
  EXPECT_EQ(run(group).digest, whole);
}

TEST_F(TrainingTest, InBfloat16EndsInOtherBitsThatNoNumberOfRanksChanges) {
  model_options.adapt = by_steps;
  model_options.adapt.inner.scope = Scope::kAll;
  const auto exact = run(group).digest;
  options.precision = Precision::kBfloat16;
  const auto rounded = run(group).digest;
  EXPECT_NE(rounded, exact);
  EXPECT_EQ(rounded, run(alone).digest);
}

TEST_F(TrainingTest, AnotherSeedGivesOtherBits) {
  const auto first = run(group).digest;
  options.seed = 1;
  EXPECT_NE(run(group).digest, first);
}

TEST_F(TrainingTest, LearnsThePlantedPreferences) {
  options.steps = 150;
  options.adam.warmup = 10;
  Learner model(dataset->schema(), model_options, 1);
  start_from_data(model, *dataset, {}, group);
  const Evaluation test(*dataset, Split::kTest, options.validation, group);
  const double before = test.mean(model, Measure{MeasureKind::kMae});
  train(model, *dataset, options, group, {});
  EXPECT_LT(test.mean(model, Measure{MeasureKind::kMae}), 0.97 * before);
}

TEST_F(TrainingTest, TellsClassesApartThatItHasNotSeen) {
  ingest_small_classes(folder.path() / "classes");
  dataset = std::make_unique<Dataset>(folder.path() / "classes" / "dataset", true);
  model_options.network.kind = NetworkKind::kMlp;
  model_options.objective = {.kind = ObjectiveKind::kClasses, .classes = 2};
  model_options.adapt.stages = {StageKind::kPrototypes};
  options.episode.ways = 2;
  options.validation = {.support = {"0", "1", "5"}, .query = 4, .ways = 2, .episodes = 50};
  options.steps = 40;
  Learner model(dataset->schema(), model_options, 1);
  start_from_data(model, *dataset, {}, group);
  const auto digest = train(model, *dataset, options, group, {}).digest;
  const Evaluation test(*dataset, Split::kTest, options.validation, group);
  const auto results = test.run(model);
  const Measure accuracy = {MeasureKind::kAccuracy};
  EXPECT_EQ(test.tasks(), 50);
  EXPECT_NEAR(value_of(results[0], accuracy), 0.5, 0.15);  // numbers of classes say nothing
  EXPECT_GT(value_of(results[1], accuracy), 0.7);
  EXPECT_GE(value_of(results[2], accuracy), value_of(results[1], accuracy));
  EXPECT_EQ(run(alone).digest, digest);
}

TEST_F(TrainingTest, WithoutValidationTasksEndsWithTheLastParameters) {
  auto tables = options_for_synthetic(folder.path() / "tables", folder.path() / "unwatched");
  tables.validation = "0";
  ingest(tables);
  dataset = std::make_unique<Dataset>(tables.dataset, true);
  EXPECT_THROW(run(group), AgreedError);
  options.keep_best = false;
  EXPECT_EQ(run(group).best_step, 0);
}

TEST_F(TrainingTest, ParametersWhoseValidationIsNotFiniteAreNeverTheBest) {
  // Training never adapts, and validation does, at a rate that overflows.
  options.episode.support_max = 0;
  options.episode.support_common_share = 0;
  options.validation.support = {"all"};
  model_options.adapt = by_steps;
  model_options.adapt.inner.rates = InnerRates::kFixed;
  model_options.adapt.inner.rate = 1e30;
  Learner model(dataset->schema(), model_options, 1);
  start_from_data(model, *dataset, {}, group);
  std::string warnings;
  TrainObserver observer;
  observer.warned = [&](const std::string& warning) { warnings += warning + "\n"; };
  EXPECT_EQ(train(model, *dataset, options, group, observer).best_step, 0);
  EXPECT_NE(warnings.find("the validation error of user 'u"), std::string::npos) << warnings;
  EXPECT_TRUE(model.parameters().flat().isfinite().all().item<bool>());
}

TEST_F(TrainingTest, SaysWhatAUserShouldKnowOfARunThatGoesOn) {
  std::string warnings;
  TrainObserver observer;
  observer.warned = [&](const std::string& warning) { warnings += warning + "\n"; };
  model_options.adapt = by_steps;
  model_options.adapt.inner.rates = InnerRates::kFixed;
  model_options.adapt.inner.rate = 3;  // far too large
  options.adam.warmup = 100;
  Learner model(dataset->schema(), model_options, 1);
  start_from_data(model, *dataset, {}, group);
  train(model, *dataset, options, group, observer);
  EXPECT_NE(warnings.find("takes 12 steps, all of them in the warm-up of 100"), std::string::npos) << warnings;
  EXPECT_NE(warnings.find("only 6 tasks validate the run"), std::string::npos) << warnings;
  EXPECT_NE(warnings.find("adaptation hurts on validation"), std::string::npos) << warnings;
}

TEST_F(TrainingTest, RefusesLabelsThatTheLossDoesNotTake) {
  model_options.objective.kind = ObjectiveKind::kBinary;
  try {
    run(group);
    FAIL() << "trained";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error.what()).find("model.objective = binary takes 0 and 1"), std::string::npos)
        << error.what();
  }
}

TEST_F(TrainingTest, RefusesRowsWithoutAnOrderWhereAStageReadsThemInOne) {
  model_options.adapt.stages = {StageKind::kPrior, StageKind::kGru};
  options.steps = 1;
  const auto complaint = [&](RowOrder episodes, RowOrder validation) -> std::string {
    options.episode.order = episodes;
    options.validation.order = validation;
    try {
      run(group);
      return "";
    } catch (const AgreedError& error) {
      EXPECT_EQ(error.code(), ExitCode::kUsage);
      return error.what();
    }
  };
  EXPECT_NE(complaint(RowOrder::kShuffle, RowOrder::kTime).find("set episode.order = sorted or time"),
            std::string::npos);
  EXPECT_NE(complaint(RowOrder::kSorted, RowOrder::kShuffle).find("set evaluate.order = sorted or time"),
            std::string::npos);
  EXPECT_EQ(complaint(RowOrder::kSorted, RowOrder::kSorted), "");
}

TEST_F(TrainingTest, StopsWhenValidationNoLongerImproves) {
  options.steps = 400;
  options.adam.rate = 0.1;  // so that it soon gets worse
  options.validate_every = 5;
  options.patience = 2;
  EXPECT_LT(run(group).steps_done, 400);
}

TEST_F(TrainingTest, ADivergedLossNamesTheStepAndTheTaskOnEveryRank) {
  options.adam.rate = 1e30;
  options.adam.clip_norm = 0;
  try {
    run(group);
    ADD_FAILURE() << "no error";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::kDiverged);
    const std::string message = error.what();
    EXPECT_NE(message.find("step 2: the loss of user 'u"), std::string::npos) << message;
  }
}

// The limit lies so close to the usual loss that ordinary meta-batches pass for divergences.
TEST_F(TrainingTest, ALossThatRunsAwayTakesTheRunBackAndSkipsItsMetaBatch) {
  options.steps = 60;
  options.loss_limit = 1.35;
  options.rollbacks = 40;
  options.save.every_steps = 5;
  options.save.retention.last = 20;
  std::string digests[2];
  for (auto* communicator : {static_cast<Communicator*>(&group), static_cast<Communicator*>(&alone)}) {
    const SharedFolder shared(*communicator);
    options.save.run = shared.path();
    std::int64_t rollbacks = 0;
    TrainObserver observer;
    observer.rolled_back = [&](const Rollback& rollback) {
      ++rollbacks;
      EXPECT_LT(rollback.to_step, 60);
      EXPECT_NE(rollback.reason.find("times its running median"), std::string::npos) << rollback.reason;
    };
    Learner model(dataset->schema(), model_options, 1);
    start_from_data(model, *dataset, {}, *communicator);
    const auto outcome = train(model, *dataset, options, *communicator, observer);
    EXPECT_GE(rollbacks, 1);
    EXPECT_EQ(outcome.steps_done, 60);
    digests[communicator == &alone] = outcome.digest;
    const auto state = read_checkpoint_on_all(shared.path(), *communicator).state;
    EXPECT_EQ(state.rollbacks, rollbacks);
    EXPECT_GE(state.skipped.size(), 1u);
  }
  EXPECT_EQ(digests[0], digests[1]);
}

TEST_F(TrainingTest, GivesUpAfterTheBoundOfRollbacks) {
  const SharedFolder shared(group);
  options.steps = 60;
  options.loss_limit = 1.0001;
  options.rollbacks = 2;
  options.save.every_steps = 5;
  options.save.retention.last = 20;
  options.save.run = shared.path();
  try {
    run(group);
    ADD_FAILURE() << "no error";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::kDiverged);
    EXPECT_NE(std::string(error.what()).find("undone before: 2"), std::string::npos) << error.what();
  }
}

TEST_F(TrainingTest, RefusesMoreRanksThanMicrobatches) {
  options.microbatches = 1;
  options.tasks = 4;
  if (group.size() == 1) {
    EXPECT_NO_THROW(run(group));
  } else {
    EXPECT_THROW(run(group), AgreedError);
  }
}

}  // namespace
}  // namespace warmstart
