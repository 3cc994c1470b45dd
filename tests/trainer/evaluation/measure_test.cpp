#include "trainer/evaluation/measure.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "trainer/evaluation/evaluation.h"

namespace warmstart {
namespace {

Measure named(const std::string& name) { return measure_named(name).value(); }

TEST(Measure, KnowsItsDirection) {
  for (const auto* name : {"mae", "mse", "rmse", "log-loss", "calibration-error", "poisson-deviance"}) {
    EXPECT_TRUE(is_better(named(name), 0.1, 0.2)) << name;
    EXPECT_FALSE(is_better(named(name), 0.2, 0.1)) << name;
  }
  for (const auto* name :
       {"accuracy", "auc", "grouped-auc", "precision@1", "recall@3", "hit@5", "mrr", "ndcg@10", "map@2"}) {
    EXPECT_TRUE(is_better(named(name), 0.2, 0.1)) << name;
    EXPECT_FALSE(is_better(named(name), 0.1, 0.2)) << name;
  }
}

TEST(Measure, WhatIsNoNumberIsNeverBetterNorIsWhatIsEqual) {
  for (const auto* name : {"mae", "ndcg@5"}) {
    EXPECT_FALSE(is_better(named(name), NAN, 0.5));
    EXPECT_FALSE(is_better(named(name), 0.5, NAN));
    EXPECT_FALSE(is_better(named(name), 0.5, 0.5));
  }
}

TEST(Measure, HasOneNameThatIsReadBack) {
  for (const auto& name : measure_names()) {
    const auto whole = name.ends_with("@K") ? name.substr(0, name.size() - 1) + "17" : name;
    ASSERT_TRUE(measure_named(whole)) << whole;
    EXPECT_EQ(name_of(*measure_named(whole)), whole);
  }
  EXPECT_EQ(title_of(named("ndcg@3")), "nDCG@3");
  EXPECT_EQ(title_of(named("log-loss")), "log-loss");
  EXPECT_EQ(measure_names().size(), 17u);
}

TEST(Measure, OtherNamesAreNone) {
  for (const auto* name : {"", "mean", "MAE", "mae@5", "ndcg", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@05", "ndcg@+5",
                           "ndcg@5 ", "ndcg@5@5", "ndcg@1000001", "ndcg@99999999999999999999", "auc@5", "@5"})
    EXPECT_FALSE(measure_named(name)) << name;
}

TEST(Measure, AnOptionListsTheKnownNames) {
  Measure measure = named("auc");
  EXPECT_THROW(
      {
        try {
          read("ndcg@0", {}, measure);
        } catch (const std::invalid_argument& error) {
          EXPECT_NE(std::string(error.what()).find("is none of: mae, mse, "), std::string::npos) << error.what();
          EXPECT_NE(std::string(error.what()).find("ndcg@K"), std::string::npos) << error.what();
          throw;
        }
      },
      std::invalid_argument);
  EXPECT_EQ(measure, named("auc"));
  std::optional<Measure> chosen = named("auc");
  read("own", {}, chosen);
  EXPECT_FALSE(chosen);
  EXPECT_EQ(to_text(chosen), "own");
  read("map@3", {}, chosen);
  EXPECT_EQ(chosen, named("map@3"));
}

TEST(Measure, IsTheMeanOverTheSupportSizes) {
  const LabelScale ratings{1, 5, {}};
  const std::vector<EvaluationResult> results = {
      {.support = "0", .rows = {.tasks = equal_rows(1, 1), .labels = {3}, .predicted = {4}}, .scale = ratings},
      {.support = "all", .rows = {.tasks = equal_rows(1, 1), .labels = {3}, .predicted = {5}}, .scale = ratings}};
  EXPECT_EQ(mean_over_supports(results, named("mae")), 1.5);
  EXPECT_EQ(mean_over_supports(results, named("mse")), 2.5);
}

TEST(Measure, OfPredictionsThatAreNotFiniteIsNoNumberEvenWhereTheirOrderIsOne) {
  const EvaluationResult result{.support = "0",
                                .rows = {.tasks = equal_rows(2, 1), .labels = {3, 3}, .predicted = {3, NAN}},
                                .scale = {1, 5, {}},
                                .not_finite = 1};
  EXPECT_TRUE(std::isnan(value_of(result, named("mae"))));
  EXPECT_TRUE(std::isnan(value_of(result, named("ndcg@5"))));
}

std::string why_refused(const std::string& name, const LabelScale& scale) {
  try {
    check(named(name), scale);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(Measure, RefusesLabelsThatItDoesNotTake) {
  EXPECT_EQ(why_refused("mae", {-1, 5}), "");
  for (const auto* name : {"log-loss", "calibration-error"}) {
    EXPECT_EQ(why_refused(name, {0, 1}), "");
    EXPECT_NE(why_refused(name, {1, 5}).find("takes labels of 0 and 1, and those of the data set are from 1 to 5"),
              std::string::npos);
    EXPECT_NE(why_refused(name, {-1, 1}), "");
  }
  EXPECT_EQ(why_refused("poisson-deviance", {0, 40}), "");
  EXPECT_NE(why_refused("poisson-deviance", {-1, 40}).find("takes counts"), std::string::npos);
}

TEST(Measure, AsksWhichRowsAreRelevant) {
  Schema clicks, ratings;
  clicks.label_max = 1.0;
  ratings.label_min = 1.0, ratings.label_max = 5.0;
  for (const auto* name : {"auc", "grouped-auc", "precision@2", "recall@2", "hit@2", "mrr", "map@2"}) {
    EXPECT_EQ(why_refused(name, label_scale(clicks, {})), "");
    EXPECT_EQ(why_refused(name, label_scale(ratings, 4.0)), "");
    EXPECT_NE(why_refused(name, label_scale(ratings, {})).find("set evaluate.relevant"), std::string::npos);
    EXPECT_NE(why_refused(name, label_scale(ratings, 6.0)).find("no row would be relevant"), std::string::npos);
    EXPECT_NE(why_refused(name, label_scale(ratings, 1.0)).find("every row would be relevant"), std::string::npos);
  }
  EXPECT_EQ(why_refused("ndcg@5", label_scale(ratings, {})), "");
}

}  // namespace
}  // namespace warmstart
