// Runs with sharded tables, from training to a served model.

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <map>
#include <sstream>

#include "base/files.h"
#include "base/json.h"
#include "checkpoints/checkpoint.h"
#include "tests/app/program_fixture.h"

namespace warmstart {
namespace {

constexpr const char* kSmallTables =
    " --steps 10 --tasks 16 --set model.embedding=8 --set model.tower=8 --set model.features=4 --set evaluate.query=4"
    " --set evaluate.support=0,3 ";

class ShardedTablesTest : public ProgramTest {
 protected:
  ShardedTablesTest() {
    expect_ok("synthesize --to tables --users 80 --items 40 --rows-per-user 20");
    expect_ok("ingest --config tables/config.ini");
  }
  std::string train(const std::string& run, int ranks, const std::string& more = "") {
    return parameters_digest(expect_ok(
        "train --config tables/config.ini --run " + run + kSmallTables + "--set tables.default=replicated:20 " + more,
        ranks));
  }
};

TEST_F(ShardedTablesTest, WhatTwoRanksTrainIsEvaluatedExportedAndPredictedBy) {
  const auto digest = train("one", 0);
  EXPECT_EQ(train("two", 2), digest);
  EXPECT_NE(expect_ok("inspect one two").find("parameters: the same bits"), std::string::npos);
  const auto inspected = expect_ok("inspect two");
  EXPECT_NE(inspected.find("table embedding: "), std::string::npos) << inspected;
  EXPECT_NE(inspected.find("each row is fetched once"), std::string::npos) << inspected;
  const std::string evaluate =
      "evaluate --config tables/config.ini --baselines false --set evaluate.query=4 "
      "--set evaluate.support=0,3 --set train.run=";
  expect_ok(evaluate + "one --output one.json");
  expect_ok(evaluate + "two --output two.json", 2);
  EXPECT_EQ(read_json(folder.path() / "one.json")["results"], read_json(folder.path() / "two.json")["results"]);
  expect_ok("export --run two --to models");
  expect_ok("inspect models/recommender");
}

const TableShards& entry_of_table(const Checkpoint& checkpoint, const std::string& name) {
  return *std::find_if(checkpoint.tables.begin(), checkpoint.tables.end(),
                       [&](const auto& each) { return each.name == name; });
}

// A table of what a run has to show, by id or, where it grows, in the order of addresses; the checkpoint was read
// whole.
at::Tensor whole_table(const Checkpoint& checkpoint, const std::string& name) {
  const auto& table = entry_of_table(checkpoint, name);
  if (table.grows())
    return entry_of_table(checkpoint, checkpoint.has_best() ? name + " best" : name).arrays.at(kTableValues);
  std::vector<std::int64_t> places;
  for (std::int64_t id = 0; id < table.rows; ++id) places.push_back(RowPlaces(table.rows).place_of(id));
  const auto& rows = table.arrays.at(checkpoint.has_best() ? kBestTableValues : kTableValues);
  return rows.index_select(0, at::tensor(places, at::kLong));
}

// What inspect says of a table that differs.
std::string difference_of(const std::string& name, const at::Tensor& one, const at::Tensor& other) {
  const auto differs = one.flatten().ne(other.flatten()).nonzero().flatten();
  const auto first = differs[0].item<std::int64_t>();
  return fmt::format("parameter '{}', element {}: {} against {} ({} of its {} elements differ)", name, first,
                     one.flatten()[first].item<float>(), other.flatten()[first].item<float>(), differs.numel(),
                     one.numel());
}

// What there is to say of a run, and of two side by side, is what whole tables say.
TEST_F(ShardedTablesTest, AreInspectedShardByShard) {
  // More ids than there are shards, so that ids are in another order there.
  expect_ok("synthesize --to many --users 60 --items 200 --rows-per-user 20");
  expect_ok("ingest --config many/config.ini");
  const std::string options =
      "--set data.dataset=many/dataset --checkpoint-every 1 --set train.full-checkpoint-every=3 --set "
      "train.rate=1e-60 ";
  for (const std::string grows : {"", "--set tables.most-rows=640 "}) {
    const std::string name = grows.empty() ? "fixed" : "grown";
    train(name, 0, options + grows + "--set tables.rate=0.01");
    train(name + "2", 0, options + grows + "--set tables.rate=0.02");
    const auto one = read_checkpoint(folder.path() / name), other = read_checkpoint(folder.path() / (name + "2"));
    const auto rows = whole_table(one, "embedding");
    const auto facts = objects_of(expect_ok("inspect " + name + " --json")).at(0);
    const auto named = [&](const char* list) {
      return *std::find_if(facts[list].begin(), facts[list].end(),
                           [](const auto& each) { return each["name"] == "embedding"; });
    };
    EXPECT_EQ(named("parameters")["shape"], rows.sizes().vec());
    EXPECT_FLOAT_EQ(named("parameters")["norm"], rows.to(at::kDouble).norm().item<double>());
    const auto& table = entry_of_table(one, "embedding");
    double bytes = 0.0;
    for (const auto& [array, values] : table.arrays) bytes += static_cast<double>(values.nbytes());
    EXPECT_EQ(named("tables")["bytes"], bytes);
    EXPECT_EQ(named("tables")["touched_rows"], table.arrays.at("last_step").gt(0).sum().item<std::int64_t>());

    const auto compared = run_program("inspect " + name + " " + name + "2", folder.path());
    EXPECT_EQ(compared.exit_code, 1);
    EXPECT_NE(compared.output.find(difference_of("embedding", rows, whole_table(other, "embedding"))),
              std::string::npos)
        << compared.output;
  }
  EXPECT_NE(run_program("inspect fixed grown", folder.path()).output.find("parameter 'embedding' ["),
            std::string::npos);
  // Where a file of the newest is damaged, the one before is told of, and nothing of the newest.
  const auto folders = checkpoints_of(folder.path() / "fixed");
  const auto older = objects_of(expect_ok("inspect " + folders.at(1).string() + " --json")).at(0);
  const auto damaged = folders[0] / "tables-00040-of-00064.h5";
  auto bytes = read_file(damaged);
  bytes.back() ^= 1;
  std::filesystem::remove(damaged);
  write_file(damaged, bytes);
  const auto found = run_program("inspect fixed --json", folder.path());
  EXPECT_NE(found.output.find("passed over a checkpoint: "), std::string::npos) << found.output;
  const auto told = objects_of(found.output.substr(found.output.find('{'))).at(0);
  for (const auto* part : {"step", "parameters", "tables"}) EXPECT_EQ(told[part], older[part]);
}

// Each rank reads the files of its own virtual shards, of a full checkpoint or a delta, and copies what its tasks look
// up.
TEST_F(ShardedTablesTest, EvaluationsAreTheSameOnAnyNumberOfRanks) {
  const std::string deltas = "--checkpoint-every 1 --set train.full-checkpoint-every=3 --set train.validate-every=4 ";
  train("fixed", 2, deltas);
  train("grown", 0, deltas + "--set tables.most-rows=640 --set tables.admit=2 ");
  train("joint", 0, "--set adapt.stages=prior ");
  const std::string evaluate =
      "evaluate --config tables/config.ini --baselines false --set evaluate.query=4 --set evaluate.support=0,3 "
      "--set train.run=fixed --set evaluate.against=grown --output ";
  const auto results = [&](const std::string& name, int ranks, const std::string& more) {
    expect_ok(evaluate + name + more, ranks);
    return read_json(folder.path() / name)["results"];
  };
  for (const std::string candidates : {"rows", "all"}) {
    const auto more = " --set evaluate.candidates=" + candidates +
                      (candidates == "all" ? " --set evaluate.relevant=4" : " --set evaluate.joint=joint");
    const auto of_one = results("one.json", 0, more);
    EXPECT_EQ(results("spilled.json", 0, more + " --set tables.spill=" + folder.path().string()), of_one);
    for (const int ranks : {2, 4}) EXPECT_EQ(results("more.json", ranks, more), of_one) << candidates << " " << ranks;
  }
}

// By the rows that they look up, as by the whole tables of an exported model.
TEST_F(ShardedTablesTest, PredictionsAreThoseOfWholeTables) {
  folder.write("support.csv", "user,item,rating\nann,i3,4\nann,i5,2\nbob,i7,1\nbob,new,3\ncarl,,\n");
  folder.write("known.csv", "user,item,rating\nann,i3,4\nann,i5,2\nbob,i7,1\n");  // no id is 0
  folder.write("candidates.csv", "user,item,category\nann,i1,c1\nann,i2,\nbob,new,c2\nbob,i1,c9\ncarl,i9,\n");
  const std::string deltas = "--checkpoint-every 1 --set train.full-checkpoint-every=3 --set train.validate-every=4 ";
  const std::map<std::string, std::string> runs = {
      {"fixed", deltas},
      {"grown", deltas + "--set tables.most-rows=640 --set tables.admit=2 "},
      {"all", "--set adapt.stages=prior,steps --set inner.scope=all "}};
  for (const auto& [run, options] : runs) {
    train(run, 2, options);
    expect_ok("export --to models --run " + run + " --name " + run);
    for (const std::string more : {"support", "support.csv --candidates candidates", "known.csv --candidates known"}) {
      const auto of = [&](const std::string& model) {
        return objects_of(expect_ok("predict --explain --deviation --json " + model + " --support " + more + ".csv"));
      };
      const auto whole = of("--model models/" + run);
      ASSERT_GE(whole.size(), 2u);
      EXPECT_EQ(of("--run " + run), whole) << run << more;
      EXPECT_EQ(of("--run " + run + " --set tables.spill=" + folder.path().string()), whole) << run << more;
    }
  }
}

// A day later there are new items, old ids lie elsewhere, and a run goes on from what the one before has learned.
TEST_F(ShardedTablesTest, GrowWithTheDataFromVersionToVersion) {
  const std::string grows = "--set tables.most-rows=6400 --set tables.admit=2 ";
  const auto digest = train("first", 0, grows);
  EXPECT_EQ(train("again", 2, grows + "--set tables.spill=" + folder.path().string()), digest);
  EXPECT_NE(expect_ok("inspect first again").find("parameters: the same bits"), std::string::npos);
  const auto facts = objects_of(expect_ok("inspect first --json")).at(0)["growth"];
  ASSERT_FALSE(facts.empty());
  EXPECT_GT(facts[0]["rows"], 10);
  EXPECT_EQ(facts[0]["admitted"], facts[0]["rows"]);
  EXPECT_NE(expect_ok("inspect first").find(" keys have rows, "), std::string::npos);
  EXPECT_NE(read_file(folder.path() / "first/metrics.jsonl").find("\"keys_with_rows\":"), std::string::npos);

  folder.write("tables/items.csv", read_file(folder.path() / "tables/items.csv") + "new,c1\n");
  folder.write("day.csv", "user,item,rating,time\nu1,i1,5,1\nu1,new,4,2\nu2,new,4,2\nu3,new,1,2\n");
  expect_ok("ingest --config tables/config.ini --append day.csv");
  const std::string next = " --set data.dataset=tables/dataset.v2 ";
  train("next", 2, grows + next + "--start-from first ");
  const auto of_next = objects_of(expect_ok("inspect next --json")).at(0)["growth"];
  EXPECT_GE(of_next[0]["rows"], facts[0]["rows"]);
  for (const auto* run : {"first", "next"})
    expect_ok(
        "evaluate --config tables/config.ini --baselines false --set evaluate.query=4 --set evaluate.support=0,3" +
        next + "--set train.run=" + run);
  for (const std::string run : {"first", "next"}) {
    expect_ok("export --to models --run " + run + " --name " + run + next);
    folder.write("support.csv", "user,item,rating\nann,i3,4\nann,new,2\n");
    EXPECT_EQ(objects_of(expect_ok("predict --support support.csv --seen --json --run " + run + next)),
              objects_of(expect_ok("predict --support support.csv --seen --json --model models/" + run)));
  }
}

TEST_F(ShardedTablesTest, StartFromRowsOfOtherRunsWhoeverHeldThem) {
  train("sharded", 2);
  const std::string stands_still = "--set tables.optimizer=sgd --set train.rate=1e-30 --set train.keep-best=false ";
  const auto digest = train("one", 0, stands_still + "--start-from sharded");
  EXPECT_EQ(train("two", 2, stands_still + "--start-from sharded"), digest);
  EXPECT_NE(train("fresh", 2, stands_still), digest);
  EXPECT_NE(expect_ok("inspect one sharded").find("parameters: the same bits"), std::string::npos);
}

// Rows that are made after the start begin as they would have without it.
TEST_F(ShardedTablesTest, GoOnGrowingOnAnotherNumberOfRanks) {
  const std::string grows = "--set tables.most-rows=640 --set tables.admit=9 --set train.validate-every=10 ";
  train("whole", 0, grows + "--set train.checkpoint-every=4 --set train.keep-last=10");
  const auto rows_of = [&](const std::string& run) {
    return objects_of(expect_ok("inspect " + run + " --json")).at(0)["growth"][0]["rows"].get<std::int64_t>();
  };
  EXPECT_GT(rows_of("whole/step-00000010"), rows_of("whole/step-00000004"));
  train("branch", 2, grows + "--resume whole/step-00000004");
  EXPECT_NE(expect_ok("inspect whole branch").find("parameters: the same bits"), std::string::npos);
}

TEST_F(ShardedTablesTest, WhatDoesNotGoTogetherIsRefused) {
  const std::string train = "train --config tables/config.ini --run run" + std::string(kSmallTables);
  expect_failure(train + "--set tables.admit=3", 2, "set tables.most-rows, too");
  expect_failure(train + "--set tables.evict=none", 2, "set tables.most-rows, too");
  expect_failure(train + "--set tables.spill=nowhere", 2, "tables.spill = nowhere: is no folder");
  this->train("fixed", 0);
  expect_failure(train + "--set tables.default=replicated:20 --set tables.most-rows=640 --start-from fixed", 2,
                 "the tables of fixed do not grow");
  const std::string endless = train + "--set tables.default=replicated:0 --set tables.most-rows=1000000000000";
  expect_failure(endless, 2, "this host has ");
  expect_failure(endless + " --set tables.spill=" + folder.path().string(), 2, "this host has ");
}

// Each interaction is of a session of its own, whose keys come once and never again.
class FloodTest : public ShardedTablesTest {
 protected:
  FloodTest() {
    std::filesystem::remove_all(folder.path() / "tables/dataset");
    std::istringstream rows(read_file(folder.path() / "tables/interactions.csv"));
    std::string flooded, row;
    for (std::int64_t line = 0; std::getline(rows, row); ++line)
      flooded += row + "," + (line == 0 ? "session" : "s" + std::to_string(line)) + "\n";
    folder.write("tables/interactions.csv", flooded);
    const auto config = read_file(folder.path() / "tables/config.ini");
    const std::string time = "time = time\n";
    const auto after = config.find(time) + time.size();
    folder.write("tables/config.ini", config.substr(0, after) + "categorical = session\n" + config.substr(after));
    expect_ok("ingest --config tables/config.ini");
  }
  // Of a run's newest checkpoint.
  std::int64_t rows_of(const std::string& run, const std::string& field) const {
    const auto checkpoint = read_checkpoint(folder.path() / run);
    const auto index = std::find_if(checkpoint.tables.begin(), checkpoint.tables.end(),
                                    [](const auto& table) { return table.name == "rows index"; });
    return std::count_if(index->names.begin(), index->names.end(),
                         [&](const auto& name) { return name.starts_with(field + "="); });
  }
  nlohmann::json growth_of_rows(const std::string& run) {
    const auto growth = objects_of(expect_ok("inspect " + run + " --json")).at(0)["growth"];
    const auto of_rows =
        std::find_if(growth.begin(), growth.end(), [](const auto& list) { return list["ids_of"] == "rows"; });
    EXPECT_NE(of_rows, growth.end());
    return *of_rows;
  }
  static std::string grows(std::int64_t most_rows, const std::string& fields) {
    return "--set tables.most-rows=" + std::to_string(most_rows) +
           " --set train.log-every=5 --set 'tables.fields=" + fields + "' ";
  }
  const std::string pools = "session: most-rows 64, evict least-recent; item: most-rows 640, evict none";
};

TEST_F(FloodTest, OfOneFieldTakesNoRowsOfAnotherThatHasItsOwn) {
  const auto digest = train("apart", 0, grows(128, pools));
  EXPECT_EQ(train("ranks", 2, grows(128, pools)), digest);
  train("together", 0, grows(192, ""));
  EXPECT_EQ(rows_of("apart", "item"), 40);
  EXPECT_LE(rows_of("apart", "session"), 64);
  EXPECT_LT(rows_of("together", "item"), 40);

  const auto growth = growth_of_rows("apart");
  EXPECT_EQ(growth["fields"]["item"]["rows"], 40);
  EXPECT_EQ(growth["fields"]["item"]["evicted"], 0);
  EXPECT_GT(growth["fields"]["session"]["evicted"], 100);
  EXPECT_EQ(growth["evicted"], growth["fields"]["session"]["evicted"]);
  EXPECT_EQ(growth["fields"].size(), 2u);
  EXPECT_FALSE(growth_of_rows("together").contains("fields"));
  const auto inspected = expect_ok("inspect apart");
  EXPECT_NE(inspected.find("  those of field item: 40 keys have rows, "), std::string::npos) << inspected;
  EXPECT_NE(inspected.find("table embedding: grows to 896 rows of 8"), std::string::npos) << inspected;
  const auto metrics = objects_of(read_file(folder.path() / "apart/metrics.jsonl"));
  const auto told =
      std::find_if(metrics.rbegin(), metrics.rend(), [](const auto& line) { return line.contains("keys_with_rows"); });
  ASSERT_NE(told, metrics.rend());
  EXPECT_EQ((*told)["fields"]["item"]["keys_evicted"], 0);
  EXPECT_EQ((*told)["fields"]["session"]["keys_evicted"], (*told)["keys_evicted"]);
  EXPECT_EQ(read_file(folder.path() / "together/metrics.jsonl").find("\"fields\""), std::string::npos);
  expect_ok(
      "evaluate --config tables/config.ini --baselines false --set evaluate.query=4 --set evaluate.support=0,3 "
      "--set train.run=apart");
}

TEST_F(FloodTest, GoesOnInTheSamePoolsAndNoOthers) {
  const auto more = "--set train.checkpoint-every=4 --set train.keep-last=10 --set train.validate-every=10 ";
  train("whole", 2, grows(128, pools) + more);
  train("branch", 0, grows(128, pools) + more + "--resume whole/step-00000004");
  EXPECT_NE(expect_ok("inspect whole branch").find("parameters: the same bits"), std::string::npos);
  EXPECT_EQ(growth_of_rows("branch"), growth_of_rows("whole"));
  const auto with = [](const std::string& run, const std::string& options) {
    return "train --config tables/config.ini --run " + run + kSmallTables + "--set tables.default=replicated:20 " +
           options;
  };
  expect_failure(with("whole", grows(128, "session: most-rows 64") + more), 2,
                 "the run was started with another tables.fields ('session: most-rows 64, evict least-recent; item: ");
  expect_failure(with("next", grows(128, "item: most-rows 20") + "--start-from whole"), 3,
                 "has more rows of field 'item' than its most-rows in tables.fields has room for");
  train("next", 2, grows(2000, "item: most-rows 640") + "--start-from whole ");
  EXPECT_GE(rows_of("next", "item"), 40);
}

TEST_F(FloodTest, OfFieldsThatTheDataLackOrWithoutRoomIsRefused) {
  const std::string run = "train --config tables/config.ini --run run" + std::string(kSmallTables);
  expect_failure(run + grows(128, "sessio: most-rows 64"), 2,
                 "tables.fields: the data set has no field 'sessio'; fields with keys are: item, category, session, "
                 "group");
  expect_failure(run + grows(128, "session: evict none"), 2, "field 'session' has no most-rows");
  expect_failure(run + grows(0, pools), 2, "tables.fields is of tables that grow: set tables.most-rows, too");
  const auto endless = "--set tables.default=replicated:0 " + grows(128, "session: most-rows 1000000000000");
  expect_failure(run + endless, 2, "of up to 1000000000128 rows");
  expect_failure("plan --config tables/config.ini " + endless, 2, "this host has ");
  const auto plan = nlohmann::json::parse(
      expect_ok("plan --json --config tables/config.ini --set tables.default=replicated:20 " + grows(128, pools)));
  for (const auto& table : plan["tables"])
    EXPECT_EQ(table["rows"], table["name"] == "key_bias" ? 640 : 128 + 64 + 640) << table;
}

TEST_F(ShardedTablesTest, APlanSaysWhatTheRunThenDoes) {
  const std::string options =
      "--config tables/config.ini --set train.run=two --set train.steps=10 --set train.log-every=10 "
      "--set train.tasks=16 --set model.embedding=8 --set model.tower=8 --set model.features=4 --set evaluate.query=4 "
      "--set evaluate.support=0,3 --set tables.default=replicated:20 ";
  const auto plan = nlohmann::json::parse(expect_ok("plan --json --ranks 2 " + options));
  ASSERT_EQ(plan.at("ranks").size(), 1u);
  expect_ok("train " + options, 2);
  const auto facts = nlohmann::json::parse(expect_ok("inspect two --json"));
  const auto& sent = plan["ranks"][0]["sent_bytes"];
  const double reduced = sent["reduced"], exchanged = sent["exchanged"];
  EXPECT_NEAR(facts["traffic"]["reduced_bytes"].get<double>(), reduced, 0.05 * reduced);
  EXPECT_NEAR(facts["traffic"]["exchanged_bytes"].get<double>(), exchanged, 0.1 * exchanged);  // ten steps alone
  double tables = 0.0;
  for (const auto& table : facts["tables"]) tables += table["bytes"].get<double>();
  EXPECT_NEAR(plan["checkpoint_bytes"].get<double>(), tables + 4.0 * 4.0 * plan["parameters"].get<double>(), 1.0);
  const auto text = expect_ok("plan " + options);
  for (const auto* phrase : {"table embedding: ", "ranks ", "all on this host", "assumes: each row"})
    EXPECT_NE(text.find(phrase), std::string::npos) << phrase << "\n" << text;
  EXPECT_NE(expect_ok("inspect two").find("a rank sent in a meta-step: "), std::string::npos);
}

TEST_F(ShardedTablesTest, WhatDoesNotFitIsRefusedByThePlanAndAtTheStart) {
  const std::string options = "--config tables/config.ini --set tables.default=replicated:20 --set model.embedding=1e9";
  expect_failure("plan " + options, 2, "this host has ");
  expect_failure("train " + options, 2, "this host has ");
  const std::string many =
      "--config tables/config.ini --set tables.default=replicated:20 --set train.tasks=128 --set "
      "train.microbatches=128 ";
  expect_failure("plan --ranks 65 " + many, 2, "65 ranks, and the rows of table ");
}

TEST_F(ShardedTablesTest, GoOnOnlyWithTheSameOptions) {
  train("run", 2);
  const auto with = [](const std::string& run, const std::string& options) {
    return "train --config tables/config.ini --run " + run + kSmallTables + options;
  };
  expect_failure(with("run", "--set tables.default=replicated:20 --set tables.optimizer=sgd"), 2, "tables.optimizer");
  expect_failure(with("run", ""), 2, "tables.default");
  expect_failure(with("new", "--set tables.default=sharded"), 2, "wants replicated:ROWS");
}

}  // namespace
}  // namespace warmstart
