// The memories of a data set's tasks as a file, and recommendations from it, as their users call them.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/files.h"
#include "base/json.h"
#include "base/plural.h"
#include "tests/support/background_program.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

// How tasks adapt: by sums over rows, by the rows themselves, and by rows for each of several steps.
const std::map<std::string, std::string> kMethods = {
    {"ridge", ""},
    {"kernel", "--set adapt.stages=prior,kernel"},
    {"steps", "--set adapt.stages=prior,steps --set inner.steps=2 --set inner.scope=dense"},
    {"ids", "--set adapt.stages=prior,steps --set inner.scope=all"}};

class ExportedMemories : public testing::Test {
 protected:
  // A run and its exported model for each method serve all tests.
  static void SetUpTestSuite() {
    shared = new TemporaryFolder;
    expect_ok("synthesize --to tables --users 60 --items 30 --rows-per-user 12");
    expect_ok("ingest --config tables/config.ini --shards 2");
    for (const auto& [name, options] : kMethods) {
      expect_ok("train --config tables/config.ini --run " + name +
                " --set train.steps=4 --set train.tasks=8 --set model.embedding=6 --set model.tower=6"
                " --set model.features=4 --set episode.support-max=8 --set evaluate.query=2 " +
                options);
      expect_ok("export --run " + name + " --to models --name " + name);
    }
    expect_ok(export_of("ridge"));
    std::string candidates = "item\n";
    for (int item = 0; item < 30; ++item) candidates += fmt::format("i{}\n", item);
    shared->write("candidates.csv", candidates);
  }
  static void TearDownTestSuite() { delete shared; }

  static std::string export_of(const std::string& model) {
    return fmt::format("export --memories {0}.parquet --model models/{0} --run {0}", model);
  }
  static ProgramResult run(const std::string& arguments, int ranks = 0) {
    return run_program(arguments, shared->path(), ranks);
  }
  static std::string expect_ok(const std::string& arguments, int ranks = 0) {
    const auto result = run(arguments, ranks);
    EXPECT_EQ(result.exit_code, 0) << arguments << "\n" << result.output;
    return result.output;
  }
  static void expect_failure(const std::string& arguments, int exit_code, const std::string& phrase, int ranks = 0) {
    const auto result = run(arguments, ranks);
    EXPECT_EQ(result.exit_code, exit_code) << arguments << "\n" << result.output;
    EXPECT_NE(result.output.find(phrase), std::string::npos) << arguments << "\n" << result.output;
    EXPECT_EQ(result.output.find("terminate called"), std::string::npos) << result.output;
  }
  // Python with pyarrow; its `table` is the memories of ridge.
  static std::string python(const std::string& code) {
    const auto result = run_command("cd '" + shared->path().string() + "' && " + WARMSTART_PYTHON +
                                    " -c \"import json, pyarrow as pa, pyarrow.parquet as pq, numpy as np\n"
                                    "table = pq.read_table('ridge.parquet')\n" +
                                    code + "\"");
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return result.output;
  }
  static std::string content(const std::string& name) { return read_file(shared->path() / name); }
  static bool exists(const std::string& name) { return fs::exists(shared->path() / name); }

  static TemporaryFolder* shared;
};

TemporaryFolder* ExportedMemories::shared = nullptr;

TEST_F(ExportedMemories, HaveTheSameBytesOnAnyNumberOfRanks) {
  for (const auto* method : {"ridge", "kernel", "steps"}) {
    expect_ok(export_of(method));
    const auto alone = content(method + std::string(".parquet"));
    for (const int ranks : std::vector{1, 2, 4}) {
      if (ranks != 2 && method != std::string("kernel")) continue;  // one method on all of them
      const auto output = expect_ok(export_of(method), ranks);
      EXPECT_NE(output.find("on " + counted(ranks, "rank")), std::string::npos) << output;
      EXPECT_EQ(content(method + std::string(".parquet")), alone) << method << " on " << ranks;
    }
  }
}

// One call gives the model and its memories; they are those of a second call.
TEST_F(ExportedMemories, ComeWithAnExport) {
  const auto facts =
      objects_of(expect_ok("export --run ridge --to models --name whole --memories whole.parquet --json", 2));
  EXPECT_EQ(facts.at(0)["version"], "1");
  EXPECT_EQ(facts[0]["memories"]["tasks"], 60);
  const auto model = nlohmann::json::parse(content("models/whole/1/model.json"));
  EXPECT_EQ(facts[0]["memories"]["numbers"], model["memory"]["length"]);
  const auto whole = content("whole.parquet");
  expect_ok("export --run ridge --model models/whole/1/ --memories whole.parquet");
  EXPECT_EQ(content("whole.parquet"), whole);
}

