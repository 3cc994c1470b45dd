#include "app/configuration.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

void parse(Configuration& configuration, const std::vector<std::string>& arguments) {
  options_of(configuration).parse(arguments, {.own_section = "train", .flags = {}});
}

TEST(ConfigurationTest, TheResolvedConfigurationReadsBackTheSame) {
  const TemporaryFolder folder;
  Configuration configuration, again;
  auto options = options_of(configuration), same = options_of(again);
  options.parse({"--set", "model.tower=32, 16", "--set", "adapt.stages=steps", "--set", "inner.scope=dense", "--set",
                 "data.label-max=5", "--set", "interactions.files=a.csv,b*.csv"},
                {.own_section = "train", .flags = {}});
  const auto resolved = options.resolved();
  same.parse({"--config", folder.write("resolved.ini", resolved).string()}, {.own_section = "train", .flags = {}});
  EXPECT_EQ(same.resolved(), resolved);
  EXPECT_EQ(again.model.network.tower, (std::vector<std::int64_t>{32, 16}));
  EXPECT_EQ(again.model.adapt.inner.scope, Scope::kDense);
  EXPECT_EQ(again.data.label_max, 5.0);
  EXPECT_EQ(again.data.interactions.files.size(), 2u);
}

// An older program did not know the option, and so had what is its default now.
TEST(ConfigurationTest, WhatAConfigurationLacksIsAtItsDefault) {
  const std::string older = "[tables]\nmost-rows = 640\n";
  EXPECT_EQ(first_difference(older, older + "fields = \nadmit = 1\n"), "");
  EXPECT_EQ(first_difference(older, older + "fields = item: most-rows 64\n"),
            "tables.fields ('', now 'item: most-rows 64')");
}

// Where that did something else than what is the default now, it says so.
TEST(ConfigurationTest, WhatAConfigurationLacksIsWhatTheProgramDidThen) {
  const std::string older = "[adapt]\nstages = prior, ridge\n";
  EXPECT_EQ(first_difference(older, older + "score-feature = false\nwide-input = false\n"), "");
  EXPECT_EQ(first_difference(older, older + "score-feature = true\n"), "adapt.score-feature ('false', now 'true')");
  const std::string without = "[adapt]\nstages = prior, steps\n";
  EXPECT_EQ(first_difference(without, without + "score-feature = true\n"), "");
}

TEST(ConfigurationTest, ResumeIsAutoNeverOrACheckpoint) {
  Configuration configuration;
  EXPECT_EQ(configuration.resume.from, Resume::From::kNewest);
  parse(configuration, {"--resume", "never"});
  EXPECT_EQ(configuration.resume.from, Resume::From::kNothing);
  Configuration other;
  parse(other, {"--resume", "run/step-1"});
  EXPECT_EQ(other.resume.from, Resume::From::kOther);
  EXPECT_EQ(other.resume.other, "run/step-1");
}

}  // namespace
}  // namespace warmstart
