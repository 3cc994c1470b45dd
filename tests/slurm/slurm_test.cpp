// The real program under a real Slurm of three nodes.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "base/files.h"
#include "checkpoints/checkpoint.h"
#include "slurm/slurm_command.h"
#include "tests/support/background_program.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// The cluster lives until the pipe to it closes, with this program whatever happens to it.
class Cluster {
 public:
  explicit Cluster(const fs::path& folder) {
    const auto out = folder / "ready";
    pipe_ =
        popen(fmt::format("'{}' '{}' >'{}' 2>&1", WARMSTART_SLURM_CLUSTER, (folder / "cluster").string(), out.string())
                  .c_str(),
              "w");
    for (int i = 0; i < 400 && !(fs::exists(out) && fs::file_size(out) > 0); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ready_ = fs::exists(out) && read_file(out) == "ready\n";
    message_ = fs::exists(out) ? read_file(out) : "";
    setenv("SLURM_CONF", (folder / "cluster/slurm.conf").c_str(), 1);
  }
  ~Cluster() { pclose(pipe_); }
  bool ready() const { return ready_; }
  const std::string& message() const { return message_; }

 private:
  FILE* pipe_;
  bool ready_;
  std::string message_;
};

class SlurmTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (geteuid() != 0) return;
    folder = new TemporaryFolder;
    // munged, of another user, goes through it.
    fs::permissions(folder->path(), fs::perms(0755));
    setenv("OMPI_MCA_mpi_yield_when_idle", "1", 1);
    cluster = new Cluster(folder->path());
    ASSERT_TRUE(cluster->ready()) << cluster->message();
    expect_ok("synthesize --to tables --users 200 --items 80 --rows-per-user 20");
    expect_ok("ingest --config tables/config.ini");
    undisturbed = parameters_digest(expect_ok(train("undisturbed", kSteps)));
  }
  static void TearDownTestSuite() {
    delete cluster;
    delete folder;
  }
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "a Slurm of our own needs root: run this test as root";
  }

  static std::string train(const std::string& run, int steps) {
    return fmt::format(
        "train --config tables/config.ini --run {} --steps {} --tasks 16 --checkpoint-every 50 --set evaluate.query=4 "
        "--set evaluate.support=0,3 --set model.embedding=16 --set model.tower=8 ",
        run, steps);
  }
  static std::string expect_ok(const std::string& arguments) {
    const auto result = run_program(arguments, folder->path());
    EXPECT_EQ(result.exit_code, 0) << arguments << "\n" << result.output;
    return result.output;
  }
  static std::string submit(const std::string& options, const std::string& training) {
    const auto output = expect_ok("submit " + options + " -- " + training);
    const auto place = output.find("job ");
    return place == std::string::npos ? "" : output.substr(place + 4, output.find('\n', place) - place - 4);
  }
  // Until it is over; a requeued job need not wait its two minutes.
  static JobFacts wait_for(const std::string& job) {
    int over = 0, pending = 0;
    for (int i = 0; i < 480; ++i) {
      const auto facts = job_facts(job);
      if (!facts) break;
      const auto state = facts->at("JobState");
      // A job looks completed for a moment while it is requeued, and its last life's steps take a moment to go.
      over = state == "COMPLETED" || state == "FAILED" || state == "CANCELLED" || state == "TIMEOUT" ? over + 1 : 0;
      pending = state == "PENDING" && facts->at("Reason") == "BeginTime" ? pending + 1 : 0;
      if (over == 4) return *facts;
      if (pending == 8) run_command("scontrol update JobId=" + job + " StartTime=now");
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    ADD_FAILURE() << "job " << job << " does not end";
    return {{"JobState", "?"}, {"Restarts", "-1"}, {"ExitCode", "?"}};
  }
  static void wait_for_a_checkpoint(const std::string& run) {
    for (int i = 0; i < 600 && checkpoints_of(folder->path() / run).empty(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_FALSE(checkpoints_of(folder->path() / run).empty());
  }
  static std::string log(const std::string& run, const std::string& job) {
    return read_file(folder->path() / run / ("slurm-" + job + ".log"));
  }

  static void expect_same_bits(const std::string& run, const std::string& job, int fewest_restarts) {
    const auto facts = wait_for(job);
    EXPECT_EQ(facts.at("JobState"), "COMPLETED") << log(run, job);
    EXPECT_GE(std::stoi(facts.at("Restarts")), fewest_restarts);
    EXPECT_EQ(parameters_digest(log(run, job)), undisturbed) << log(run, job);
  }

  static constexpr int kSteps = 1200;
  static TemporaryFolder* folder;
  static Cluster* cluster;
  static std::string undisturbed;
};
TemporaryFolder* SlurmTest::folder = nullptr;
Cluster* SlurmTest::cluster = nullptr;
std::string SlurmTest::undisturbed;

TEST_F(SlurmTest, AJobOnTwoNodesTrainsToTheEndAndSubmitFollowsIt) {
  const auto output = expect_ok("submit --nodes 2 --time 10 --wait -- " + train("two", kSteps));
  EXPECT_EQ(parameters_digest(output), undisturbed) << output;
  EXPECT_NE(output.find("life 0, on n["), std::string::npos) << output;
  EXPECT_NE(output.find("0: info [rank 0 on n"), std::string::npos) << output;
  const auto status = nlohmann::json::parse(expect_ok("status two --json"))[0];
  EXPECT_EQ(status["slurm"]["state"], "COMPLETED");
  EXPECT_EQ(status["checkpoint"], fmt::format("step-{:08d}", kSteps));
}

bool stands_still(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/status", process));
  const std::string status((std::istreambuf_iterator<char>(file)), {});
  return status.find("\nState:\tT") != std::string::npos;
}

void wait_until(const std::function<bool()>& holds) {
  for (int i = 0; i < 2400 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(holds());
}

// A minute is the shortest limit, and Slurm looks at limits twice a minute: the rank stands still until it is warned,
// so that no rank is too quick for that.
TEST_F(SlurmTest, AJobWithTooLittleTimeIsWarnedSavesAndGoesOn) {
  const auto job = submit("--time 1 --warn-seconds 55", train("short", kSteps));
  wait_for_a_checkpoint("short");
  const auto ranks = warmstart_processes("--run short");
  ASSERT_EQ(ranks.size(), 1u);
  kill(ranks[0], SIGSTOP);
  wait_until([&] { return stands_still(ranks[0]); });
  wait_until([&] { return !stands_still(ranks[0]); });  // Slurm wakes what it warns.
  expect_same_bits("short", job, 1);
  EXPECT_NE(log("short", job).find("ended with exit code 75"), std::string::npos) << log("short", job);
}

TEST_F(SlurmTest, ARequeueInMidRunLosesNothing) {
  const auto job = submit("--nodes 2 --time 10", train("requeued", kSteps));
  wait_for_a_checkpoint("requeued");
  EXPECT_EQ(run_command("scontrol requeue " + job).exit_code, 0);
  expect_same_bits("requeued", job, 1);
  EXPECT_NE(log("requeued", job).find("going on after step"), std::string::npos);
}

TEST_F(SlurmTest, ARankThatIsKilledEndsTheOthersAndTheJobGoesOn) {
  const auto job = submit("--nodes 2 --time 10", train("killed", kSteps));
  wait_for_a_checkpoint("killed");
  const auto ranks = warmstart_processes("--run killed");
  ASSERT_EQ(ranks.size(), 2u);
  kill(ranks[1], SIGKILL);
  expect_same_bits("killed", job, 1);
}

TEST_F(SlurmTest, ARunThatAlwaysCrashesIsGivenUpOn) {
  const auto job = submit("--time 10 --requeues 1", train("crashing", kSteps) + "--hang-seconds 0.001");
  EXPECT_EQ(wait_for(job).at("JobState"), "FAILED");
  EXPECT_NE(log("crashing", job).find("2 lives of job " + job + " left no newer checkpoint: given up"),
            std::string::npos)
      << log("crashing", job);
}

TEST_F(SlurmTest, WhatAskingAgainDoesNotHelpIsNotAskedAgain) {
  const auto job = submit("--ranks-per-node 2 --time 10", train("diverging", kSteps) + "--rate 1e30 --clip-norm 0");
  const auto facts = wait_for(job);
  EXPECT_EQ(facts.at("ExitCode"), "5:0") << log("diverging", job);
  EXPECT_EQ(facts.at("Restarts"), "0");
}

TEST_F(SlurmTest, ABadConfigurationIsRefusedBeforeQueueing) {
  const auto refused = [&](const std::string& options, const std::string& training, const std::string& phrase) {
    const auto result = run_program("submit " + options + " -- " + training, folder->path());
    EXPECT_NE(result.exit_code, 0);
    EXPECT_NE(result.output.find(phrase), std::string::npos) << result.output;
  };
  const auto before = run_command("squeue --noheader").output;
  refused("", train("bad", 10) + "--dropout 7", "train.dropout = '7': wants a number from 0 to below 1");
  refused("", train("bad", 10) + "--epoch 7", "did you mean 'train.epochs'");
  refused("", train("bad", 10) + "--set data.dataset=nowhere", "nowhere");
  refused("--nodes 3 --ranks-per-node 4", train("bad", 10), "12 ranks cannot share 8 microbatches");
  refused("", train("bad", 10) + "--resume never", "a job that is sent again must go on");
  refused("", "evaluate", "what to run is missing");
  refused("--partition nowhere", train("bad", 10), "sbatch refused it");
  EXPECT_EQ(run_command("squeue --noheader").output, before);
}

TEST_F(SlurmTest, ASweepOfFourIsRunAndSummedUp) {
  const std::string sweep =
      "sweep --to sweep --config tables/config.ini --set adapt.stages=prior,steps --set-grid inner.rate=0.1,0.3 "
      "--set-grid inner.steps=1,2 "
      "--set train.steps=30 --set train.tasks=16 --set evaluate.query=4 --set evaluate.support=0,3 --set "
      "submit.time=10";
  const auto output = expect_ok(sweep);
  EXPECT_NE(output.find("4 of 4 points"), std::string::npos) << output;
  for (int i = 0; i < 240 && !run_command("squeue --noheader --name=warmstart-sweep").output.empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const auto rows = nlohmann::json::parse(expect_ok("sweep --summary sweep --json"));
  ASSERT_EQ(rows.size(), 4u);
  for (const auto& row : rows) EXPECT_EQ(row["state"], "finished") << row.dump();
  EXPECT_LE(rows[0]["validation"], rows[3]["validation"]);
  EXPECT_TRUE(fs::exists(folder->path() / "sweep/summary.svg"));
  EXPECT_NE(expect_ok(sweep).find("all 4 points are finished"), std::string::npos);
}

bool writes(const fs::path& process, const fs::path& log) {
  std::error_code error;
  for (const auto& file : fs::directory_iterator(process / "fd", error)) {
    if (fs::read_symlink(file.path(), error) == log) return true;
  }
  return false;
}

// The ids of a node's slurmd, of its slurmstepds and of what they started.
std::vector<pid_t> processes_of_node(const fs::path& cluster, const std::string& node) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "environ", std::ios::binary);
    const std::string environment((std::istreambuf_iterator<char>(file)), {});
    const bool of_step = environment.find("SLURMD_NODENAME=" + node) != std::string::npos;
    if (of_step || writes(entry.path(), cluster / ("slurmd." + node + ".log"))) found.push_back(std::stoi(name));
  }
  return found;
}

// Last: the node stays dead.
TEST_F(SlurmTest, TheLossOfANodeLosesNothing) {
  const auto job = submit("--nodes 2 --time 10", train("bereft", kSteps));
  wait_for_a_checkpoint("bereft");
  const auto nodes = run_command("scontrol show hostnames $(squeue --noheader --format=%N --job=" + job + ")").output;
  const auto second = nodes.substr(3, 2);
  const auto processes = processes_of_node(folder->path() / "cluster", second);
  EXPECT_GE(processes.size(), 3u) << nodes;  // slurmd, slurmstepd, the rank
  for (const auto process : processes) kill(process, SIGKILL);
  expect_same_bits("bereft", job, 1);
  EXPECT_NE(log("bereft", job).find("going on after step"), std::string::npos) << log("bereft", job);
}

}  // namespace
}  // namespace warmstart