TEST_F(ExportedMemories, ScoreLikeTheRowsThatTheyAreOf) {
  for (const auto* method : {"ridge", "kernel", "steps"}) {
    expect_ok(export_of(method));
    const auto of_all = objects_of(expect_ok(
        fmt::format("predict --model models/{0} --memories {0}.parquet --candidates candidates.csv --json", method)));
    ASSERT_EQ(of_all.size(), 60u);
    for (const std::size_t place : {0, 31, 59}) {
      const auto key = of_all[place]["user"].get<std::string>();
      const auto asked = fmt::format(" --task {} --candidates candidates.csv --deviation --json", key);
      const auto of_rows = objects_of(expect_ok(fmt::format("predict --run {}", method) + asked));
      const auto of_memory =
          objects_of(expect_ok(fmt::format("predict --model models/{0} --memories {0}.parquet", method) + asked));
      EXPECT_EQ(of_memory, of_rows) << method << " " << key;
      for (std::size_t i = 0; i < 10; ++i)
        EXPECT_EQ(of_all[place]["recommendations"][i]["score"], of_rows[0]["recommendations"][i]["score"]);
    }
  }
}

// A client in Python cuts the list by model.json and asks NAME-score in ONNX Runtime.
TEST_F(ExportedMemories, AreCutByThePythonExample) {
  for (const auto* method : {"ridge", "kernel", "steps"}) {
    expect_ok(export_of(method));
    const auto key = python("print(table['user'][7], end='')");
    const auto example =
        run_command(fmt::format("cd '{0}' && {1} {2}/serving/recommend_from_memory.py models/{3}/1 {3}.parquet {4}",
                                shared->path().string(), WARMSTART_PYTHON, WARMSTART_EXAMPLES, method, key));
    ASSERT_EQ(example.exit_code, 0) << example.output;
    const auto ours = objects_of(expect_ok(
        fmt::format("predict --model models/{0} --memories {0}.parquet --task {1} --json --seen", method, key)));
    std::size_t start = 0;
    for (const auto& one : ours.at(0)["recommendations"]) {
      const auto tab = example.output.find('\t', start);
      ASSERT_NE(tab, std::string::npos) << example.output;
      EXPECT_EQ(example.output.substr(start, tab - start), one["item"]) << method;
      EXPECT_NEAR(std::stod(example.output.substr(tab + 1)), one["score"].get<double>(), 1e-5) << method;
      start = example.output.find('\n', tab) + 1;
    }
  }
}

TEST_F(ExportedMemories, SayOfWhomAndWhenTheyAre) {
  const auto facts = objects_of(python(
      "import csv, collections\n"
      "last = collections.defaultdict(list)\n"
      "for row in csv.DictReader(open('tables/interactions.csv')): last[row['user']].append(float(row['time']))\n"
      "rows = table.to_pylist()\n"
      "assert table.schema.names == ['user', 'event_timestamp', 'model', 'version', 'support_rows', 'memory']\n"
      "assert table.schema.field('memory').type.value_type == pa.float32()\n"
      "for row in rows: assert row['event_timestamp'].timestamp() == max(last[row['user']]), row\n"
      "metadata = {k.decode(): v.decode() for k, v in table.schema.metadata.items()}\n"
      "print(json.dumps({'keys': len(set(row['user'] for row in rows)), 'model': rows[0]['model'],\n"
      "  'version': rows[0]['version'], 'numbers': len(rows[0]['memory']), 'rows': rows[0]['support_rows'],\n"
      "  'layout': json.loads(metadata['warmstart.layout']), 'digest': metadata['warmstart.digest']}))"));
  const auto model = nlohmann::json::parse(content("models/ridge/1/model.json"));
  EXPECT_EQ(facts.at(0)["keys"], 60);
  EXPECT_EQ(facts[0]["model"], "ridge");
  EXPECT_EQ(facts[0]["version"], "1");
  EXPECT_EQ(facts[0]["rows"], 8);
  EXPECT_EQ(facts[0]["layout"], model["memory"]);
  EXPECT_EQ(facts[0]["numbers"], model["memory"]["length"]);
  EXPECT_EQ(facts[0]["digest"].get<std::string>().size(), 32u);
}

