// A trained model on its way to a service: export, predict, and the examples, as their users call them.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "base/json.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

class ServingCommands : public testing::Test {
 protected:
  // One run serves all tests.
  static void SetUpTestSuite() {
    shared = new TemporaryFolder;
    expect_ok("synthesize --to tables --users 80 --items 40 --rows-per-user 20");
    expect_ok("ingest --config tables/config.ini --shards 2");
    expect_ok(
        "train --config tables/config.ini --run run --set train.steps=20 --set train.tasks=16"
        " --set model.embedding=8 --set model.tower=8 --set model.features=4 --set evaluate.query=4"
        " --set evaluate.support=0,3,all");
    expect_ok("export --run run --to models --name shop");
    shared->write("support.csv", "user,item,rating,note\nann,i3,4,x\nann,i5,2,\nann,i3,5,\nbob,i7,1,\ncarl,,,\n");
  }
  static void TearDownTestSuite() { delete shared; }

  static ProgramResult run(const std::string& arguments) { return run_program(arguments, shared->path()); }
  static std::string expect_ok(const std::string& arguments) {
    const auto result = run(arguments);
    EXPECT_EQ(result.exit_code, 0) << arguments << "\n" << result.output;
    return result.output;
  }
  static void expect_failure(const std::string& arguments, int exit_code, const std::string& phrase) {
    const auto result = run(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << arguments << "\n" << result.output;
    EXPECT_NE(result.output.find(phrase), std::string::npos) << arguments << "\n" << result.output;
    EXPECT_EQ(result.output.find("terminate"), std::string::npos) << result.output;
  }
  static fs::path path(const std::string& name) { return shared->path() / name; }

  static TemporaryFolder* shared;
};

TemporaryFolder* ServingCommands::shared = nullptr;

TEST_F(ServingCommands, AVersionOfTheSameModelHasTheSameBytes) {
  const auto output =
      expect_ok("export --run run --to models --name twice") + expect_ok("export --run run --to models --name twice");
  EXPECT_NE(output.find("version 2"), std::string::npos) << output;
  EXPECT_NE(output.find("and ONNX Runtime"), std::string::npos) << output;
  for (const auto* file : {"twice/{}/model.onnx", "twice/{}/model.pt", "twice/{}/model.json", "twice/{}/entities.tsv",
                           "twice-adapt/{}/model.onnx", "twice-score/{}/model.pt"}) {
    const auto of = [&](const char* version) {
      return read_file(path("models/" + std::string(file).replace(std::string(file).find("{}"), 2, version)));
    };
    EXPECT_EQ(of("1"), of("2")) << file;
  }
  EXPECT_FALSE(fs::exists(path("models/twice/1.tmp")));
}

TEST_F(ServingCommands, AnExportedModelAndItsRunRecommendTheSame) {
  const auto exported =
      objects_of(expect_ok("predict --model models/shop --support support.csv --top 5 --explain --deviation --json"));
  const auto of_run =
      objects_of(expect_ok("predict --run run --support support.csv --top 5 --explain --deviation --json"));
  ASSERT_EQ(exported.size(), 3u);
  EXPECT_EQ(exported, of_run);
  EXPECT_EQ(exported[0]["user"], "ann");
  EXPECT_EQ(exported[0]["support"], 2) << "an item counts once, the latest";
  const auto& reasons = exported[0]["recommendations"][0]["reasons"];
  EXPECT_EQ(reasons[1]["item"], "i3");
  EXPECT_EQ(reasons[1]["label"], 5.0) << "the latest";
  EXPECT_EQ(exported[2]["support"], 0);
  EXPECT_EQ(exported[2]["recommendations"].size(), 5u);
}

TEST_F(ServingCommands, AnExportedGraphIsJudgedLikeItsTrainer) {
  const auto facts =
      objects_of(expect_ok("export --run run --to models --name judged --evaluate --json --precision fp16"
                           " --set evaluate.query=4 --set evaluate.support=0,3,all"));
  const auto& results = facts.at(0)["evaluation"]["results"];
  ASSERT_EQ(results.size(), 6u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(results[i]["model"], "trained");
    EXPECT_EQ(results[i + 3]["model"], "exported");
    EXPECT_NEAR(results[i]["mae"].get<double>(), results[i + 3]["mae"].get<double>(), 1e-2);
  }
}

TEST_F(ServingCommands, ReasonsAddUpToTheScore) {
  const auto label = read_json(path("models/shop/1/model.json"))["label"];  // scores end at its range
  for (const auto& user : objects_of(expect_ok("predict --model models/shop --support support.csv --explain --json"))) {
    for (const auto& one : user["recommendations"]) {
      double sum = one["prior"].get<double>() + one["unexplained"].get<double>();
      for (const auto& reason : one["reasons"]) sum += reason["influence"].get<double>();
      EXPECT_NEAR(std::clamp(sum, label["min"].get<double>(), label["max"].get<double>()), one["score"].get<double>(),
                  1e-4)
          << one;
      EXPECT_NEAR(one["unexplained"].get<double>(), 0.0, 1e-4) << one;
      EXPECT_EQ(one["fields"].size(), 1u) << one;
    }
  }
}

TEST_F(ServingCommands, TheSampleRequestHasTheSampleAnswer) {
  const auto model = read_json(path("models/shop/1/model.json"));
  EXPECT_FALSE(model["sample"]["request"].empty());
  EXPECT_FALSE(model["sample"]["answer"]["scores"].empty());
  for (const auto& [name, sum] : model["files"].items()) EXPECT_EQ(sum.get<std::string>().size(), 32u) << name;
  EXPECT_EQ(model["provenance"]["step"], 20);
}

TEST_F(ServingCommands, ThePythonExampleRecommendsTheSame) {
  const auto python = std::string(WARMSTART_PYTHON);
  const auto example = run_command("cd '" + shared->path().string() + "' && " + python + " " + WARMSTART_EXAMPLES +
                                   "/serving/recommend.py models/shop/1 i3=5 i5=2");
  ASSERT_EQ(example.exit_code, 0) << example.output;
  shared->write("two.csv", "item,rating\ni3,5\ni5,2\n");
  const auto ours = objects_of(expect_ok("predict --model models/shop --support two.csv --json"));
  std::string expected;
  for (const auto& one : ours.at(0)["recommendations"]) expected += one["item"].get<std::string>() + "\n";
  std::string found;
  for (std::size_t start = 0; start < example.output.size();) {
    const auto end = example.output.find('\n', start);
    found += example.output.substr(start, example.output.find('\t', start) - start) + "\n";
    start = end + 1;
  }
  EXPECT_EQ(found, expected);
}

// By the evaluator of the ONNX project, which shares no code with the runtime.
TEST_F(ServingCommands, TheGraphsMeanTheSameToAnotherReader) {
  const auto check = [&](const std::string& name, const std::string& tolerance) {
    const auto version = path("models/" + name + "/1").string();
    const auto result = run_command(std::string(WARMSTART_REFERENCE_CHECK) + " '" + version + "' " + tolerance);
    EXPECT_EQ(result.exit_code, 0) << result.output;
  };
  check("shop", "1e-5");
  for (const auto& [precision, tolerance] : {std::pair{"fp16", "1e-2"}, {"int8", "0.2"}}) {
    const auto name = std::string("read-") + precision;
    expect_ok("export --run run --to models --items --name " + name + " --precision " + precision);
    check(name, tolerance);
  }
  const std::string train = "train --config tables/config.ini --set train.steps=2 --set model.embedding=8";
  for (const auto* stages : {"prior,support-encoder,kernel", "prior,steps --set inner.scope=all"}) {
    const auto name =
        std::string("read-") + (std::string(stages).find("steps") == std::string::npos ? "kernel" : "steps");
    expect_ok(train + " --run " + name + " --set adapt.stages=" + stages);
    expect_ok("export --run " + name + " --to models --name " + name);
    check(name, "1e-4");
  }
}

TEST_F(ServingCommands, ATasksOwnRowsAreItsSupport) {
  const auto facts = objects_of(expect_ok("inspect tables/dataset --json"));
  const auto user = facts.at(0)["sample"][0]["user"].get<std::string>();
  const auto found = objects_of(expect_ok("predict --run run --task " + user + " --json --top 3"));
  EXPECT_EQ(found.at(0)["user"], user);
  EXPECT_GT(found[0]["support"].get<int>(), 3);
  expect_failure("predict --run run --task nobody", 3, "no user 'nobody'");
}

TEST_F(ServingCommands, CandidatesOfATableAreRanked) {
  shared->write("candidates.csv", "user,item\nann,i1\nann,i2\nann,unheard-of\nbob,i1\ncarl,i9\n");
  const auto found =
      objects_of(expect_ok("predict --model models/shop --support support.csv --candidates candidates.csv --json"));
  EXPECT_EQ(found.at(0)["recommendations"].size(), 3u);
  EXPECT_EQ(found.at(1)["recommendations"].size(), 1u);
  shared->write("none.csv", "item\n");
  expect_failure("predict --model models/shop --support support.csv --candidates none.csv", 3, "no candidate");
}

TEST_F(ServingCommands, BadTablesAreRefusedByLine) {
  const auto refused = [&](const std::string& table, const std::string& phrase) {
    shared->write("bad.csv", table);
    expect_failure("predict --model models/shop --support bad.csv", 3, phrase);
  };
  refused("item,rating\ni1,9\n", "bad.csv:2: label 9 is outside [");
  refused("item,rating\ni1,nan\n", "bad.csv:2: ");
  refused("item,rating\ni1\n", "bad.csv:2: has 1 fields instead of 2");
  refused("thing,rating\ni1,3\n", "bad.csv:1: has no column 'item'");
  refused("item,rating,rating\ni1,3,3\n", "bad.csv:1: has the column 'rating' twice");
  refused("", "bad.csv");
  expect_failure("predict --model models/shop --support absent.csv", 3, "absent.csv");
}

TEST_F(ServingCommands, TheWholeCatalogueIsRankedInOneProduct) {
  const auto made = objects_of(expect_ok("export --run run --to models --name ranks --items --json")).at(0);
  EXPECT_LT(made["largest_difference"].get<double>(), 1e-4);
  EXPECT_TRUE(made["bytes"].contains("ranks-rank/model.onnx")) << made;
  const auto expected = objects_of(expect_ok("predict --model models/shop --support support.csv --deviation --json"));
  const auto found = objects_of(expect_ok("predict --model models/ranks --support support.csv --deviation --json"));
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t user = 0; user < found.size(); ++user) {
    for (std::size_t i = 0; i < 10; ++i) {
      const auto &a = found[user]["recommendations"].at(i), &b = expected[user]["recommendations"].at(i);
      EXPECT_EQ(a["item"], b["item"]);
      EXPECT_NEAR(a["score"].get<double>(), b["score"].get<double>(), 1e-5);
      EXPECT_NEAR(a["deviation"].get<double>(), b["deviation"].get<double>(), 1e-5);
    }
  }
  EXPECT_EQ(objects_of(
                expect_ok("predict --model models/ranks --support support.csv --top 1000 --json"))[2]["recommendations"]
                .size(),
            40u);
  expect_ok(
      "train --config tables/config.ini --run adapts --set train.steps=2 --set adapt.stages=prior,steps"
      " --set inner.scope=dense");
  expect_failure("export --run adapts --to models --items", 2, "changes the network for each task");
}

