// The real program, killed at any moment, ends in the bits of an undisturbed run.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <thread>

#include "base/files.h"
#include "base/random.h"
#include "checkpoints/checkpoint.h"
#include "tests/support/background_program.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kRanks[] = {1, 2, 4};
constexpr int kSteps = 60;

class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() {
    expect_ok("synthesize --to tables --users 120 --items 400 --rows-per-user 12");
    expect_ok("ingest --config tables/config.ini");
  }
  // Wide embeddings, so that a slice takes a while to write.
  std::string train(const std::string& run, int steps = kSteps) const {
    return fmt::format(
        "train --config tables/config.ini --run {} {} --tasks 16 --checkpoint-every 5 --set evaluate.query=4 "
        "--set evaluate.support=0,3 --set model.embedding=256 --set model.tower=8 --set model.features=4 {}",
        (folder.path() / run).string(), length_of(steps), sharded_tables ? "--set tables.default=replicated:0 " : "");
  }
  // Five steps take the training tasks through about once.
  std::string length_of(int steps) const {
    if (!joint_first) return fmt::format("--steps {}", steps);
    // The last parameters, since the best may be of the joint part, and then nothing would be seen of the other.
    return fmt::format("--keep-best false --epochs {} --set train.schedule=joint:{},meta:{}", steps / 5, steps / 15,
                       2 * steps / 15);
  }
  std::string expect_ok(const std::string& arguments, int ranks = 0) {
    const auto result = run_program(arguments, folder.path(), ranks);
    EXPECT_EQ(result.exit_code, 0) << arguments << "\n" << result.output;
    return result.output;
  }
  std::string launcher(int ranks) const {
    return fmt::format("cd '{}' && exec {} -n {} ", folder.path().string(), mpi_launcher(), ranks) + program_path() +
           " ";
  }

  // Starts a run, waits until `moment` and kills one rank.  False when the run ended before.
  bool run_and_kill(const std::string& run, int ranks, RandomStream& random,
                    const std::function<bool(const fs::path&)>& moment) {
    BackgroundProgram program(launcher(ranks) + train(run), folder.path() / (run + ".log"));
    while (!moment(folder.path() / run)) {
      if (!program.running()) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    const auto processes = warmstart_processes("--run " + (folder.path() / run).string());
    if (processes.empty()) return false;
    kill(processes[random.below(processes.size())], SIGKILL);
    program.wait();
    return true;
  }

  TemporaryFolder folder;
  bool joint_first = false, sharded_tables = false;
};

fs::path pending_checkpoint(const fs::path& run) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run, error)) {
    if (entry.path().extension() == ".tmp" && fs::is_directory(entry.path(), error)) return entry.path();
  }
  return {};
}

std::size_t files_with(const fs::path& folder, const std::string& extension) {
  std::error_code error;
  std::size_t count = 0;
  for (auto entry = fs::directory_iterator(folder, error); entry != fs::directory_iterator(); entry.increment(error)) {
    if (error) return 0;
    count += entry->path().extension() == extension;
  }
  return count;
}

bool in_the_middle_of_a_slice(const fs::path& run) {
  const auto pending = pending_checkpoint(run);
  return !pending.empty() && files_with(pending, ".tmp") > 0 && !is_checkpoint(pending);
}

std::function<bool(const fs::path&)> between_slices_and_manifest(std::size_t files) {
  return [files](const fs::path& run) {
    const auto pending = pending_checkpoint(run);
    return !pending.empty() && files_with(pending, ".h5") == files && files_with(pending, ".tmp") == 0 &&
           !is_checkpoint(pending);
  };
}

// 0: none that is complete.
int newest_step(const fs::path& run) {
  const auto saved = checkpoints_of(run);
  return saved.empty() ? 0 : std::stoi(saved.front().filename().string().substr(std::strlen("step-")));
}

std::function<bool(const fs::path&)> saved_step(int step) {
  return [step](const fs::path& run) { return newest_step(run) >= step; };
}

// Of runs that learn in one way, and of those that turn from one to another.
struct Plan {
  const char* name;
  bool joint_first;  // for a third of the steps
  int kills;
  bool sharded_tables = false;
};

// What was interrupted.
struct Kills {
  int in_slice = 0, before_manifest = 0, in_joint_part = 0, in_meta_part = 0, survived = 0;