TEST_F(ExportedMemories, OfAnotherModelOrDamagedAreRefused) {
  const auto refused = [&](const std::string& file, const std::string& phrase) {
    expect_failure("predict --model models/ridge --memories " + file, 3, phrase);
  };
  const auto rewritten = [&](const std::string& code, const std::string& phrase) {
    python(code + "\npq.write_table(table, 'bad.parquet')");
    refused("bad.parquet", phrase);
  };
  expect_ok(export_of("ridge"));
  expect_ok(export_of("kernel"));
  refused("kernel.parquet", "was made by kernel version 1, this is ridge version 1: make memories anew with");
  expect_ok("export --run ridge --to other --name ridge --max-support 3 --memories other.parquet");
  refused("other.parquet", "another model that was called ridge version 1");
  refused("absent.parquet", "absent.parquet");
  refused("models", "models");
  refused("candidates.csv", "candidates.csv: cannot be read as Parquet");
  const auto whole = content("ridge.parquet");
  shared->write("cut.parquet", whole.substr(0, whole.size() / 2));
  refused("cut.parquet", "cut.parquet: cannot be read as Parquet");
  rewritten("table = table.drop_columns(['memory'])", "has no column 'memory'");
  rewritten("table = table.drop_columns(['user'])", "has no column 'user'");
  rewritten("table = table.replace_schema_metadata({})", "its metadata have no 'warmstart.model'");
  const std::string set_memory = "table = table.set_column(5, 'memory', pa.array(lists, type=pa.list_(pa.float32())))";
  rewritten("lists = table['memory'].to_pylist()\nlists[3] = lists[3][1:]\n" + set_memory, "numbers, where ridge");
  rewritten("lists = table['memory'].to_pylist()\nlists[3][2] = float('nan')\n" + set_memory, "is not finite");
  rewritten("lists = table['memory'].to_pylist()\nlists[3] = None\n" + set_memory, "lacks 1 values");
  rewritten("lists = table['memory'].to_pylist()\nlists[3][1] = None\n" + set_memory, "lacks numbers");
  rewritten("table = table.set_column(5, 'memory', pa.array(['x'] * 60))", "is of type string, not list<float>");
  rewritten("table = table.set_column(3, 'version', pa.array(['1'] * 59 + ['9']))", "was made by ridge version 9");
  rewritten("table = table.set_column(4, 'support_rows', pa.array([99] * 60))", "is of 99 support rows");
  expect_failure("predict --model models/ridge --memories ridge.parquet --task nobody", 3, "has no user 'nobody'");
  python(
      "key = table['user'][0].as_py()\npq.write_table(pa.concat_tables([table, table]), 'bad.parquet')\n"
      "open('key', 'w').write(key)");
  expect_failure("predict --model models/ridge --memories bad.parquet --task $(cat key)", 3, "twice");
}

TEST_F(ExportedMemories, BadOptionsAreRefused) {
  expect_failure("predict --model models/ridge --memories ridge.parquet --explain", 2, "needs the support rows");
  expect_failure("predict --run ridge --memories ridge.parquet", 2, "predict.model");
  expect_failure("predict --model models/ridge --memories ridge.parquet --support candidates.csv", 2, "one of");
  expect_failure("export --run ridge --memories x.parquet", 2, "export.model");
  expect_failure("export --run ridge --model models/ridge", 2, "export.memories");
  expect_failure("export --model models/ridge --memories x.parquet", 2, "export.run");
  expect_failure("export --run ridge --model models/ridge --to models --memories x.parquet", 2, "one of");
  expect_failure("export --run ridge --model models/ridge --memories gone/x.parquet", 4, "there is no folder");
  expect_failure(export_of("ids"), 3, "holds ids of the support rows");
  EXPECT_FALSE(exists("ids.parquet"));
  const auto described = nlohmann::json::parse(content("models/ids/1/model.json"))["memory"];
  EXPECT_NE(described["no_list"].get<std::string>().find("ids"), std::string::npos) << described;
  expect_ok("synthesize --to others --users 40 --items 20 --rows-per-user 12");
  expect_ok("ingest --config others/config.ini");
  expect_failure(export_of("ridge") + " --data.dataset others/dataset", 3, "is not the data set");
  // What rank 0 meets alone ends all, with its exit code.
  expect_failure("export --run ridge --to models --name a/b --memories x.parquet", 2, "export.name", 2);
  expect_failure(export_of("absent"), 3, "absent", 2);
  EXPECT_FALSE(exists("x.parquet"));
}

