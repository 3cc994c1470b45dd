#include "app/options.h"

#include <gtest/gtest.h>

#include "app/configuration.h"
#include "base/errors.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

class OptionsTest : public testing::Test {
 protected:
  void parse(const std::vector<std::string>& arguments) {
    line = options.parse(arguments, {.own_section = "train", .flags = {"json"}});
  }
  std::string complaint(const std::vector<std::string>& arguments) {
    try {
      parse(arguments);
      return "";
    } catch (const UsageError& error) {
      return error.what();
    }
  }
  TemporaryFolder folder;
  Configuration configuration;
  Options options = options_of(configuration);
  Options::CommandLine line;
};

TEST_F(OptionsTest, CommandLineBeatsSetBeatsIni) {
  const auto ini = folder.write("a.ini", "[train]\nsteps = 1\ntasks = 11\nseed = 21\n").string();
  parse({"--config", ini, "--set", "train.tasks=12", "--set", "train.steps=2", "--steps", "3"});
  EXPECT_EQ(configuration.train.steps, 3);
  EXPECT_EQ(configuration.train.tasks, 12);
  EXPECT_EQ(configuration.train.seed, 21u);
}

TEST_F(OptionsTest, TheResolvedConfigurationReadsBackTheSame) {
  parse({"--set", "model.tower=32, 16", "--set", "inner.scope=dense", "--set", "data.label-max=5", "--set",
         "interactions.files=a.csv,b*.csv"});
  const auto resolved = options.resolved();
  Configuration again;
  auto same = options_of(again);
  same.parse({"--config", folder.write("resolved.ini", resolved).string()}, {.own_section = "train", .flags = {}});
  EXPECT_EQ(same.resolved(), resolved);
  EXPECT_EQ(again.model.tower, (std::vector<std::int64_t>{32, 16}));
  EXPECT_EQ(again.model.inner.scope, Scope::kDense);
  EXPECT_EQ(again.data.label_max, 5.0);
  EXPECT_EQ(again.data.interactions.files.size(), 2u);
}

TEST_F(OptionsTest, UnknownKeysNameTheNearestRightOne) {
  EXPECT_NE(complaint({"--epoch", "3"}).find("did you mean 'train.epochs'"), std::string::npos);
  EXPECT_NE(complaint({"--set", "inner.step=3"}).find("did you mean 'inner.steps'"), std::string::npos);
  const auto ini = folder.write("typo.ini", "[data]\nshard = 4\n").string();
  const auto message = complaint({"--config", ini});
  EXPECT_NE(message.find("typo.ini"), std::string::npos);
  EXPECT_NE(message.find("did you mean 'data.shards'"), std::string::npos);
}

TEST_F(OptionsTest, BadValuesNameTheKey) {
  EXPECT_NE(complaint({"--steps", "many"}).find("train.steps = 'many': wants a number"), std::string::npos);
  EXPECT_NE(complaint({"--steps", "1.5"}).find("wants a whole number"), std::string::npos);
  EXPECT_NE(complaint({"--seed", "-1"}).find("wants a whole number from 0"), std::string::npos);
  EXPECT_NE(complaint({"--set", "inner.scope=body"}).find("inner.scope = 'body'"), std::string::npos);
  EXPECT_NE(complaint({"--config", "/nowhere.ini"}).find("/nowhere.ini: no such configuration file"),
            std::string::npos);
}

TEST_F(OptionsTest, OfEquallyNearKeysTheCommandsOwnIsNamed) {
  EXPECT_NE(complaint({"--stps", "3"}).find("did you mean 'train.steps'"), std::string::npos);
}

TEST_F(OptionsTest, EnumerationsListTheirValues) {
  EXPECT_NE(complaint({"--set", "inner.scope=body"}).find("is none of: head, dense, all"), std::string::npos);
  EXPECT_NE(complaint({"--set", "train.precision=half"}).find("is none of: float32, tf32, bfloat16"),
            std::string::npos);
}

TEST_F(OptionsTest, ResumeIsAutoNeverOrACheckpoint) {
  EXPECT_EQ(configuration.resume.from, Resume::From::kNewest);
  parse({"--resume", "never"});
  EXPECT_EQ(configuration.resume.from, Resume::From::kNothing);
  Configuration other;
  options_of(other).parse({"--resume", "run/step-1"}, {.own_section = "train", .flags = {}});
  EXPECT_EQ(other.resume.from, Resume::From::kOther);
  EXPECT_EQ(other.resume.other, "run/step-1");
}

}  // namespace
}  // namespace warmstart
