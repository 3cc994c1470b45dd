// What users get wrong: the exit code, one clear line, and nothing half-written.

#include <gtest/gtest.h>

#include "base/files.h"
#include "checkpoints/checkpoint.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

class BadInputTest : public testing::Test {
 protected:
  BadInputTest() { run_program("synthesize --to tables --users 60 --items 40 --rows-per-user 20", folder.path()); }

  // `phrase` stands on the program's one line of complaint.
  void expect_failure(const std::string& arguments, int exit_code, const std::string& phrase, int ranks = 0) {
    const auto result = run_program(arguments, folder.path(), ranks);
    EXPECT_EQ(result.exit_code, exit_code) << result.output;
    const auto line = result.output.find("warmstart: ");
    ASSERT_NE(line, std::string::npos) << result.output;
    EXPECT_EQ(result.output.find("warmstart: ", line + 1), std::string::npos) << result.output;
    EXPECT_NE(result.output.substr(line, result.output.find('\n', line) - line).find(phrase), std::string::npos)
        << result.output;
  }
  void expect_ingest_failure(const std::string& arguments, int exit_code, const std::string& phrase) {
    expect_failure("ingest --config tables/config.ini " + arguments, exit_code, phrase);
    EXPECT_FALSE(fs::exists(folder.path() / "tables/dataset"));
    EXPECT_FALSE(fs::exists(folder.path() / "tables/dataset.tmp"));
  }
  void ingest() { EXPECT_EQ(run_program("ingest --config tables/config.ini", folder.path()).exit_code, 0); }
  void append(const std::string& row) {
    const auto path = folder.path() / "tables/interactions.csv";
    folder.write("tables/interactions.csv", read_file(path) + row + "\n");
  }
  std::int64_t lines() const {
    const auto text = read_file(folder.path() / "tables/interactions.csv");
    return std::count(text.begin(), text.end(), '\n');
  }

  TemporaryFolder folder;
  const std::string train = "train --config tables/config.ini --set evaluate.query=4 --steps 4 --tasks 16 ";
};

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

TEST_F(BadInputTest, CheckpointOfAnUnknownScope) {
  ingest();
  ASSERT_EQ(run_program(train, folder.path()).exit_code, 0);
  const auto path = folder.path() / "tables/run/step-00000004/manifest.json";
  auto manifest = read_json(path);
  manifest["description"]["model"]["inner"]["scope"] = "sideways";
  write_file(path, sealed(manifest));
  expect_failure("evaluate --config tables/config.ini --query 4", 3, "model options are not those of this version");
}

TEST_F(BadInputTest, CheckpointThatDoesNotFitTheSchema) {
  ingest();
  ASSERT_EQ(run_program(train, folder.path()).exit_code, 0);
  ASSERT_EQ(
      run_program("ingest --config tables/config.ini --set items.categorical= --set data.dataset=other", folder.path())
          .exit_code,
      0);
  expect_failure("evaluate --config tables/config.ini --set data.dataset=other", 3,
                 "the model does not fit the data set: it has 2 fields, not 3");
}

TEST_F(BadInputTest, LossThatIsNotFinite) {
  ingest();
  expect_failure(train + "--rate 1e30 --clip-norm 0", 5, "step 2: the loss of user 'u", 2);
  EXPECT_FALSE(fs::exists(folder.path() / "tables/run/step-00000004"));
}

TEST_F(BadInputTest, RunThatIsThereAlready) {
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

TEST_F(BadInputTest, ARankThatFailsInMidRunEndsTheOthersWithOneMessage) {
  ingest();
  // A binary loss starts without reading rows, so the shard is missed by the prefetch threads, in mid-run.
  fs::remove(folder.path() / "tables/dataset/shard-00000.h5");
  expect_failure(train + "--set model.loss=binary", 3, "shard-00000.h5", 2);
}

TEST_F(BadInputTest, AGpuWhereThereIsNone) {
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