TEST_F(ExportedMemories, AreCompleteOrAbsent) {
  expect_ok("export --memories kept.parquet --model models/ridge --run ridge");
  const auto kept = content("kept.parquet");
  // What a killed program was writing goes; another file does not.
  shared->write("kept.parquet.4000000-0.tmp", "half");
  shared->write("kept.parquet.mine.tmp", "mine");
  const auto full =
      run_command(fmt::format("cd '{}' && trap '' XFSZ && ulimit -f 4 && {} export --memories kept.parquet "
                              "--model models/kernel --run kernel",
                              shared->path().string(), program_path()));
  EXPECT_EQ(full.exit_code, 4) << full.output;
  EXPECT_NE(full.output.find("kept.parquet: cannot write"), std::string::npos) << full.output;
  EXPECT_EQ(content("kept.parquet"), kept);
  EXPECT_FALSE(exists("kept.parquet.4000000-0.tmp"));
  EXPECT_TRUE(exists("kept.parquet.mine.tmp"));
  EXPECT_FALSE(exists("kept.parquet.lock"));
}

// At whatever moment: the file is the old or the new one, and a later call is in nobody's way.
TEST_F(ExportedMemories, SurviveAKill) {
  expect_ok("export --memories killed.parquet --model models/ridge --run ridge");
  const auto old = content("killed.parquet");
  expect_ok("export --memories killed.parquet --model models/steps --run steps");
  const auto renewed = content("killed.parquet");
  shared->write("killed.parquet", old);
  for (const int milliseconds : {100, 300, 500, 700, 900}) {
    run_command(
        fmt::format("cd '{}' && timeout -s KILL {} {} export --memories killed.parquet --model models/steps --run "
                    "steps",
                    shared->path().string(), milliseconds / 1000.0, program_path()));
    const auto found = content("killed.parquet");
    EXPECT_TRUE(found == old || found == renewed) << milliseconds;
  }
  expect_ok("export --memories killed.parquet --model models/steps --run steps");
  EXPECT_EQ(content("killed.parquet"), renewed);
  for (const auto& entry : fs::directory_iterator(shared->path()))
    EXPECT_FALSE(entry.path().filename().string().starts_with("killed.parquet.")) << entry.path();
}

// Keys of every kind, tasks of few rows, and more ranks than tasks.
TEST_F(ExportedMemories, OfOddTasks) {
  const std::vector<std::string> keys = {"Zo\të, \"x\"", " y ", "a'b", std::string(4096, 'k'), "{\"$ref\":1}"};
  std::string table = "user,item,rating,time\n";
  for (std::size_t k = 0; k < keys.size(); ++k) {
    std::string quoted;
    for (const char c : keys[k]) quoted += c == '"' ? "\"\"" : std::string(1, c);
    for (std::size_t row = 0; row < (k == 2 ? 12 : 3 + k); ++row)
      table += fmt::format("\"{}\",item {},{},{}\n", quoted, row, 1 + (k + row) % 5, row);
  }
  shared->write("odd.csv", table);
  shared->write("odd.ini",
                "[data]\ndataset = odd\nmin-rows = 2\nvalidation = 0.2\ntest = 0.2\n[interactions]\nfiles = odd.csv\n"
                "user = user\nitem = item\nlabel = rating\ntime = time\n");
  expect_ok("ingest --config odd.ini --shards 2");
  expect_ok(
      "train --config odd.ini --run odd-run --set train.steps=2 --set train.tasks=4 --set train.microbatches=1 --set "
      "evaluate.query=1 --set "
      "episode.support-max=6");
  expect_ok("export --run odd-run --to models --name odd --memories odd.parquet", 4);
  const auto on_four = content("odd.parquet");
  expect_ok("export --run odd-run --model models/odd --memories odd.parquet");
  EXPECT_EQ(content("odd.parquet"), on_four);
  std::map<std::string, int> rows;
  for (const auto& one : objects_of(expect_ok("predict --model models/odd --memories odd.parquet --json --seen")))
    rows[one["user"]] = one["support"];
  const std::map<std::string, int> expected = {{keys[0], 3}, {keys[1], 4}, {keys[2], 6}, {keys[3], 6}, {keys[4], 6}};
  EXPECT_EQ(rows, expected);
  for (const auto* key : {"\"a'b\"", "'{\"$ref\":1}'"})
    expect_ok(fmt::format("predict --model models/odd --memories odd.parquet --seen --task {}", key));
}

}  // namespace
}  // namespace warmstart
