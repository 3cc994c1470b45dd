#include "trainer/training/label_check.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "data/ingest.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

class LabelCheckTest : public testing::Test {
 protected:
  // Ten users with four rows each, all of label 1 but one.
  std::filesystem::path dataset_with(const std::string& label) {
    std::string rows = "user,item,label\n";
    for (int row = 0; row < 40; ++row) {
      rows += "u" + std::to_string(row / 4) + ",i" + std::to_string(row % 4) + "," + (row == 37 ? label : "1") + "\n";
    }
    IngestOptions options;
    options.dataset = folder.path() / ("dataset-" + label);
    options.interactions.files = {folder.write("rows.csv", rows)};
    options.user = "user";
    options.item = "item";
    options.label = "label";
    options.test = "0";
    ingest(options);
    return options.dataset;
  }
  static std::string complaint(const Dataset& dataset, ObjectiveKind kind, int rank, int ranks) {
    try {
      check_labels(dataset, {.kind = kind, .absolute = 0}, rank, ranks);
      return "";
    } catch (const UsageError& error) {
      return error.what();
    }
  }
  TemporaryFolder folder;
};

TEST_F(LabelCheckTest, BinaryTakesZeroAndOneAlone) {
  EXPECT_EQ(complaint(Dataset(dataset_with("0"), true), ObjectiveKind::kBinary, 0, 1), "");
  for (const auto* label : {"2", "0.5", "-1"}) {
    const Dataset dataset(dataset_with(label), true);
    const auto message = complaint(dataset, ObjectiveKind::kBinary, 0, 1);
    EXPECT_NE(message.find(std::string("user 'u9', row 2: label = ") + label), std::string::npos) << message;
    EXPECT_EQ(complaint(dataset, ObjectiveKind::kSquared, 0, 1), "");
  }
}

TEST_F(LabelCheckTest, PoissonTakesCountsAlone) {
  EXPECT_EQ(complaint(Dataset(dataset_with("17"), true), ObjectiveKind::kPoisson, 0, 1), "");
  for (const auto* label : {"0.5", "-1"}) {
    const auto message = complaint(Dataset(dataset_with(label), true), ObjectiveKind::kPoisson, 0, 1);
    EXPECT_NE(message.find("model.objective = poisson takes whole numbers from 0"), std::string::npos) << message;
  }
}

TEST_F(LabelCheckTest, RanksLookAtEveryTaskBetweenThem) {
  const Dataset dataset(dataset_with("7"), true);
  for (const int ranks : {2, 3, 4, 16}) {
    int complaints = 0;
    for (int rank = 0; rank < ranks; ++rank)
      complaints += complaint(dataset, ObjectiveKind::kBinary, rank, ranks).empty() ? 0 : 1;
    EXPECT_EQ(complaints, 1) << ranks;
  }
}

TEST(ClassCheck, WantsAnOutputForEachClassOfAnEpisode) {
  Schema schema;
  schema.task = "class";
  const auto refusal = [&](const ObjectiveOptions& options) -> std::string {
    try {
      check_classes(schema, options, 5);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({.kind = ObjectiveKind::kClasses, .classes = 5}), "");
  EXPECT_NE(refusal({.kind = ObjectiveKind::kClasses, .classes = 4}).find("set model.classes = 5"), std::string::npos);
  EXPECT_NE(refusal({}).find("set model.objective = classes"), std::string::npos);
  schema.task = "user";
  EXPECT_EQ(refusal({}), "");
}

}  // namespace
}  // namespace warmstart
