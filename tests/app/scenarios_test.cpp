// Tasks that are scenarios, whose rows are of many users and items, through the real program.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/json.h"
#include "base/random.h"
#include "tests/app/program_fixture.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfiguration = R"([data]
dataset = dataset
task = scenario

[interactions]
files = rows.csv
user = user
item = item
scenario = page
label = stay
time = time

[users]
files = users.csv
key = user
dense = age

[items]
files = items.csv
key = item
dense = length

[scenarios]
files = pages.csv
key = page
categorical = kind

[model]
network = mlp
embedding = 8
tower = 8

[train]
run = run
steps = 80
tasks = 16

[evaluate]
support = 0, 5, all
query = 4
)";

// Each page has a liking of its own for the lengths of items and the ages of users: 60 pages, 30 users, 40 items.
class ScenariosTest : public ProgramTest {
 protected:
  ScenariosTest() {
    RandomStream random(1, Purpose::kSynthesize);
    std::string rows = "page,user,item,stay,time\n", users = "user,age\n", items = "item,length\n",
                pages = "page,kind\n";
    std::vector<double> age, length;
    for (int user = 0; user < 30; ++user) users += fmt::format("u{},{}\n", user, age.emplace_back(random.normal()));
    for (int item = 0; item < 40; ++item) items += fmt::format("i{},{}\n", item, length.emplace_back(random.normal()));
    for (int page = 0; page < 60; ++page) {
      pages += fmt::format("p{},{}\n", page, page % 2 == 0 ? "even" : "odd");
      const double of_age = random.normal(), of_length = random.normal();
      for (int row = 0; row < 24; ++row) {
        const auto user = random.below(30), item = random.below(40);
        const double stay = of_age * age[user] + of_length * length[item] + 0.1 * random.normal();
        rows += fmt::format("p{},u{},i{},{:.3f},{}\n", page, user, item, stay, row);
      }
    }
    folder.write("rows.csv", rows);
    folder.write("users.csv", users);
    folder.write("items.csv", items);
    folder.write("pages.csv", pages);
    folder.write("config.ini", kConfiguration);
    ingested = expect_ok("ingest --config config.ini");
  }
  static double mae_of(const nlohmann::json& evaluation, const std::string& model) {
    for (const auto& row : evaluation["results"])
      if (row["model"] == model && row["support"] == "all") return row["mae"].get<double>();
    return NAN;
  }
  std::string ingested;
};

TEST_F(ScenariosTest, AreAdaptedToByWhatUsersDidThere) {
  EXPECT_NE(ingested.find("60 scenarios with"), std::string::npos) << ingested;
  const auto digest = [](const std::string& output) { return output.substr(output.rfind("parameters ")); };
  const auto alone = expect_ok("train --config config.ini");
  EXPECT_EQ(digest(expect_ok("train --config config.ini --run again", 2)), digest(alone));
  const auto evaluation = nlohmann::json::parse(expect_ok("evaluate --config config.ini --json"));
  EXPECT_EQ(evaluation["protocol"]["task"], "scenario");
  // Only who sees the users of the rows can tell.
  EXPECT_LT(mae_of(evaluation, "warmstart"), 0.6 * mae_of(evaluation, "bias"));
}

TEST_F(ScenariosTest, AreServedWithTheUsersOfTheirRows) {
  expect_ok("train --config config.ini --steps 4");
  expect_ok("export --run run --to models --name pages");
  folder.write("support.csv", "scenario,user,age,item,stay\nnew,u1,0.5,i3,1\nnew,u2,-1,i5,0\n");
  folder.write("candidates.csv", "user,age,item\nu1,0.5,i4\nu3,2,i7\n");
  const auto shown = expect_ok("predict --model models/pages --support support.csv --candidates candidates.csv");
  for (const auto* item : {"i4", "i7"}) EXPECT_NE(shown.find(item), std::string::npos) << shown;
}

// dataset-2 is of a release whose rows each held what is known of their user; dataset-3 of the same tables.
TEST_F(ScenariosTest, AreLearnedAlikeWhereverFieldsOfUsersStand) {
  fs::copy(WARMSTART_FORMATS, folder.path() / "formats", fs::copy_options::recursive);
  const std::string small =
                        " --config config.ini --set evaluate.query=2 --set evaluate.support=0,2 --steps 6 --tasks 8 ",
                    rows = "--set data.dataset=formats/dataset-2 ", users = "--set data.dataset=formats/dataset-3 ";
  const auto learned = parameters_digest(expect_ok("train --run rows" + small + rows));
  EXPECT_EQ(parameters_digest(expect_ok("train --run users" + small + users)), learned);
  // Drawn negatives have the users of the rows that they are beside.
  const std::string drawn = "--set episode.negatives=2 ";
  EXPECT_EQ(parameters_digest(expect_ok("train --run rows-and-more" + small + drawn + rows)),
            parameters_digest(expect_ok("train --run users-and-more" + small + drawn + users)));
  const std::string evaluate = "evaluate --json --config config.ini --set evaluate.query=2 --set evaluate.support=0,2 ";
  const auto results = [&](const std::string& arguments) {
    return objects_of(expect_ok(evaluate + arguments)).at(0)["results"].dump();
  };
  EXPECT_EQ(results("--set train.run=rows " + users), results("--set train.run=rows " + rows));
}

TEST_F(ScenariosTest, AreLearnedByATowerOfItemsAndOneOfUsers) {
  const std::string towers = "--set model.network=entity-towers ";
  const auto trained = parameters_digest(expect_ok("train --config config.ini " + towers));
  EXPECT_EQ(parameters_digest(expect_ok("train --config config.ini --run again " + towers, 2)), trained);
  const auto evaluation = nlohmann::json::parse(expect_ok("evaluate --config config.ini --json"));
  EXPECT_LT(mae_of(evaluation, "warmstart"), 0.6 * mae_of(evaluation, "bias"));
  expect_ok(
      "export --run run --to models --name pages");  // which asks the exported graphs about the rows of test tasks
}

TEST_F(ScenariosTest, TowersOfEntitiesAskForUsers) {
  fs::copy(WARMSTART_FORMATS, folder.path() / "formats", fs::copy_options::recursive);
  const std::string small =
                        " --config config.ini --set model.network=entity-towers --set evaluate.query=2 "
                        "--set evaluate.support=0,2 --steps 4 --tasks 8 ",
                    of_rows = "--set data.dataset=formats/dataset-2 ",
                    of_users = "--set data.dataset=formats/dataset-3 ";
  expect_failure("train --run rows" + small + of_rows, 2, "set model.network = two-tower", 2);
  expect_ok("train --run users" + small + of_users);
  const std::string evaluate =
      "evaluate --config config.ini --set train.run=users --set evaluate.query=2 --set evaluate.support=0,2 ";
  expect_ok(evaluate + of_users);
  expect_failure(evaluate + of_rows, 3, "rows of this data set have no users");
}

TEST_F(ScenariosTest, DamagedUsersEndTraining) {
  flip_byte(folder.path() / "dataset/users.h5");
  expect_failure("train --config config.ini", 3, "users.h5: is damaged: its digest is not the one in dataset.json", 2);
  fs::remove(folder.path() / "dataset/users.h5");
  expect_failure("train --config config.ini --set data.verify=false", 3, "users.h5", 2);
}

TEST_F(ScenariosTest, HaveNoCandidatesOfOneUser) {
  expect_failure("evaluate --config config.ini --set train.run= --set evaluate.candidates=all", 2,
                 "rows of scenarios are of many");
}

}  // namespace
}  // namespace warmstart
