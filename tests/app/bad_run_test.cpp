// Runs that cannot start, go on or be read: the exit code and one clear line.

#include <fmt/format.h>

#include "base/json.h"
#include "checkpoints/checkpoint.h"
#include "tests/app/program_fixture.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

class BadRunTest : public BadInputTest {};

TEST_F(BadRunTest, MetricsThatAreCutOrDamaged) {
  ingest();
  ASSERT_EQ(run_program(train, folder.path()).exit_code, 0);
  const auto report = "report --config tables/config.ini --output r.html";
  const auto path = folder.path() / "tables/run/metrics.jsonl";
  const auto metrics = read_file(path);
  write_file(path, metrics + "{\"step\":4,\"lo");
  EXPECT_EQ(run_program(report, folder.path()).exit_code, 0);
  EXPECT_EQ(run_program("status tables/run", folder.path()).exit_code, 0);
  EXPECT_EQ(run_program(train, folder.path()).exit_code, 0);
  write_file(path, "{\"step\":null}\n" + metrics);
  expect_failure(report, 3, "metrics.jsonl:1: 'step': wanted a whole number");
  expect_failure("status tables/run", 3, "metrics.jsonl:1: 'step': wanted a whole number");
  write_file(folder.path() / "tables/run/slurm.json", "{\"job\":5}");
  write_file(path, "");
  expect_failure("status tables/run", 3, "slurm.json: has no 'job' that is a text");
}

