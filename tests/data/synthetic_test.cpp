#include "data/synthetic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "base/options.h"
#include "data/dataset.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

TEST(Synthesize, SameOptionsGiveTheSameBytesAndOtherSeedsOthers) {
  const TemporaryFolder folder;
  SyntheticOptions options;
  options.users = 20;
  const auto rows_of = [&](const char* name, std::uint64_t seed) {
    options.folder = folder.path() / name;
    options.seed = seed;
    synthesize(options);
    return read_file(options.folder / "interactions.csv");
  };
  const auto first = rows_of("a", 1);
  EXPECT_EQ(first, rows_of("b", 1));
  EXPECT_NE(first, rows_of("c", 2));
}

TEST(Synthesize, WritesTablesThatIngestReads) {
  const TemporaryFolder folder;
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  EXPECT_EQ(dataset.tasks(), 60);
  EXPECT_EQ(dataset.entities(), 40);
  EXPECT_EQ(dataset.manifest()["left_out"], nlohmann::json::object());
  EXPECT_NEAR(read_json(folder.path() / "tables" / "synthetic.json")["mae_floor"], 0.5 * std::sqrt(2.0 / M_PI), 1e-12);
}

TEST(Synthesize, RefusesAnExistingFolder) {
  const TemporaryFolder folder;
  SyntheticOptions options;
  options.folder = folder.path();
  EXPECT_THROW(synthesize(options), UsageError);
}

TEST(Synthesize, OptionsOutOfRangeAreRefusedByName) {
  const auto refusal = [](const std::string& setting) -> std::string {
    SyntheticOptions options;
    Options list;
    declare(list, options);
    try {
      list.parse({"--set", setting}, {});
      return "";
    } catch (const UsageError& error) {
      return error.what();
    }
  };
  EXPECT_NE(refusal("synthesize.users=9").find("synthesize.users = '9': wants a whole number from 10 to 1000000000"),
            std::string::npos)
      << refusal("synthesize.users=9");
  for (const auto* setting : {"users=1e12", "items=5000000000", "rows-per-user=1", "rank=1e9", "noise=-1"})
    EXPECT_NE(refusal("synthesize." + std::string(setting)).find(" from "), std::string::npos) << setting;
}

TEST(Synthesize, RefusesWhatThisHostHasNoMemoryFor) {
  const TemporaryFolder folder;
  SyntheticOptions options;
  options.folder = folder.path() / "tables";
  options.items = 100'000'000;
  options.rank = 1000;
  try {
    synthesize(options);
    ADD_FAILURE() << "no error";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("this host has"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace warmstart
