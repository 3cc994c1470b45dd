#include "app/metrics_file.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

TEST(MetricsFile, PassesOverALastLineThatIsCut) {
  const auto metrics = parse_metrics("{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"lo", "m");
  ASSERT_EQ(metrics.entries.size(), 1u);
  EXPECT_EQ(metrics.entries[0].at("loss"), 0.5);
  EXPECT_TRUE(metrics.damaged.empty());
  // A last line that is whole but for its end counts.
  EXPECT_EQ(parse_metrics("{\"step\":1}\n{\"step\":2}", "m").entries.size(), 2u);
}

TEST(MetricsFile, NamesDamagedLines) {
  const std::string damaged[] = {"{\"step\":null}",
                                 "{\"step\":1.5}",
                                 "{\"step\":-1}",
                                 "{\"loss\":1}",
                                 "[]",
                                 "{\"step\":1,\"loss\":\"x\"}",
                                 "{\"step\":1,",
                                 "",
                                 "{\"step\":18446744073709551615}",
                                 "{\"step\":1,\"a\":[[[]]]}",
                                 "{\"step\":1,\"rolled_back\":7}",
                                 std::string(200000, '[')};
  for (const auto& line : damaged) {
    const auto metrics = parse_metrics("{\"step\":1}\n" + line + "\n{\"step\":3}\n", "run/metrics.jsonl");
    EXPECT_EQ(metrics.entries.size(), 2u) << line.substr(0, 80);
    ASSERT_EQ(metrics.damaged.size(), 1u) << line.substr(0, 80);
    EXPECT_EQ(metrics.damaged[0].find("run/metrics.jsonl:2: "), 0u) << metrics.damaged[0];
  }
}

TEST(MetricsFile, NullStandsForWhatWasNotFinite) {
  EXPECT_TRUE(parse_metrics("{\"step\":1,\"loss\":null}\n", "m").entries.at(0).at("loss").is_null());
}

TEST(MetricsFile, ReadersAreToldWhichLineIsDamaged) {
  const TemporaryFolder folder;
  EXPECT_TRUE(read_sound_metrics(folder.path()).empty());
  const auto path = folder.write("metrics.jsonl", "{\"step\":1}\nnonsense\n{\"step\":2}\n");
  try {
    read_sound_metrics(folder.path());
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find(path.string() + ":2: not valid JSON"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace warmstart