TEST_F(BadRunTest, AReportRunsNothingThatAnEvaluationSays) {
  ingest();
  ASSERT_EQ(run_program(train, folder.path()).exit_code, 0);
  ASSERT_EQ(run_program("evaluate --config tables/config.ini --query 4 --support 0,3 --output e.json", folder.path())
                .exit_code,
            0);
  auto evaluation = read_json(folder.path() / "e.json");
  for (auto& result : evaluation["results"]) {
    if (result["model"] == "bias") result["model"] = "`touch ran`";
    if (result["model"] == "als") result["model"] = "\"\nsystem('touch ran')\n#";
    if (result["support"] == 3) result["support"] = "\"; `touch ran`";
  }
  write_file(folder.path() / "e.json", evaluation.dump());
  const auto result =
      run_program("report --config tables/config.ini --output r.html --set evaluate.output=e.json", folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_FALSE(fs::exists(folder.path() / "ran"));
  EXPECT_NE(read_file(folder.path() / "r.html").find("`touch ran`"), std::string::npos);
}

TEST_F(BadRunTest, CheckpointOfAnUnknownScope) {
  ingest();
  ASSERT_EQ(run_program(train + "--set adapt.stages=prior,steps", folder.path()).exit_code, 0);
  const auto path = folder.path() / "tables/run/step-00000004/manifest.json";
  auto manifest = read_json(path);
  auto configuration = manifest["description"]["configuration"].get<std::string>();
  configuration.replace(configuration.find("scope = head"), 12, "scope = sideways");
  manifest["description"]["configuration"] = configuration;
  write_file(path, sealed(manifest));
  expect_failure("evaluate --config tables/config.ini --query 4 --set train.run=tables/run/step-00000004", 3,
                 "inner.scope = 'sideways': is none of: head, dense, all");
  // A run's newest that can be used is the one before.
  const auto result = run_program("evaluate --config tables/config.ini --query 4", folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(result.output.find("passed over a checkpoint: tables/run/step-00000004"), std::string::npos)
      << result.output;
}

TEST_F(BadRunTest, CheckpointThatDoesNotFitTheSchema) {
  ingest();
  ASSERT_EQ(run_program(train, folder.path()).exit_code, 0);
  ASSERT_EQ(
      run_program("ingest --config tables/config.ini --set items.categorical= --set data.dataset=other", folder.path())
          .exit_code,
      0);
  expect_failure("evaluate --config tables/config.ini --set data.dataset=other", 3,
                 "the model does not fit the data set: it has 2 fields, not 3");
}

TEST_F(BadRunTest, LossThatIsNotFinite) {
  ingest();
  expect_failure(train + "--rate 1e30 --clip-norm 0", 5, "step 2: the loss of user 'u", 2);
  EXPECT_FALSE(fs::exists(folder.path() / "tables/run/step-00000004"));
}

TEST_F(BadRunTest, RunThatIsThereAlready) {
  ingest();
  // The first step's checkpoint and the last's are always written; those between, if the disk keeps up.
  ASSERT_EQ(run_program(train + "--set train.keep-last=4", folder.path()).exit_code, 0);
  expect_failure(train + "--resume never", 2, "holds a trained model already");
  expect_failure(train + "--rate 0.5", 2, "the run was started with another train.rate ('0.003', now '0.5')", 2);
  expect_failure(train + "--resume nowhere --run new", 3, "nowhere: holds no checkpoint");
  expect_failure(train + "--resume tables/run/step-00000004", 2, "lies in train.run itself");
  for (const std::string start : {"step-00000001", "step-00000004"}) {
    EXPECT_EQ(run_program(train + "--resume tables/run/" + start + " --run from-" + start, folder.path()).exit_code, 0);
    EXPECT_EQ(run_program("inspect tables/run from-" + start, folder.path()).exit_code, 0);  // the same bits
  }
  EXPECT_EQ(run_program("ingest --config tables/config.ini --shards 2 --dataset other", folder.path()).exit_code, 0);
  expect_failure(train + "--set data.dataset=other", 2, "was trained on other data");
}

TEST_F(BadRunTest, ARankThatFailsInMidRunEndsTheOthersWithOneMessage) {
  ingest();
  fs::copy(folder.path() / "tables/dataset", folder.path() / "other");
  flip_byte(folder.path() / "other/shard-00000.h5");
  // Where scores start is read by rank 0, so rank 1 meets the damage in its own copy while it trains.
  const auto rank = "-n 1 " + program_path() + " " + train;
  const auto result = run_command("cd '" + folder.path().string() + "' && " + mpi_launcher() + " " + rank + " : " +
                                  rank + "--set data.dataset=other");
  EXPECT_EQ(result.exit_code, 3) << result.output;
  EXPECT_NE(result.output.find("other/shard-00000.h5: is damaged"), std::string::npos) << result.output;
  const auto first = result.output.find("warmstart: ");
  EXPECT_EQ(result.output.find("warmstart: ", first + 1), std::string::npos) << result.output;
}

TEST_F(BadRunTest, LabelsThatTheLossDoesNotTake) {
  ingest();
  expect_failure(train + "--set model.objective=binary", 2, "model.objective = binary takes 0 and 1");
  expect_failure(train + "--set model.objective=binary", 2, "model.objective = binary takes 0 and 1", 2);
}

TEST_F(BadRunTest, MethodsAndSchedulesThatDoNotGoTogether) {
  ingest();
  const auto refused = [&](const std::string& settings, const std::string& phrase) {
    expect_failure("train --config tables/config.ini " + settings, 2, phrase);
  };
  refused("--set adapt.stages=prototypes --set model.objective=poisson", "set model.objective = binary or classes");
  refused("--set adapt.stages=prior,steps --set adapt.readout=matching --set inner.scope=all",
          "with inner.scope = all each task has its own; set inner.scope = head");
  refused("--set adapt.stages=prior,gru", "set episode.order = sorted or time");
  refused("--epochs 2 --set train.schedule=joint:1,meta:2",
          "the parts of train.schedule take 3 epochs and the run takes 2: set train.epochs = 3");
  refused("--epochs 2 --set train.schedule=joint:1,reptile:1", "knows the parts joint and meta");
  refused("--steps 4 --set train.schedule=joint:1,meta:2", "leave train.steps at 0");
}

TEST_F(BadRunTest, LabelsThatAreNoClassesOrCounts) {
  // Of 0, 1 and 2 but for one row.
  const auto expect_refused = [&](const std::string& label, const std::string& objective, const std::string& takes) {
    std::string rows = "user,item,rating,time\n";
    for (int i = 0; i < 120; ++i)
      rows += fmt::format("u{},i{},{},{}\n", i / 6, i % 6, i == 50 ? label : std::to_string(i % 3), i);
    folder.write("tables/interactions.csv", rows);
    expect_ok(
        fmt::format("ingest --config tables/config.ini --set data.test=0 --set data.dataset={}-{}", objective, label));
    expect_failure(
        fmt::format("{} --set adapt.stages=prior --set data.dataset={}-{} --set model.objective={}", train, objective,
                    label, objective),
        2, fmt::format("user 'u8', row 3: rating = {}, and model.objective = {} takes {}", label, objective, takes));
  };
  for (const auto* label : {"5", "-1", "0.5"})
    expect_refused(label, "classes", "whole numbers from 0 to 4 (model.classes)");
  for (const auto* label : {"-2", "0.5"}) expect_refused(label, "poisson", "whole numbers from 0;");
}

TEST_F(BadRunTest, AModelThatAdaptsWhereAJointOneIsWanted) {
  ingest();
  ASSERT_EQ(run_program(train, folder.path()).exit_code, 0);
  expect_failure("evaluate --config tables/config.ini --query 4 --joint tables/run", 2,
                 "evaluate.joint: its model adapts by support-encoder, and a jointly trained one does not; train it "
                 "with adapt.stages = prior",
                 2);
  ASSERT_EQ(run_program(train + "--set adapt.stages=prior --run joint", folder.path()).exit_code, 0);
  expect_failure("evaluate --config tables/config.ini --query 4 --joint joint --set validate.measure=log-loss", 2,
                 "the measure log-loss takes labels of 0 and 1");
}

TEST_F(BadRunTest, MeasuresAndRunsThatDoNotFit) {
  ingest();
  const std::string evaluate = "evaluate --config tables/config.ini --query 4 ";
  expect_failure(evaluate + "--set train.run= --measures log-loss", 2, "the measure log-loss takes labels of 0 and 1");
  expect_failure(evaluate + "--set train.run= --measures mae,recall@3", 2, "set evaluate.relevant to the label", 2);
  expect_failure(evaluate + "--set train.run= --measures mae,mae", 2, "evaluate.measures names mae twice");
  expect_failure(evaluate + "--set train.run= --against other", 2, "train.run is not set");
  ASSERT_EQ(run_program(train, folder.path()).exit_code, 0);
  ASSERT_EQ(
      run_program("ingest --config tables/config.ini --set items.categorical= --set data.dataset=other", folder.path())
          .exit_code,
      0);
  ASSERT_EQ(run_program(train + "--set data.dataset=other --set train.run=smaller", folder.path()).exit_code, 0);
  expect_failure(evaluate + "--against smaller", 3,
                 "smaller: the model does not fit the data set: it has 3 fields, not 2", 2);
}

TEST_F(BadRunTest, AGpuWhereThereIsNone) {
  ingest();
  // Without CUDA in this program, and with it but no GPU, the remedy differs.
  expect_failure(train + "--device cuda", 4, "take --device cpu");
  expect_failure(train + "--device cuda", 4, "take --device cpu", 2);
  expect_failure(train + "--device tpu", 2, "train.device");
  expect_failure(train + "--precision tf32", 2, "train.precision = tf32 needs train.device = cuda");
  expect_failure(train + "--exchange nccl", 2, "train.exchange = nccl needs train.device = cuda");
}

}  // namespace
}  // namespace warmstart
