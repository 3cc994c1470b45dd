// Tasks of classes through the real program: tables, training, accuracy on classes never seen, and what is refused.

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/app/program_fixture.h"
#include "tests/support/small_dataset.h"

namespace warmstart {
namespace {

constexpr const char* kConfiguration = R"([data]
dataset = dataset
task = class
shards = 2
validation = tables/validation.txt
test = tables/test.txt

[interactions]
files = tables/interactions.csv
item = example
class = letter

[items]
files = tables/items.csv
key = example
dense = x, y

[model]
network = mlp
embedding = 8
tower = 8
objective = classes
classes = 2

[adapt]
stages = prototypes

[episode]
ways = 2
shots = 2
class-queries = 4

[train]
run = run
steps = 40
tasks = 16

[evaluate]
support = 0, 1, 5
query = 4
episodes = 50
)";

class ClassesTest : public ProgramTest {
 protected:
  ClassesTest() {
    write_small_classes(folder.path() / "tables");
    folder.write("config.ini", kConfiguration);
    ingested = expect_ok("ingest --config config.ini");
  }
  static void expect_in(const std::string& text, const std::string& phrase) {
    EXPECT_NE(text.find(phrase), std::string::npos) << phrase << "\n" << text;
  }

  std::string ingested;
};

TEST_F(ClassesTest, AreIngestedAndInspectedAsClasses) {
  expect_in(ingested, "dataset: 12 classes with 120 rows in 2 shards, from 120 rows read");
  const auto inspected = expect_ok("inspect dataset --verify");
  expect_in(inspected, "data set, 12 classes, 120 rows about 120 items, 2 shards, all digests hold");
  expect_in(inspected, "8 classes           80 rows");
  EXPECT_EQ(inspected.find("classs"), std::string::npos) << inspected;
}

TEST_F(ClassesTest, AreToldApartInTheSameBitsOnAnyNumberOfRanks) {
  const auto alone = parameters_digest(expect_ok("train --config config.ini"));
  EXPECT_EQ(parameters_digest(expect_ok("train --config config.ini --run of-two", 2)), alone);
  expect_in(expect_ok("inspect run"), "checkpoint of step 40 of 40, best validation");
  const auto table = expect_ok("evaluate --config config.ini --output evaluation.json", 2);
  expect_in(table, "50 tasks of 2 classes never seen in training, 4 rows of each judge, by support rows of each:");
  const auto facts = read_json(folder.path() / "evaluation.json");
  ASSERT_EQ(facts.at("results").size(), 3u);  // no baseline knows classes that it has not seen
  for (const auto& result : facts.at("results")) {
    EXPECT_EQ(result.at("tasks"), 50);
    const auto& interval = result.at("intervals").at("accuracy");
    EXPECT_LE(interval.at(0), result.at("accuracy"));
    EXPECT_GE(interval.at(1), result.at("accuracy"));
  }
  // Without support all classes score the same: numbers of classes say nothing.
  EXPECT_EQ(facts.at("results")[0].at("accuracy"), 0.5);
  EXPECT_GT(facts.at("results")[2].at("accuracy").get<double>(), 0.8);
  EXPECT_EQ(nlohmann::json::parse(expect_ok("evaluate --config config.ini --json")), facts);
}

TEST_F(ClassesTest, AreAdaptedToByInnerStepsAsWell) {
  expect_ok("train --config config.ini --set adapt.stages=prototypes,steps --set inner.scope=all");
  const auto facts = nlohmann::json::parse(expect_ok("evaluate --config config.ini --json"));
  EXPECT_GT(facts.at("results")[2].at("accuracy").get<double>(), 0.8);
}

TEST_F(ClassesTest, AreRefusedWhereThereAreTooFewOfThemOrOfTheirRows) {
  expect_failure("train --config config.ini --set episode.ways=9 --set model.classes=9", 3,
                 "dataset: an episode of 9 classes takes 6 rows of each, and 8 of the 8 classes", 2);
  expect_failure("train --config config.ini --set episode.shots=7", 3, "takes 11 rows of each, and 0 of the 8 classes");
  expect_ok("train --config config.ini --steps 2");
  expect_failure("evaluate --config config.ini --query 10", 3, "takes 11 rows of each, and 0 of the 2 classes", 2);
}

TEST_F(ClassesTest, AreRefusedWhereTheModelHasNoOutputForEach) {
  expect_failure("train --config config.ini --set model.classes=3", 2, "set model.classes = 2", 2);
  auto of_numbers = std::string(kConfiguration);
  const std::string of_classes = "objective = classes\nclasses = 2\n";
  of_numbers.erase(of_numbers.find(of_classes), of_classes.size());
  folder.write("numbers.ini", of_numbers);
  expect_failure("train --config numbers.ini --set adapt.stages=prior", 2, "set model.objective = classes");
  expect_ok("train --config config.ini --steps 2");
  expect_failure("evaluate --config config.ini --set episode.ways=3", 2, "set model.classes = 3");
  expect_failure("export --run run --to models --name letters", 2, "classes");
}

}  // namespace
}  // namespace warmstart
