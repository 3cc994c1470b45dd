#include "data/synthetic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
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

TEST(Synthesize, RefusesOptionsOutOfRangeByName) {
  const TemporaryFolder folder;
  const auto refusal = [&](const auto& change) -> std::string {
    SyntheticOptions options;
    options.folder = folder.path() / "tables";
    change(options);
    try {
      synthesize(options);
      return "";
    } catch (const UsageError& error) {
      return error.what();
    }
  };
  EXPECT_NE(refusal([](auto& o) { o.users = 9; }).find("synthesize.users = 9"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.users = 1e12; }).find("synthesize.users = 1000000000000"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.items = 5000000000; }).find("synthesize.items = 5000000000"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.rows_per_user = 1; }).find("synthesize.rows-per-user = 1"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.rank = 1e9; }).find("synthesize.rank = 1000000000"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.noise = -1; }).find("synthesize.noise = -1"), std::string::npos);
  EXPECT_NE(refusal([](auto& o) { o.items = 100000000, o.rank = 1000; }).find("this host has"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace warmstart
