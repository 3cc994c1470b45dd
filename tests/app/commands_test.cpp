// The real program, from tables to report.

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
#include "tests/app/program_fixture.h"

namespace warmstart {
namespace {

constexpr const char* kSmall =
    " --set train.steps=10 --set train.tasks=16 --set model.embedding=8 --set model.tower=8 --set model.features=4"
    " --set evaluate.query=4 --set evaluate.support=0,3,all ";

constexpr const char* kCompare =
    "evaluate --config tables/config.ini --baselines false --relevant 3.5 --slices --measures "
    "mae,auc,grouped-auc,recall@2 --bootstrap 50 --against ";

class CommandsTest : public ProgramTest {
 protected:
  CommandsTest() {
    expect_ok("synthesize --to tables --users 80 --items 40 --rows-per-user 20");
    expect_ok("ingest --config tables/config.ini --shards 2");
  }
  std::string train(const std::string& run, int ranks) {
    return parameters_digest(expect_ok("train --config tables/config.ini --run " + run + kSmall, ranks));
  }
  void compare_runs();
  void compare_a_run_with_itself();
};

TEST_F(CommandsTest, TrainingOnOneTwoAndFourRanksEndsInTheSameBits) {
  const auto alone = train("run0", 0);
  EXPECT_EQ(alone.size(), 32u) << alone;
  for (const int ranks : {1, 2, 4}) EXPECT_EQ(train("run" + std::to_string(ranks), ranks), alone);
}

TEST_F(CommandsTest, EvaluatesComparesAndReports) {
  train("tables/run", 2);
  expect_ok(std::string("train --config tables/config.ini --run joint --set adapt.stages=prior") + kSmall);
  const auto output =
      expect_ok(std::string("evaluate --config tables/config.ini --joint joint --output evaluation.json") + kSmall, 2);
  const auto evaluation = read_json(folder.path() / "evaluation.json");
  EXPECT_EQ(evaluation["results"].size(), 15u);
  for (const auto* model : {"bias", "als", "joint", "fine-tuned", "warmstart"})
    EXPECT_NE(output.find(model), std::string::npos);
  EXPECT_EQ(evaluation["results"][1]["support"], 3);
  EXPECT_EQ(evaluation["results"][2]["support"], "all");
  EXPECT_EQ(evaluation["protocol"]["tasks"], 16);
  expect_ok("report --config tables/config.ini --output report.html --set evaluate.output=evaluation.json");
  const auto report = read_file(folder.path() / "report.html");
  EXPECT_NE(report.find("<svg"), std::string::npos);
  EXPECT_NE(report.find("fine-tuned"), std::string::npos);
  EXPECT_EQ(report.find("src=\"http"), std::string::npos);
  expect_ok("evaluate --config tables/config.ini --output again.json --joint joint" + std::string(kSmall));
  EXPECT_EQ(read_json(folder.path() / "again.json"), evaluation);
  compare_runs();
  compare_a_run_with_itself();
}

// Any measures of any two runs, on any number of ranks.
void CommandsTest::compare_runs() {
  const auto output = expect_ok(std::string(kCompare) + "joint --output pairs.json" + kSmall, 2);
  for (const auto* word : {"95% within +-", "mae head", "grouped-auc", "difference", "excludes 0"})
    EXPECT_NE(output.find(word), std::string::npos) << output;
  const auto compared = read_json(folder.path() / "pairs.json");
  ASSERT_EQ(compared["pairs"].size(), 12u);
  const auto& pair = compared["pairs"][0];
  EXPECT_EQ(pair["value"], compared["results"][0]["mae"]);
  EXPECT_EQ(pair["other"], compared["results"][3]["mae"]);
  EXPECT_EQ(compared["results"][3]["model"], "against");
  EXPECT_LT(pair["interval"][0], pair["interval"][1]);
  EXPECT_TRUE(compared["pairs"][3]["better"].is_null());  // of auc, which is pooled
  EXPECT_EQ(compared["protocol"]["measures"], (std::vector<std::string>{"mae", "auc", "grouped-auc", "recall@2"}));
  EXPECT_EQ(nlohmann::json::parse(expect_ok(std::string(kCompare) + "joint --json" + kSmall)), compared);
}

void CommandsTest::compare_a_run_with_itself() {
  for (const auto& same :
       nlohmann::json::parse(expect_ok(std::string(kCompare) + "tables/run --json" + kSmall))["pairs"]) {
    EXPECT_EQ(same["interval"], (std::vector<double>{0, 0})) << same;
    EXPECT_EQ(same["excludes_zero"], false);
  }
}

// Steps that were not trained, beside those that were: of a model with fixed rates, whose steps are all the same.
TEST_F(CommandsTest, EvaluatesAModelWithOtherNumbersOfInnerSteps) {
  const auto evaluate = "evaluate --config tables/config.ini --baselines false --json" + std::string(kSmall);
  expect_ok("train --config tables/config.ini --run tables/run --set adapt.stages=prior,steps --inner.rates fixed" +
            std::string(kSmall) + "--inner.steps 2");
  const auto facts = objects_of(expect_ok(evaluate + "--inner-steps 2,0,5", 2)).at(0);
  const auto& results = facts.at("results");
  ASSERT_EQ(results.size(), 12u);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto mae = [&](std::size_t model) { return results[3 * model + i].at("mae").get<double>(); };
    EXPECT_EQ(results[i].at("model"), "inner steps: 0");
    EXPECT_EQ(mae(0), results[0].at("mae").get<double>());  // what does not adapt does not look at the support
    EXPECT_EQ(results[3 + i].at("model"), "inner steps: 2");
    EXPECT_EQ(results[6 + i].at("model"), "inner steps: 5");
    EXPECT_EQ(results[9 + i].at("model"), "warmstart");
    EXPECT_EQ(mae(1), mae(3));
    EXPECT_EQ(mae(2) == mae(3), i == 0) << i;  // without support there is nothing to step by
  }
  expect_failure(evaluate + "--inner-steps 2 --set train.run=", 2, "evaluate.inner-steps is of the model of train.run");
  expect_failure(evaluate + "--inner-steps 1001", 2, "wants a whole number from 0 to 1000");
  train("learned", 0);
  expect_failure(evaluate + "--inner-steps 2 --set train.run=learned", 2,
                 "evaluate.inner-steps is for models with the stage steps and inner.rates = fixed");
}

TEST_F(CommandsTest, ARunThatNoTasksValidateSaysSo) {
  expect_ok("ingest --config tables/config.ini --set data.validation=0 --dataset unwatched");
  const auto output =
      expect_ok("train --config tables/config.ini --set data.dataset=unwatched --run run --keep-best false" +
                std::string(kSmall));
  EXPECT_NE(output.find("trained for 10 steps, without validation, parameters "), std::string::npos) << output;
  EXPECT_NE(expect_ok("inspect run").find("checkpoint of step 10 of 10, no validation so far"), std::string::npos);
}

TEST_F(CommandsTest, InspectsDatasetsAndCheckpoints) {
  train("run", 0);
  EXPECT_NE(expect_ok("inspect tables/dataset --verify").find("all digests hold"), std::string::npos);
  const auto facts = nlohmann::json::parse(expect_ok("inspect tables/dataset --json"));
  EXPECT_EQ(facts["sample"][0]["first_rows"][0]["category"].get<std::string>()[0], 'c');
  EXPECT_NE(expect_ok("inspect run").find("checkpoint of step 10"), std::string::npos);
}

TEST_F(CommandsTest, AStopSignalSavesWhatWasLearned) {
  const auto result =
      run_command("cd '" + folder.path().string() + "' && { " + program_path() +
                  " train --config tables/config.ini --run run --steps 1000000 --validate-every 500000 & } && "
                  "while [ ! -s run/metrics.jsonl ]; do sleep 0.1; done; kill -INT $!; wait $!");
  EXPECT_EQ(result.exit_code, 130) << result.output;
  EXPECT_NE(expect_ok("inspect run").find("checkpoint of step"), std::string::npos);
}

TEST_F(CommandsTest, HelpListsEveryOptionWithItsDefault) {
  EXPECT_NE(expect_ok("--help").find("exit codes"), std::string::npos);
  const auto help = expect_ok("train --help");
  EXPECT_NE(help.find("--train.epochs"), std::string::npos);
  EXPECT_NE(help.find("[12]"), std::string::npos);
}

TEST_F(CommandsTest, InspectSaysHowLayersWereAdapted) {
  expect_ok(
      "train --config tables/config.ini --run wide --adapt.stages prior,steps --inner.scope dense --inner.steps 2" +
      std::string(kSmall));
  const auto plan = nlohmann::json::parse(expect_ok("inspect wide --json")).at("state").at("plan");
  for (const auto* layer : {"input", "output", "skip", "tower.0"}) {
    const auto& counts = plan.at(layer);
    EXPECT_GT(counts.at("activations").get<int>() + counts.at("weights").get<int>(), 0) << layer;
    EXPECT_EQ(counts.at("last").at("steps"), 2) << layer;
  }
  EXPECT_NE(expect_ok("inspect wide").find("held as activations"), std::string::npos);
  // Whichever form is asked for is the one that is used.
  expect_ok(
      "train --config tables/config.ini --run formed --adapt.stages prior,steps --inner.scope dense --inner.form "
      "weights" +
      std::string(kSmall));
  const auto formed = nlohmann::json::parse(expect_ok("inspect formed --json")).at("state").at("plan");
  EXPECT_EQ(formed.at("tower.0").at("activations"), 0);
  EXPECT_GT(formed.at("tower.0").at("weights").get<int>(), 0);
}

}  // namespace
}  // namespace warmstart
