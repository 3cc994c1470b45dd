// Tables that say what users took and not what they left, through the real program: negatives, whole catalogues, what
// is refused.

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/app/program_fixture.h"

namespace warmstart {
namespace {

class ImplicitFeedbackTest : public ProgramTest {
 protected:
  ImplicitFeedbackTest() {
    expect_ok("synthesize --to tables --users 60 --items 40 --rows-per-user 20");
    expect_ok("ingest --config tables/config.ini --set interactions.label= --set data.dataset=clicks");
  }
  std::string of_clicks(const std::string& command, int ranks = 0) { return expect_ok(command + kSettings, ranks); }
  nlohmann::json evaluation(const std::string& arguments, int ranks = 0) {
    const auto output = of_clicks("evaluate --json " + arguments, ranks);
    return objects_of(output).at(0);  // among warnings
  }
  static double value(const nlohmann::json& evaluation, const std::string& model, const std::string& measure) {
    for (const auto& row : evaluation["results"])
      if (row["model"] == model && row["support"] == "all") return row[measure];
    throw std::runtime_error(model + " has no " + measure);
  }
  static constexpr const char* kSettings =
      " --config tables/config.ini --set data.dataset=clicks --set model.embedding=8 --set model.tower=8"
      " --set evaluate.query=4 --set evaluate.support=0,1,all --set train.tasks=16"
      " --set episode.negatives=4";
  static constexpr const char* kAll = " --set evaluate.candidates=all";
  static constexpr const char* kNoRun = " --set train.run=";
};

// Nothing asks for a label, and nothing shows one.
TEST_F(ImplicitFeedbackTest, PositivesAloneGoAllTheWay) {
  EXPECT_NE(expect_ok("inspect clicks").find("no labels: every row is a positive, of label 1"), std::string::npos);
  const auto row = nlohmann::json::parse(expect_ok("inspect clicks --json"))["sample"][0]["first_rows"][0];
  EXPECT_TRUE(row.contains("time") && !row.contains("")) << row;
  EXPECT_NE(of_clicks("train --run run --steps 60" + std::string(kAll)).find("validation nDCG@10"), std::string::npos);
  const auto table = of_clicks("evaluate --set train.run=run --output evaluation.json" + std::string(kAll));
  for (const auto* text : {"among all of 40 items but those of other rows", "popularity", "recall@10", "ndcg@10", "mrr",
                           "coverage@10", "novelty@10"})
    EXPECT_NE(table.find(text), std::string::npos) << text << "\n" << table;
  of_clicks("report --output report.html --set evaluate.output=evaluation.json --set train.run=run");
  expect_ok("export --run run --to models --name clicks");
  EXPECT_NE(expect_ok("inspect models/clicks/1").find("every row is a positive, of label 1"), std::string::npos);
  folder.write("support.csv", "user,item\nann,i3\nann,i5\n");
  const auto shown = expect_ok("predict --model models/clicks --support support.csv --top 3 --explain");
  EXPECT_EQ(shown.find("( 1)"), std::string::npos) << shown;
}

TEST_F(ImplicitFeedbackTest, AnyObjectiveOfLabelsLearnsOnAnyNumberOfRanks) {
  for (const auto* objective : {"squared", "binary", "poisson", "pairwise", "listwise"}) {
    const std::string run =
        std::string("train --steps 6 --set adapt.stages=prior,support-encoder,steps --set model.objective=") +
        objective + kAll + " --run ";
    const auto one = of_clicks(run + objective), two = of_clicks(run + objective + "-2", 2);
    const auto digest = [](const std::string& output) { return output.substr(output.rfind("parameters ")); };
    EXPECT_EQ(digest(one), digest(two)) << objective;
  }
}

TEST_F(ImplicitFeedbackTest, IsJudgedAlikeOnAnyNumberOfRanks) {
  of_clicks("train --run run --steps 6" + std::string(kAll));
  for (const auto* candidates : {"all", "sampled:10"}) {
    const auto among = std::string("--set train.run=run --set evaluate.candidates=") + candidates;
    const auto one = evaluation(among);
    EXPECT_EQ(one["protocol"]["candidates"], candidates);
    EXPECT_EQ(one["results"], evaluation(among, 2)["results"]);
    EXPECT_GT(value(one, "warmstart", "recall@10"), 0.0);
  }
}

TEST_F(ImplicitFeedbackTest, AMoreDemandingCatalogueIsHarder) {
  const auto recall = [&](const std::string& candidates) {
    return value(
        evaluation("--set train.run= --set evaluate.measures=recall@4 --set evaluate.candidates=" + candidates),
        "popularity", "recall@4");
  };
  EXPECT_GT(recall("sampled:2"), recall("sampled:10"));
  EXPECT_GT(recall("sampled:2"), recall("all"));
}

TEST_F(ImplicitFeedbackTest, RecallIsToldByPopularity) {
  const auto evaluation = this->evaluation("--set train.run= --set evaluate.slices=true" + std::string(kAll));
  const auto& slices = evaluation["results"][0]["slices"];
  // Whoever recommends what is popular finds nothing else.
  EXPECT_GT(slices["head"]["recall@10"].get<double>(), slices["tail"]["recall@10"].get<double>());
  EXPECT_EQ(slices["tail"]["recall@10"], 0.0);
}

TEST_F(ImplicitFeedbackTest, WhatDoesNotGoTogetherIsRefused) {
  const auto refused = [&](const std::string& arguments, const std::string& phrase, int code = 2) {
    SCOPED_TRACE(arguments);
    expect_failure(arguments + " --config tables/config.ini --set evaluate.query=4", code, phrase);
  };
  const std::string train = "train --steps 6 --tasks 16 --run run --set data.dataset=clicks",
                    negatives = " --set episode.negatives=4";
  refused(train + kAll, "set episode.negatives = 4");
  refused(train + negatives, "set evaluate.candidates = sampled:100, or all");
  refused(train + negatives + kAll + " --set validate.measure=coverage@5", "not whether anybody likes it");
  refused(train + negatives + kAll +
              " --set train.outer=reptile --set adapt.stages=prior,steps --set inner.rates=fixed --set inner.scope=all",
          "episode.negatives joins query rows");
  const std::string evaluate = std::string("evaluate --set data.dataset=clicks") + kNoRun;
  refused(evaluate, "set evaluate.candidates = sampled:100, or all");
  refused(evaluate + " --set evaluate.candidates=sampled:0", "evaluate.candidates = 'sampled:0'");
  refused(evaluate + " --set evaluate.candidates=some", "is none of: rows, sampled:NUMBER, all");
  refused(evaluate + " --set evaluate.candidates=sampled:39", "draw fewer, or set all", 3);
  refused(evaluate + kAll + " --set evaluate.measures=mae", "which evaluate.candidates = all tells; choose recall@10");
  refused(evaluate + kAll + " --set evaluate.measures=auc", "which evaluate.candidates = all tells; choose recall@10");
  refused(evaluate + " --set evaluate.candidates=sampled:5 --set evaluate.slices=true", "leave one of them out");
  refused(evaluate + " --set evaluate.candidates=sampled:5 --set evaluate.measures=novelty@5",
          "set evaluate.candidates = all");
}

TEST_F(ImplicitFeedbackTest, LabelsThatLeaveNoRoomForNegativesAreRefused) {
  expect_ok("ingest --config tables/config.ini --set data.label-min=1 --on-error skip --dataset ratings");
  const std::string of_ratings = " --config tables/config.ini --set data.dataset=ratings --set evaluate.query=4";
  expect_failure("train --steps 6 --tasks 16 --run run --set episode.negatives=4" + of_ratings, 2,
                 "draws rows of label 0, and labels are from");
  expect_failure("evaluate --set evaluate.candidates=sampled:5 --set evaluate.measures=mae" + of_ratings + kNoRun, 2,
                 "judges predicted labels");
}

}  // namespace
}  // namespace warmstart
