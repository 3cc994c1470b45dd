// What users get wrong: the exit code, one clear line, and nothing half-written.

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/app/program_fixture.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

TEST_F(BadInputTest, MissingFile) {
  expect_ingest_failure("--set interactions.files=nowhere.csv", 3, "nowhere.csv: no such file");
}

TEST_F(BadInputTest, EmptyTable) {
  folder.write("empty.csv", "");
  expect_ingest_failure("--set interactions.files=empty.csv", 3, "empty.csv: is empty");
}

TEST_F(BadInputTest, AbsentColumn) {
  expect_ingest_failure("--set interactions.label=stars", 3,
                        "has no column 'stars'; its columns are: user, item, rating, time");
}

TEST_F(BadInputTest, LabelOutOfRange) {
  append("u1,i1,99,1600000000");
  expect_ingest_failure("--set data.label-max=50", 3,
                        "interactions.csv:" + std::to_string(lines()) + ": column 'rating': 99 is outside");
}

TEST_F(BadInputTest, TooFewFields) {
  append("u1,i1");
  expect_ingest_failure("", 3, "interactions.csv:" + std::to_string(lines()) + ": 2 fields where the header has 4");
}

TEST_F(BadInputTest, UserThatTheUserTableLacks) {
  append("nobody,i1,3,1600000000");
  expect_ingest_failure("", 3, "user 'nobody' is not in the user table");
}

TEST_F(BadInputTest, FullDisk) {
  const auto disk = folder.path() / "disk";
  fs::create_directory(disk);
  ASSERT_EQ(run_command("mount -t tmpfs -o size=16k tmpfs '" + disk.string() + "'").exit_code, 0)
      << "this test mounts a tmpfs: run it as root";
  expect_failure("ingest --config tables/config.ini --set data.dataset=disk/dataset", 4, "disk/dataset");
  EXPECT_TRUE(fs::is_empty(disk));
  ingest();
  expect_failure(train + "--run disk/run", 4, "disk/run");
  EXPECT_FALSE(fs::exists(disk / "run/step-00000004"));
  EXPECT_FALSE(fs::exists(disk / "run/step-00000004.tmp"));
  EXPECT_EQ(run_command("umount '" + disk.string() + "'").exit_code, 0);
}