TEST_F(ServingCommands, ChangesMakeTheOlderVersionTheNewer) {
  const std::string train =
      "train --config tables/config.ini --set train.tasks=16 --set model.embedding=32"
      " --set model.tower=8 --set model.features=4";
  expect_ok(train + " --run grows --set train.steps=4");
  expect_ok("export --run grows --to published --name shop");
  fs::copy(path("published"), path("far"), fs::copy_options::recursive);
  expect_ok(train + " --run grown --set train.steps=6");
  const auto facts = objects_of(expect_ok("export --run grown --to published --name shop --since 1 --json")).at(0);
  EXPECT_GT(facts["changed_rows"].get<int>(), 0);
  const auto changes = "published/shop/2/since-1";
  EXPECT_EQ(objects_of(expect_ok(std::string("export --json --to far --apply ") + changes)).at(0)["version"], "2");
  for (const auto* graph : {"shop", "shop-adapt", "shop-score", "shop-update"})
    for (const auto& entry : fs::recursive_directory_iterator(path(std::string("published/") + graph + "/2"))) {
      const auto relative = fs::relative(entry.path(), path("published"));
      if (!entry.is_regular_file() || relative.string().find("since-1") != std::string::npos) continue;
      EXPECT_EQ(read_file(path("far") / relative), read_file(entry.path())) << relative;
    }
  expect_ok("predict --model far/shop/2 --support support.csv");
  expect_failure(std::string("export --to far --apply ") + changes, 2, "exists");
  expect_failure(std::string("export --to models --apply ") + changes, 3, "is another version 1");
  expect_failure(std::string("export --to nowhere --apply ") + changes, 3, "does not hold");
  expect_failure("export --run grows --to published --name shop --since 9", 2, "holds no such version");
  expect_failure("export --run grows --to published --name shop --since x", 2, "is no version");
  expect_failure("export --run grows --to published --name shop --items --since 1", 2, "has no shop-rank");
  EXPECT_FALSE(fs::exists(path("published/shop-rank")));
  fs::remove_all(path("far/shop/2"));
  auto damaged = read_file(path(std::string(changes) + "/bytes"));
  damaged[damaged.size() / 2] ^= 1;
  shared->write(std::string(changes) + "/bytes", damaged);
  expect_failure(std::string("export --to far --apply ") + changes, 3, "bytes: is not what was written");
  EXPECT_FALSE(fs::exists(path("far/shop/2")));
}

