// What a batch script makes of hostile words, without Slurm: bash reads the script, and directives keep their line.

#include "slurm/batch_script.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/errors.h"
#include "base/files.h"
#include "base/program.h"
#include "slurm/shell_quoted.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

std::string hostile(const std::string& marker) {
  return "a b `touch " + marker + "` $(touch " + marker + ") '\"\\ %j;#|é";
}

std::vector<std::string> directives_of(const std::string& script) {
  std::vector<std::string> found;
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#SBATCH")) found.push_back(line);
  }
  return found;
}

TEST(BatchScript, ItsRanksGetTheirWordsAsTheyAre) {
  const TemporaryFolder folder;
  const auto words = hostile("ran");
  const auto run = folder.path() / words;
  fs::create_directories(run);
  JobOptions options;
  options.mpi = words;
  auto script = batch_script(options, {run, {"program", words, "--run", run.string()}, 0, ""});
  // In srun's place, a function that notes what it gets; the script must not end before.
  script = "srun() { printf '%s\\n' \"$@\" >'" + (folder.path() / "words").string() +
           "'; return 0; }\nSLURM_JOB_ID=1 SLURM_JOB_NODELIST=n1\ncd '" + folder.path().string() + "'\n" + script;
  const auto ran = run_program_to_end({"bash", folder.write("job.sh", script).string()});
  EXPECT_EQ(ran.exit_code, 0) << ran.errors;
  EXPECT_EQ(ran.errors, "");
  EXPECT_FALSE(fs::exists(folder.path() / "ran"));
  EXPECT_FALSE(fs::exists(run / "ran"));
  EXPECT_EQ(read_file(folder.path() / "words"),
            "--mpi=" + words + "\n--label\n--wait=30\n--cpus-per-task=0\n--cpu-bind=cores\nprogram\n" + words +
                "\n--run\n" + run.string() + "\n");
  EXPECT_TRUE(fs::exists(run / "requeues"));
}

JobOptions all_texts(const std::string& value) {
  JobOptions options;
  options.time = options.partition = options.account = options.qos = options.constraint = value;
  options.sbatch_options = {"--exclusive", "--mail-user=" + value};
  return options;
}

TEST(BatchScript, AHostileValueStaysInItsDirective) {
  const auto words = hostile("ran");
  const auto script = batch_script(all_texts(words), {"/" + words, {"p"}, 0, ""});
  const auto directives = directives_of(script);
  const auto plain = directives_of(batch_script(all_texts("x"), {"/run", {"p"}, 0, ""}));
  ASSERT_EQ(directives.size(), plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i)
    EXPECT_EQ(directives[i].substr(0, directives[i].find('=')), plain[i].substr(0, plain[i].find('=')));
  EXPECT_NE(script.find("#SBATCH --account=\"a b `touch ran` $(touch ran) '\\\"\\\\ %j;#|é\"\n"), std::string::npos)
      << script;
  EXPECT_NE(script.find("#SBATCH --job-name=\"warmstart-a_b__touch_ran"), std::string::npos) << script;
  EXPECT_NE(script.find(" %%j;#|é/slurm-%j.log\"\n"), std::string::npos) << script;
}

TEST(BatchScript, LineBreaksAreRefused) {
  const std::string evil = "x\n#SBATCH --wrap=evil";
  const Job job = {"/run", {"p"}, 0, ""};
  for (const auto text :
       {&JobOptions::time, &JobOptions::partition, &JobOptions::account, &JobOptions::qos, &JobOptions::constraint}) {
    JobOptions options;
    options.*text = evil;
    EXPECT_THROW(batch_script(options, job), UsageError);
  }
  for (const auto& option : {"--x=" + evil, std::string("exclusive"), std::string("-N 3")}) {
    JobOptions options;
    options.sbatch_options = {option};
    EXPECT_THROW(batch_script(options, job), UsageError) << option;
  }
  EXPECT_THROW(batch_script({}, {"/" + evil, {"p"}, 0, ""}), UsageError);
}

TEST(BatchScript, ShellWordsComeBackWhole) {
  const std::string words[] = {"", "plain", "a b", "'", "\\", "`x`", "$x", "\n", "~", "*", "-n", "é", "a'b'c"};
  for (const auto& word : words)
    EXPECT_EQ(run_program_to_end({"sh", "-c", "printf '%s' " + shell_quoted(word)}).output, word);
}

}  // namespace
}  // namespace warmstart