// Their keys take more than the disk has, before a row of them is written.
TEST_F(BadInputTest, FullDiskUnderTheTables) {
  const auto disk = folder.path() / "disk";
  fs::create_directory(disk);
  ASSERT_EQ(run_command("mount -t tmpfs -o size=2m tmpfs '" + disk.string() + "'").exit_code, 0)
      << "this test mounts a tmpfs: run it as root";
  std::string items = "item\n";
  for (int i = 0; i < 100'000; ++i) items += "an item with a rather long key " + std::to_string(i) + "\n";
  folder.write("items.csv", items);
  const std::string arguments =
      "ingest --config tables/config.ini --set data.dataset=disk/dataset --set items.files=items.csv --set "
      "items.categorical= ";
  for (const int ranks : {0, 2}) {
    expect_failure(arguments, 4, "disk/dataset.tmp: no room for ", ranks);
    EXPECT_TRUE(fs::is_empty(disk));
  }
  EXPECT_EQ(run_command("umount '" + disk.string() + "'").exit_code, 0);
}

TEST_F(BadInputTest, TruncatedShard) {
  ingest();
  fs::resize_file(folder.path() / "tables/dataset/shard-00001.h5", 3000);
  expect_failure(train, 3, "shard-00001.h5: is damaged");
  expect_failure(train + "--set data.verify=false", 3, "shard-00001.h5: not a readable HDF5 file, perhaps truncated");
}

TEST_F(BadInputTest, FlippedByteInAShard) {
  ingest();
  flip_byte(folder.path() / "tables/dataset/shard-00002.h5");
  expect_failure(train, 3, "shard-00002.h5: is damaged", 2);
  expect_failure("inspect tables/dataset --verify", 3, "shard-00002.h5: is damaged");
}

TEST_F(BadInputTest, DatasetOfANewerVersion) {
  ingest();
  const auto path = folder.path() / "tables/dataset/dataset.json";
  auto manifest = read_json(path);
  manifest["version"] = 7;
  write_file(path, manifest.dump());
  expect_failure(train, 3, "made by a newer Warmstart (format version 7", 2);
}

TEST_F(BadInputTest, MoreRanksThanMicrobatches) {
  ingest();
  expect_failure(train + "--microbatches 2", 2, "4 ranks cannot share 2 microbatches", 4);
}

TEST_F(BadInputTest, UnknownOption) {
  expect_failure(train + "--epoch 3", 2, "unknown option 'epoch'; did you mean 'train.epochs'?", 2);
  expect_failure("trian", 2, "unknown command 'trian'");
}

TEST_F(BadInputTest, OptionGivenTwice) {
  expect_failure(train + "--seed 1 --train.seed 2", 2, "train.seed is given twice");
}

TEST_F(BadInputTest, WordsThatBelongToNoOption) {
  expect_failure(train + "extra words", 2, "'extra' belongs to no option", 2);
  expect_failure(train + "train.seed=5", 2, "did you forget --set before it?");
  for (const auto* command : {"ingest", "evaluate", "report", "sweep", "synthesize"})
    expect_failure(std::string(command) + " extra", 2, "'extra' belongs to no option");
  expect_failure(train + "--verify", 2, "takes no --verify");
}

TEST_F(BadInputTest, MoreThanThisHostHas) {
  ingest();
  expect_failure(train + "--threads 100000", 2, "train.threads = 100000: this host has ");
  expect_failure(train + "--threads 100000", 2, "train.threads = 100000: this host has ", 2);
  const std::string small = "train --config tables/config.ini --set evaluate.query=4 --steps 4 ";
  expect_failure(small + "--tasks 1e12", 2, "train.tasks = 1000000000000: the plan of a meta-step would take 24 TB");
  expect_failure(train + "--set model.embedding=1e9", 2, "model.embedding = 1000000000");
  expect_failure(train + "--set model.tower=1e9,1e9", 2, "of memory or more; this host has ", 2);
  expect_failure("evaluate --config tables/config.ini --set train.run= --query 4 --als-factors 1e6", 2,
                 "evaluate.als-factors = 1000000: the factors and normal equations would take");
  expect_failure("evaluate --config tables/config.ini --set train.run= --support 1e1,1.9", 2,
                 "evaluate.support: '1e1' is neither a whole number of rows nor 'all'");
}

TEST_F(BadInputTest, OutputThatCannotBeWritten) {
  ingest();
  ASSERT_EQ(run_program(train, folder.path()).exit_code, 0);
  for (const std::string arguments :
       {"--help", "train --help", "inspect tables/dataset", "inspect tables/run", "status tables/run",
        "synthesize --to more", "ingest --config tables/config.ini --dataset more-data",
        "evaluate --config tables/config.ini --query 4 --support 0",
        "train --config tables/config.ini --steps 1 --run more-run",
        "report --config tables/config.ini --output r.html",
        "submit --dry-run -- train --config tables/config.ini --run more-run"})
    expect_failure(arguments + " >/dev/full", 4, "stdout cannot be written");
}

TEST_F(BadInputTest, ARunWhosePathIsHostileIsSubmittedAsItIs) {
  ingest();
  const std::string run = R"(a `touch ran` $(touch ran) "\ b)";
  const auto result = run_program(
      "submit --dry-run --mpi 'x; touch ran' -- train --config tables/config.ini --run '" + run + "'", folder.path());
  ASSERT_EQ(result.exit_code, 0) << result.output;
  const auto script = result.output.substr(result.output.find("#!/bin/bash"));
  folder.write("job.sh", "srun() { printf '%s\n' \"$@\"; exit 0; }\nSLURM_JOB_ID=1 SLURM_JOB_NODELIST=n1\n" + script);
  const auto ran = run_command("cd '" + folder.path().string() + "' && bash job.sh");
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  EXPECT_FALSE(fs::exists(folder.path() / "ran"));
  EXPECT_NE(ran.output.find("--mpi=x; touch ran\n"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("--run\n" + run + "\n"), std::string::npos) << ran.output;
  expect_failure("submit --dry-run --sbatch-option exclusive -- train --config tables/config.ini", 2,
                 "'exclusive' is not of the form --name or --name=value");
  expect_failure("submit --dry-run --gpus-per-node 1 -- train --config tables/config.ini extra", 2,
                 "'extra' belongs to no option");
}

TEST_F(BadInputTest, GpusThatWouldStandIdle) {
  ingest();
  const auto result =
      run_program("submit --dry-run --gpus-per-node 1 -- train --config tables/config.ini", folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(result.output.find("train.device = cpu: they would stand idle; take --device cuda"), std::string::npos)
      << result.output;
}

TEST_F(BadInputTest, AGridThatIsTooLargeOrEmpty) {
  ingest();
  std::string axes;
  for (int axis = 0; axis < 10; ++axis) axes += " --set-grid train.seed=1,2,3,4,5,6,7,8,9,10";
  expect_failure("sweep --dry-run --config tables/config.ini --to s" + axes, 2, "the grid has more than 100000 points");
  expect_failure("sweep --dry-run --config tables/config.ini --to s --set-grid train.seed=", 2, "names no value");
  EXPECT_FALSE(fs::exists(folder.path() / "s"));
}

TEST_F(BadInputTest, SlurmThatIsNotThere) {
  ingest();
  for (const auto* arguments :
       {"submit -- train --config tables/config.ini", "sweep --to sweep --set-grid inner.steps=1,2", "status"}) {
    const auto result =
        run_command("cd '" + folder.path().string() + "' && PATH=/nowhere " + program_path() + " " + arguments);
    EXPECT_EQ(result.exit_code, 4) << result.output;
    EXPECT_NE(result.output.find("warmstart: Slurm is not on this machine"), std::string::npos) << result.output;
  }
}

TEST_F(BadInputTest, OptionsThatMakeNoSense) {
  ingest();
  for (const auto* option :
       {"episode.order=banana", "evaluate.order=banana", "train.dropout=1", "inner.rate=0", "inner.kappa=0",
        "model.tower=8,0", "model.embedding=0", "episode.query-max=0", "evaluate.support=", "train.rate=0"}) {
    const std::string text = option;
    const auto name = text.substr(text.find('.') + 1, text.find('=') - text.find('.') - 1);
    expect_failure(train + "--set " + text, 2, name);
  }
}

}  // namespace
}  // namespace warmstart