TEST_F(ServingCommands, AnExportedModelIsInspected) {
  const auto text = expect_ok("inspect models/shop");
  EXPECT_NE(text.find("exported model 'shop'"), std::string::npos) << text;
  EXPECT_NE(text.find("all digests hold"), std::string::npos) << text;
  EXPECT_EQ(objects_of(expect_ok("inspect models/shop/1 --json")).at(0)["name"], "shop");
  fs::copy(path("models"), path("inspected"), fs::copy_options::recursive);
  shared->write("inspected/shop-score/1/model.onnx", "x");
  expect_failure("inspect inspected/shop", 3, "shop-score/model.onnx: is not what was exported");
}

TEST_F(ServingCommands, BadModelsAndOptionsAreRefused) {
  expect_failure("predict --support support.csv", 2, "predict.model");
  expect_failure("predict --model models/shop", 2, "predict.support");
  expect_failure("predict --model nowhere --support support.csv", 3, "nowhere");
  expect_failure("export --run run", 2, "export.to");
  expect_failure("export --to models", 2, "export.run");
  expect_failure("export --run run --to models --name a/b", 2, "export.name");
  expect_failure("export --run run --to models --data.dataset gone", 3, "--data.dataset");
  // It would be another model's graph, which the next export of that model would remove.
  expect_failure("export --run run --to models --name x-adapt", 2, "names in -adapt");
  fs::copy(path("models"), path("hostile"), fs::copy_options::recursive);
  auto model = read_json(path("hostile/shop/1/model.json"));
  model["graphs"]["shop"]["outputs"][1].swap(model["graphs"]["shop"]["outputs"][4]);
  shared->write("hostile/shop/1/model.json", model.dump());
  expect_failure("predict --model hostile/shop --support support.csv --explain", 3, "gives no 'outputs'");
  fs::copy(path("models"), path("damaged"), fs::copy_options::recursive);
  shared->write("damaged/shop/1/entities.tsv", "key\n");
  expect_failure("predict --model damaged/shop --support support.csv", 3, "is not what was exported");
  fs::remove(path("damaged/shop-score/1/model.pt"));
  expect_failure("predict --model damaged/shop --support support.csv", 3, "damaged");
  // What an export that was killed leaves behind is no version, and is in nobody's way.
  fs::remove_all(path("damaged/shop/1"));
  expect_failure("predict --model damaged/shop --support support.csv", 3, "holds no version");
  expect_ok("export --run run --to damaged --name shop");
  expect_ok("predict --model damaged/shop --support support.csv");
  shared->write("damaged/shop/config.pbtxt", "name: \"other\"\n");
  expect_failure("export --run run --to damaged --name shop", 2, "take other inputs");
}

}  // namespace
}  // namespace warmstart