  void note(const fs::path& run) {
    // What the kill left behind tells whether it came in time.
    const auto pending = pending_checkpoint(run);
    if (!pending.empty() && !is_checkpoint(pending))
      (files_with(pending, ".tmp") > 0 ? in_slice : before_manifest) += 1;
    (newest_step(run) <= kSteps / 3 ? in_joint_part : in_meta_part) += 1;
  }
};

class PlannedRecoveryTest : public RecoveryTest, public testing::WithParamInterface<Plan> {
 protected:
  PlannedRecoveryTest() {
    joint_first = GetParam().joint_first;
    sharded_tables = GetParam().sharded_tables;
  }

  // False when the run ended before.
  bool run_and_kill_at_some_moment(const std::string& run, int ranks, int attempt) {
    RandomStream random(11, Purpose::kSynthesize, static_cast<std::uint64_t>(attempt));
    const auto start = Clock::now();
    const auto delay = std::chrono::duration<double>(0.3 + 1.7 * random.uniform());
    std::function<bool(const fs::path&)> moment = [&](const fs::path&) { return Clock::now() - start > delay; };
    if (attempt % 4 == 1) moment = in_the_middle_of_a_slice;
    if (attempt % 4 == 2 && joint_first) moment = saved_step(kSteps / 2);
    if (attempt % 4 == 3)
      moment = between_slices_and_manifest(static_cast<std::size_t>(ranks + (sharded_tables ? kVirtualShards : 0)));
    return run_and_kill(run, ranks, random, moment);
  }
};

TEST_P(PlannedRecoveryTest, KilledAtManyMomentsAndResumedOnOtherRanksItEndsInTheSameBits) {
  const auto plan = GetParam();
  const auto undisturbed = parameters_digest(expect_ok(train("undisturbed")));
  Kills kills;
  int killed = 0;
  for (int attempt = 0; killed < plan.kills && attempt < 3 * plan.kills; ++attempt) {
    const int ranks = kRanks[attempt % 3];
    const auto run = fmt::format("run{}", attempt);
    if (!run_and_kill_at_some_moment(run, ranks, attempt)) continue;
    ++killed;
    kills.note(folder.path() / run);
    const auto resumed = parameters_digest(expect_ok(train(run), kRanks[(attempt + 1) % 3]));
    EXPECT_EQ(resumed, undisturbed) << run << ", killed on " << ranks << " ranks";
    kills.survived += resumed == undisturbed;
    fs::remove_all(folder.path() / run);
  }
  fmt::print("{} kills survived, {} while a slice was written, {} between slices and manifest; {} in the first third\n",
             kills.survived, kills.in_slice, kills.before_manifest, kills.in_joint_part);
  EXPECT_EQ(kills.survived, plan.kills);
  EXPECT_GE(joint_first ? kills.in_joint_part : kills.in_slice, 1);
  EXPECT_GE(joint_first ? kills.in_meta_part : kills.before_manifest, 1);
}

TEST_P(PlannedRecoveryTest, AStopSignalToAnyRankSavesAndTheNextStartGoesOn) {
  const int steps = 150;  // enough that the signal comes in mid-run
  const auto undisturbed = parameters_digest(expect_ok(train("undisturbed", steps)));
  for (const int signal : {SIGTERM, SIGUSR2, SIGINT}) {
    SCOPED_TRACE(fmt::format("signal {}", signal));
    const auto run = fmt::format("run{}", signal);
    BackgroundProgram program(launcher(2) + train(run, steps), folder.path() / "log");
    while (!fs::exists(folder.path() / run / "config.ini")) ASSERT_TRUE(program.running());
    const auto processes = warmstart_processes("--run " + (folder.path() / run).string());
    ASSERT_EQ(processes.size(), 2u);
    kill(processes[1], signal);
    EXPECT_NE(program.wait(), 0);
    const auto saved = checkpoints_of(folder.path() / run);
    ASSERT_FALSE(saved.empty());
    EXPECT_LT(read_checkpoint(saved.front()).step, steps);
    EXPECT_NE(read_file(folder.path() / "log").find("stopped by a signal"), std::string::npos);
    EXPECT_EQ(parameters_digest(expect_ok(train(run, steps), 1)), undisturbed);
  }
}

