// Which rows of a run's sharded tables are at hand when it predicts, and what is recommended by them.

#include "app/predictor.h"

#include <ATen/ATen.h>

#include <set>
#include <stdexcept>

#include "app/recommendations.h"
#include "tests/app/program_fixture.h"

namespace warmstart {
namespace {

class PredictorTest : public ProgramTest {
 protected:
  void train(int items, const std::string& options) {
    expect_ok("synthesize --to tables --users 600 --rows-per-user 20 --items " + std::to_string(items));
    expect_ok("ingest --config tables/config.ini");
    expect_ok(
        "train --config tables/config.ini --run run --steps 3 --tasks 8 --set model.embedding=4 --set model.tower=4"
        " --set evaluate.query=4 --set evaluate.support=0,3"
        " --set tables.default=replicated:20 " +
        options);
    configuration.data.dataset = folder.path() / "tables/dataset";
    configuration.predict.run = folder.path() / "run";
    folder.write("support.csv", "user,item,rating\nann,i3,4\nann,i5,2\nbob,i7,1\ncarl,,\ndan,unheard-of,3\n");
  }
  std::vector<AskedTask> tasks_of(const Predictor& predictor) const {
    TableNotes notes;
    return read_support(folder.path() / "support.csv", predictor.catalogue(), predictor.most_support(), notes);
  }
  // The ids of which a copied table has rows.
  static std::set<std::int64_t> held(const Predictor& predictor, const std::string& table) {
    const auto& tables = *predictor.run()->model().copied_tables();
    std::set<std::int64_t> ids;
    for (const auto& each : tables.list()) {
      if (each.name != table) continue;
      for (std::int64_t id = 0; id < each.ids; ++id) {
        try {
          tables.rows(table, at::tensor({id}, at::kLong));
          ids.insert(id);
        } catch (const std::logic_error&) {
          continue;
        }
      }
    }
    return ids;
  }
  std::vector<std::vector<Recommendation>> recommended(const Predictor& predictor) const {
    std::vector<std::vector<Recommendation>> all;
    recommend(predictor, tasks_of(predictor), configuration.predict,
              [&](const AskedTask&, const auto& of_task) { all.push_back(of_task); });
    return all;
  }

  Configuration configuration;
};

TEST_F(PredictorTest, HasTheRowsThatItsInputLooksUpAndNoOthers) {
  train(40, "");
  const Predictor predictor(configuration);
  EXPECT_TRUE(held(predictor, "embedding").empty());
  folder.write("candidates.csv", "item\ni1\ni2\nnever-seen\n");
  auto tasks = tasks_of(predictor);
  TableNotes notes;
  read_candidates(folder.path() / "candidates.csv", predictor.catalogue(), tasks, notes);
  predictor.bring(tasks);
  const auto& catalogue = predictor.catalogue();
  const auto first_category = catalogue.schema().fields_of(FieldOwner::kEntity)[0]->vocabulary_size + 1;
  std::set<std::int64_t> keys = {0}, all = {0};
  for (const auto* item : {"i3", "i5", "i7", "i1", "i2"}) {
    const auto& cells = catalogue.fields(*catalogue.find(item));
    keys.insert(cells[0].ids[0]);
    all.insert({cells[0].ids[0], first_category + cells[1].ids[0]});
  }
  EXPECT_EQ(held(predictor, "key_bias"), keys);
  EXPECT_EQ(held(predictor, "embedding"), all);
}

// Items of three pieces, and tasks that leave out different numbers of them.
class CatalogueInRounds : public PredictorTest, public testing::WithParamInterface<const char*> {};

TEST_P(CatalogueInRounds, IsRankedToTheSameBitsByTheRowsOfAThird) {
  train(9000, GetParam());
  std::string many = read_file(folder.path() / "support.csv");
  for (int item = 20; item < 50; ++item) many += "eve,i" + std::to_string(item) + ",3\n";
  folder.write("support.csv", many);
  configuration.predict.explain = true;
  configuration.predict.top = 2000;
  const Predictor whole(configuration);
  ASSERT_EQ(whole.rounds().count(), 1);
  const Predictor in_rounds(configuration, {.block = ServedModel::kScoredAtOnce, .bytes = 1.0});
  ASSERT_EQ(in_rounds.rounds().count(), 3);
  for (const bool seen : {false, true}) {
    configuration.predict.seen = seen;
    const auto expected = recommended(whole), found = recommended(in_rounds);
    ASSERT_EQ(found.size(), 5u);
    for (std::size_t task = 0; task < found.size(); ++task) {
      ASSERT_EQ(found[task].size(), 2000u);
      for (std::size_t i = 0; i < found[task].size(); ++i) {
        const auto &a = found[task][i], &b = expected[task][i];
        EXPECT_EQ(a.item, b.item);
        EXPECT_EQ(a.ranked.score, b.ranked.score);
        EXPECT_EQ(a.ranked.deviation, b.ranked.deviation);
        EXPECT_EQ(a.explanation->prior, b.explanation->prior);
        EXPECT_EQ(a.explanation->influences, b.explanation->influences);
        EXPECT_EQ(a.explanation->fields, b.explanation->fields);
      }
    }
  }
  configuration.predict.explain = false;
  recommended(whole);
  recommended(in_rounds);
  EXPECT_LT(held(in_rounds, "key_bias").size(), held(whole, "key_bias").size() / 2);
}

INSTANTIATE_TEST_SUITE_P(WhateverAdapts, CatalogueInRounds,
                         testing::Values("--set model.features=4",
                                         "--set adapt.stages=prior,steps --set inner.scope=all",
                                         "--set model.network=din"));

}  // namespace
}  // namespace warmstart
