#include "trainer/learner/learner_catalogue.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "data/sampler.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/evaluation/catalogue_ranking.h"

namespace warmstart {
namespace {

using enum StageKind;

class LearnerCatalogueTest : public testing::Test {
 protected:
  LearnerCatalogueTest() {
    ingest_small_dataset(folder.path());
    dataset = std::make_unique<Dataset>(folder.path() / "dataset", true);
    options.network.embedding = 6;
    options.network.tower = {5};
    options.network.features = 4;
    options.adapt.prior = 4;
  }

  // Tasks with many support rows and with none.
  std::vector<TaskEpisode> episodes() const {
    std::vector<TaskEpisode> episodes;
    for (const auto task : dataset->tasks_of(Split::kTest)) {
      const auto support = episodes.size() % 3 == 0 ? 0u : 7u;
      episodes.push_back({task, evaluation_rows(task, dataset->row_count(task), support, 3, RowOrder::kTime, 0)});
    }
    return episodes;
  }

  // All entities as query rows.
  at::Tensor predicted(const Learner& learner) const {
    auto asked = episodes();
    for (auto& episode : asked) {
      episode.rows.query.clear();
      for (std::uint32_t entity = 0; entity < dataset->entities(); ++entity) episode.rows.unseen.push_back({entity, 0});
    }
    return learner.predict(make_batch(*dataset, asked)).scores;
  }

  void expect_scores_as_predicted() const {
    Learner learner(dataset->schema(), options, 3);
    const auto scorer = learner.catalogue_scorer(*dataset);
    ASSERT_NE(scorer, nullptr);
    const auto scores = scorer->scores(make_batch(*dataset, episodes())), wanted = predicted(learner);
    ASSERT_EQ(scores.sizes(), wanted.sizes());
    EXPECT_TRUE(at::allclose(scores, wanted, 1e-4, 1e-5)) << (scores - wanted).abs().max().item<float>();
    EXPECT_GT(wanted.std().item<float>(), 1e-3);
  }

  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
  ModelOptions options;
};

TEST_F(LearnerCatalogueTest, ScoresAsPredictDoes) {
  const std::vector<std::vector<StageKind>> chains = {
      {kPrior}, {kPrior, kSupportEncoder, kRidge}, {kPrior, kSupportEncoder, kKernel}, {kPrior, kSteps}};
  for (const auto& stages : chains) {
    SCOPED_TRACE(to_text(stages));
    options.adapt.stages = stages;
    expect_scores_as_predicted();
  }
}

TEST_F(LearnerCatalogueTest, ScoresByReadoutsAsPredictDoes) {
  for (const auto readout : {ReadoutKind::kMatching, ReadoutKind::kSiamese}) {
    SCOPED_TRACE(to_text(readout));
    options.adapt.stages = {kPrior};
    options.adapt.readout = readout;
    expect_scores_as_predicted();
  }
}

TEST_F(LearnerCatalogueTest, IsOfRowsThatLookTheSameToAllTasks) {
  options.adapt.stages = {kPrior, kSteps};
  options.adapt.inner.scope = Scope::kAll;
  EXPECT_EQ(Learner(dataset->schema(), options, 3).catalogue_scorer(*dataset), nullptr);
}

// What has no scorer is asked in chunks of query rows; both rank alike.
TEST_F(LearnerCatalogueTest, RanksAsPredictDoes) {
  class WithoutScorer : public Recommender {
   public:
    explicit WithoutScorer(const Recommender& other) : other_(other) {}
    Predictions predict(const EpisodeBatch& batch) const override { return other_.predict(batch); }

   private:
    const Recommender& other_;
  };
  const Learner learner(dataset->schema(), options, 3);
  const auto by_scorer = CatalogueRanking(*dataset, learner, 5).ranked(episodes());
  const auto by_predict = CatalogueRanking(*dataset, WithoutScorer(learner), 5).ranked(episodes());
  ASSERT_EQ(by_scorer.size(), by_predict.size());
  for (std::size_t task = 0; task < by_scorer.size(); ++task) {
    EXPECT_TRUE(by_scorer[task].finite);
    EXPECT_EQ(by_scorer[task].rows.places, by_predict[task].rows.places);
    EXPECT_EQ(by_scorer[task].rows.list, by_predict[task].rows.list);
  }
}

}  // namespace
}  // namespace warmstart