INSTANTIATE_TEST_SUITE_P(Plans, PlannedRecoveryTest,
                         testing::Values(Plan{"meta", false, 20}, Plan{"joint_meta", true, 8},
                                         Plan{"sharded_tables", false, 8, true}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(RecoveryTest, TheSecondProgramOnARunIsRefused) {
  BackgroundProgram program(launcher(2) + train("run", 100000), folder.path() / "log");
  while (checkpoints_of(folder.path() / "run").empty()) ASSERT_TRUE(program.running());
  const auto second = run_program(train("run", 100000), folder.path());
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_NE(second.output.find("run/lock: the run belongs to process"), std::string::npos) << second.output;
  // The first one goes on, and ends as usual.
  ASSERT_TRUE(program.running());
  kill(warmstart_processes("--run " + (folder.path() / "run").string()).at(0), SIGTERM);
  program.wait();
  EXPECT_NE(read_file(folder.path() / "log").find("stopped by a signal"), std::string::npos);
}

TEST_F(RecoveryTest, AKilledRankEndsTheOthersAndIsNamed) {
  BackgroundProgram program(launcher(2) + train("run", 100000), folder.path() / "log");
  while (checkpoints_of(folder.path() / "run").empty()) ASSERT_TRUE(program.running());
  const auto processes = warmstart_processes("--run " + (folder.path() / "run").string());
  ASSERT_EQ(processes.size(), 2u);
  const auto start = std::chrono::steady_clock::now();
  kill(processes[1], SIGKILL);
  EXPECT_NE(program.wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::minutes(1));  // the promise, not a measurement
  const auto log = read_file(folder.path() / "log");
  EXPECT_NE(log.find("noticed that process rank "), std::string::npos) << log;
  EXPECT_NE(log.find("exited on signal 9"), std::string::npos) << log;
}

TEST_F(RecoveryTest, AHangEndsWithThePhasesOfTheRanksThatWait) {
  BackgroundProgram program(launcher(2) + train("run", 100000) + "--hang-seconds 2", folder.path() / "log");
  while (checkpoints_of(folder.path() / "run").empty()) ASSERT_TRUE(program.running());
  const auto processes = warmstart_processes("--run " + (folder.path() / "run").string());
  ASSERT_EQ(processes.size(), 2u);
  kill(processes[1], SIGSTOP);
  EXPECT_EQ(program.wait(), 4);
  const auto log = read_file(folder.path() / "log");
  EXPECT_NE(log.find("no progress for 2 s after step"), std::string::npos) << log;
  EXPECT_NE(log.find("phases: "), std::string::npos) << log;
}

TEST_F(RecoveryTest, AFullDiskLeavesTrainingRunningUnlessCheckpointsAreStrict) {
  const auto disk = folder.path() / "disk";
  fs::create_directory(disk);
  // Room for one checkpoint (1.6 MB) and a part of the next, whichever steps those two are of.
  ASSERT_EQ(run_command("mount -t tmpfs -o size=2500k tmpfs '" + disk.string() + "'").exit_code, 0)
      << "this test mounts a tmpfs: run it as root";
  const auto strict = run_program(train("disk/run") + "--keep-last 1 --strict-checkpoints", folder.path());
  EXPECT_EQ(strict.exit_code, 4) << strict.output;
  EXPECT_NE(strict.output.find("a checkpoint takes"), std::string::npos) << strict.output;
  fs::remove_all(disk / "run");
  const auto lenient = run_program(train("disk/run") + "--keep-last 1", folder.path());
  EXPECT_EQ(lenient.exit_code, 4) << lenient.output;  // the end could not be saved
  EXPECT_NE(lenient.output.find("WAS NOT WRITTEN"), std::string::npos) << lenient.output;
  EXPECT_NE(lenient.output.find("step 60/60"), std::string::npos) << lenient.output;
  EXPECT_EQ(run_command("mount -o remount,size=100m '" + disk.string() + "'").exit_code, 0);
  EXPECT_EQ(parameters_digest(expect_ok(train("disk/run"))), parameters_digest(expect_ok(train("undisturbed"))));
  EXPECT_EQ(run_command("umount '" + disk.string() + "'").exit_code, 0);
}

}  // namespace
}  // namespace warmstart
