#include "trainer/learner/methods.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/files.h"
#include "tests/support/random_batch.h"
#include "trainer/learner/learner.h"

namespace warmstart {
namespace {

using enum StageKind;

ModelOptions with_stages(std::vector<StageKind> stages) {
  ModelOptions options;
  options.adapt.stages = std::move(stages);
  return options;
}

std::string reason(const ModelOptions& options) {
  const auto refusal = refusal_of(options);
  return refusal ? refusal->reason + "; " + refusal->remedy : "";
}

TEST(Methods, ChainsThatMakeNoSenseAreRefusedWithTheNearest) {
  EXPECT_EQ(reason(with_stages({kPrior, kSteps})), "");
  EXPECT_NE(reason(with_stages({})).find("names no stage"), std::string::npos);
  const auto expect = [](const ModelOptions& options, const std::string& why, const std::string& nearest) {
    const auto found = reason(options);
    EXPECT_NE(found.find(why), std::string::npos) << found;
    EXPECT_TRUE(found.ends_with("; set adapt.stages = " + nearest)) << found;
  };
  expect(with_stages({kPrior, kSteps, kSteps}), "names steps twice", "prior, steps");
  expect(with_stages({kSteps, kPrior}), "prior writes the head", "prior, steps");
  auto late = with_stages({kSteps, kPrototypes});
  late.objective.kind = ObjectiveKind::kBinary;
  expect(late, "steps start from the head that prototypes make", "prototypes, steps");
  late.adapt.stages = {kPrior, kSteps, kPrototypes};
  expect(late, "steps start from the head that prototypes make", "prior, prototypes, steps");
  expect(with_stages({kPrior, kSteps, kLstm}), "steps start from the head that lstm makes", "prior, lstm, steps");
  expect(with_stages({kSteps, kTaskMemory}), "the head that task-memory makes", "task-memory, steps");
  expect(with_stages({kPrior, kGru, kLstm}), "read the same rows for the same head", "prior, gru");
}

TEST(Methods, AReaderOfRowsInTheirOrderLeavesNoneOut) {
  auto options = with_stages({kPrior, kGru, kRidge});
  EXPECT_NE(reason(options).find("for which gru would read the others again"), std::string::npos);
  EXPECT_THROW(Learner(random_batch_schema(), options, 0), UsageError);
  options.adapt.leave_one_out = 0.0;
  EXPECT_EQ(reason(options), "");
}

TEST(Methods, GainsAndShiftsAreRefusedWhereNothingWritesOrTakesThem) {
  auto options = with_stages({kPrior, kSupportEncoder, kSteps});
  options.adapt.modulation = true;
  EXPECT_EQ(reason(options), "");
  const auto expect = [&](const ModelOptions& other, const std::string& why) {
    EXPECT_NE(reason(other).find(why), std::string::npos) << reason(other);
  };
  auto other = options;
  other.network.kind = NetworkKind::kContent;
  expect(other, "there are none; set adapt.modulation = false");
  other = options;
  other.network.tower = {};
  expect(other, "there are none; set adapt.modulation = false");
  other = options;
  other.adapt.stages = {kSteps};
  expect(other, "written by the stages prior, support-encoder, gru and lstm, and there is none");
  other.adapt.stages = {kPrior, kSupportEncoder, kRidge};
  expect(other, "read off all rows; set adapt.leave-one-out = 0");
  other.adapt.stages = {kPrior, kRidge};
  EXPECT_EQ(reason(other), "");
  other.adapt.stages = {kPrior};
  other.adapt.readout = ReadoutKind::kMatching;
  expect(other, "with adapt.modulation each task has its own");
}

TEST(Methods, TowersOfEntitiesAreForHeadsAlone) {
  auto options = with_stages({kPrior, kSteps});
  options.network.kind = NetworkKind::kEntityTowers;
  EXPECT_EQ(reason(options), "");
  for (const auto scope : {Scope::kDense, Scope::kAll}) {
    options.adapt.inner.scope = scope;
    EXPECT_NE(reason(options).find("with inner.scope = " + to_text(scope) +
                                   " each task has layers of its own; set "
                                   "inner.scope = head, or model.network = two-tower"),
              std::string::npos)
        << reason(options);
  }
  options.adapt.inner.scope = Scope::kHead;
  options.adapt.modulation = true;
  EXPECT_NE(reason(options).find("set adapt.modulation = false, or model.network = two-tower"), std::string::npos)
      << reason(options);
  options.adapt.modulation = false;
  options.objective.kind = ObjectiveKind::kClasses;
  EXPECT_NE(reason(options).find("rows of model.objective = classes have none; set model.network = two-tower"),
            std::string::npos)
      << reason(options);
}

// What tells a new network or stage from one that was forgotten.
TEST(Methods, EveryNetworkObjectiveStageReadoutAndScopeStandsInTheTable) {
  const auto table = methods_table();
  std::vector<std::string> names;
  for (const auto& of : {enum_names<NetworkKind>(), enum_names<ObjectiveKind>(), enum_names<StageKind>(),
                         enum_names<ReadoutKind>(), enum_names<Scope>()})
    names.insert(names.end(), of.begin(), of.end());
  for (const auto& name : names) EXPECT_NE(table.find(name), std::string::npos) << name;
}

TEST(Methods, PartsThatDoNotGoTogetherAreRefusedWithTheNearest) {
  EXPECT_NE(reason(with_stages({kPrototypes})).find("set model.objective = binary"), std::string::npos);
  auto scope = with_stages({kPrior});
  scope.adapt.inner.scope = Scope::kAll;
  EXPECT_NE(reason(scope).find("add steps to adapt.stages"), std::string::npos);
  ModelOptions dense = with_stages({kPrior, kSteps});
  dense.network.kind = NetworkKind::kMf;
  dense.adapt.inner.scope = Scope::kDense;
  EXPECT_NE(reason(dense).find("mf has no linear layers"), std::string::npos);
  EXPECT_THROW(Learner(random_batch_schema(), dense, 0), UsageError);
}

TEST(Methods, ClosedFormsOfOrdersAreRefused) {
  for (const auto objective : {ObjectiveKind::kPairwise, ObjectiveKind::kListwise}) {
    for (const auto solver : {kRidge, kKernel}) {
      auto options = with_stages({kPrior, solver});
      options.objective.kind = objective;
      const auto found = reason(options);
      EXPECT_NE(found.find(to_text(solver) + " fits each row's output to a response of its own"), std::string::npos);
      EXPECT_NE(found.find("model.objective = " + to_text(objective)), std::string::npos) << found;
      EXPECT_TRUE(found.ends_with("; set adapt.stages = prior, support-encoder, steps")) << found;
    }
  }
}

TEST(Methods, ReadoutsThatCompareRowsGoWithSharedFeaturesAlone) {
  for (const auto readout : {ReadoutKind::kMatching, ReadoutKind::kSiamese}) {
    auto options = with_stages({kPrior, kSteps});
    options.adapt.readout = readout;
    EXPECT_EQ(reason(options), "");
    options.adapt.inner.scope = Scope::kAll;
    EXPECT_NE(reason(options).find("with inner.scope = all each task has its own; set inner.scope = head"),
              std::string::npos)
        << reason(options);
    options.adapt.inner.scope = Scope::kHead;
    for (const auto& stages : {std::vector{kPrior, kRidge}, {kPrior, kKernel}, {kPrototypes}}) {
      options.adapt.stages = stages;
      options.objective.kind = ObjectiveKind::kBinary;
      EXPECT_NE(reason(options).find("the stage " + to_text(stages.back()) + " does that in another way"),
                std::string::npos)
          << reason(options);
    }
  }
}

TEST(Methods, FullContextIsMatchingsAlone) {
  auto options = with_stages({kPrior});
  options.adapt.full_context = 2;
  for (const auto readout : {ReadoutKind::kLinear, ReadoutKind::kSiamese}) {
    options.adapt.readout = readout;
    EXPECT_NE(reason(options).find("adapt.readout = " + to_text(readout) + " does not"), std::string::npos)
        << reason(options);
  }
  options.adapt.readout = ReadoutKind::kMatching;
  EXPECT_EQ(reason(options), "");
  options.adapt.stages = {kPrior, kKernel};
  EXPECT_NE(reason(options).find("the stage kernel does that in another way"), std::string::npos) << reason(options);
}

TEST(Methods, AReadoutThatComparesRowsOfClassesNeedsNoStage) {
  auto options = with_stages({});
  options.adapt.readout = ReadoutKind::kMatching;
  EXPECT_NE(reason(options).find("names no stage"), std::string::npos);
  options.objective.kind = ObjectiveKind::kClasses;
  EXPECT_EQ(reason(options), "");
}

TEST(Methods, ClassesAreRefusedWhereTheyHaveNoMeaningWithTheNearest) {
  auto options = with_stages({kPrior});
  options.objective.kind = ObjectiveKind::kClasses;
  options.adapt.readout = ReadoutKind::kSiamese;
  EXPECT_EQ(reason(options), "");
  options.adapt.contrast.alike = 1.0;
  EXPECT_NE(reason(options).find("labels are names; set adapt.contrast-alike = 0"), std::string::npos)
      << reason(options);
  options.objective.kind = ObjectiveKind::kSquared;
  EXPECT_EQ(reason(options), "");
}

TEST(Methods, WhatInnerStepsWouldLearnToNoEffectIsRefusedWithTheNearest) {
  const auto refused = [](const std::string& remedy, auto change) {
    auto options = with_stages({kPrior, kSteps});
    options.adapt.inner.scope = Scope::kDense;
    EXPECT_EQ(reason(options), "");
    change(options, options.adapt.inner);
    EXPECT_NE(reason(options).find(remedy), std::string::npos) << reason(options);
    EXPECT_THROW(Learner(random_batch_schema(), options, 0), UsageError);
  };
  const auto mf_with = [](ModelOptions& options, InnerOptions inner) {
    options.network.kind = NetworkKind::kMf;
    inner.scope = Scope::kAll;
    options.adapt.inner = inner;
  };
  const InnerOptions each_weight = {.rates = InnerRates::kElementwise, .form = Form::kWeights};
  refused("set inner.form = weights", [](auto&, auto& inner) { inner.rates = InnerRates::kElementwise; });
  refused("set inner.rates = per-parameter", [&](auto&, auto& inner) { inner = each_weight; });
  refused("set inner.rates = per-parameter", [&](auto& options, auto&) { mf_with(options, each_weight); });
  refused("set inner.warp = false", [](auto&, auto& inner) { inner = {.warp = true}; });
  refused("set inner.warp = false", [&](auto& options, auto&) { mf_with(options, {.warp = true}); });
  refused("set inner.warp = false", [](auto& options, auto& inner) {
    inner.warp = true;
    options.network.tower = {};
  });
  refused("set inner.tower-pull = 0", [](auto&, auto& inner) { inner = {.tower_pull = 1.0}; });
}

TEST(Methods, TheDocumentedTableIsTheChecksOwn) {
  const auto page = read_file(WARMSTART_METHODS_PAGE);
  EXPECT_NE(page.find(methods_table()), std::string::npos)
      << "docs/methods.md does not hold what `warmstart methods` prints";
}

}  // namespace
}  // namespace warmstart
