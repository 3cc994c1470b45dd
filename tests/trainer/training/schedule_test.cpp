#include "trainer/training/schedule.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace warmstart {
namespace {

TEST(Schedule, IsMetaAloneWithoutEntries) {
  const Schedule schedule({}, 12);
  EXPECT_FALSE(schedule.has(Part::kJoint));
  EXPECT_EQ(schedule.part_of(0, 10), Part::kMeta);
}

TEST(Schedule, PartsTakeTheirSharesOfTheSteps) {
  const Schedule schedule({"joint:1", "meta:2", "joint:0.5", "meta:0.5"}, 4);
  EXPECT_TRUE(schedule.has(Part::kJoint));
  std::string parts;
  for (int step = 0; step < 10; ++step) parts += schedule.part_of(step, 10) == Part::kJoint ? 'j' : 'm';
  EXPECT_EQ(parts, "jjjmmmmmjm");  // of 2.5, 5, 1.25 and 1.25 steps, ends are rounded
}

TEST(Schedule, RefusesWhatIsNoPartOrDoesNotFillTheRun) {
  const auto refusal = [](const std::vector<std::string>& entries) -> std::string {
    try {
      Schedule(entries, 12);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({"joint:5", "meta:7"}), "");
  EXPECT_EQ(refusal({"joint:5", "meta:20"}),
            "the parts of train.schedule take 25 epochs and the run takes 12: set train.epochs = 25");
  EXPECT_EQ(refusal({"meta"}), "train.schedule: 'meta' wants a part and its epochs, as in joint:5");
  EXPECT_EQ(refusal({"reptile:12"}), "train.schedule: 'reptile:12' knows the parts joint and meta");
  for (const auto* entry : {"meta:0", "meta:-1", "meta:nan", "meta:", "meta:12x"})
    EXPECT_NE(refusal({entry}).find("wants a number above 0"), std::string::npos) << entry;
}

}  // namespace
}  // namespace warmstart
