#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "data/batch.h"
#include "data/ingest.h"
#include "data/sampler.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/baselines/als.h"
#include "trainer/baselines/bias_model.h"

namespace warmstart {
namespace {

class BaselinesTest : public testing::Test {
 protected:
  BaselinesTest() {
    ingest_small_dataset(folder.path());
    dataset = std::make_unique<Dataset>(folder.path() / "dataset", true);
    rows = std::make_unique<TrainingRows>(*dataset);
  }
  EpisodeBatch batch_of(std::int64_t task, std::uint32_t support) const {
    const TaskEpisode episode = {task, evaluation_rows(task, dataset->row_count(task), support, 3, RowOrder::kTime, 0)};
    return make_batch(*dataset, {episode});
  }
  TemporaryFolder folder;
  std::unique_ptr<Dataset> dataset;
  std::unique_ptr<TrainingRows> rows;
};

TEST_F(BaselinesTest, BiasIsASolutionOfItsOwnEquation) {
  const BiasModel model(*rows, dataset->schema());
  const auto task = dataset->tasks_of(Split::kTest)[0];
  const auto batch = batch_of(task, 4);
  double rest = 0.0;
  for (std::size_t i = 0; i < 4; ++i) {
    rest +=
        batch.support.label[i] - model.mean() -
        model.entity_bias()[static_cast<std::size_t>(batch.entity[static_cast<std::size_t>(batch.support.place[i])])];
  }
  const auto entity = batch.entity[static_cast<std::size_t>(batch.query.place[0])];
  const double expected = model.mean() + rest / 6.0 + model.entity_bias()[static_cast<std::size_t>(entity)];
  EXPECT_NEAR(model.predict(batch).labels[0][0].item<double>(), expected, 1e-5);
}

// One factor, no noise: the factorisation must find the planted structure.
TEST_F(BaselinesTest, AlsPredictsBetterThanBiasWhereTastesDiffer) {
  AlsOptions options;
  options.factors = 4;
  options.regularisation = 1.0;
  const BiasModel bias(*rows, dataset->schema());
  const Als als(*rows, dataset->schema(), options, 0);
  double bias_error = 0.0, als_error = 0.0;
  for (const auto task : dataset->tasks_of(Split::kTrain)) {
    const auto batch = batch_of(task, 100);
    const auto label = at::from_blob(const_cast<float*>(batch.query.label.data()), {1, batch.query.width});
    bias_error += (bias.predict(batch).labels - label).abs().mean().item<double>();
    als_error += (als.predict(batch).labels - label).abs().mean().item<double>();
  }
  EXPECT_LT(als_error, 0.9 * bias_error);
}

TEST_F(BaselinesTest, AlsWithoutSupportIsMeanAndItemBias) {
  const Als als(*rows, dataset->schema(), {}, 0);
  const auto a = als.predict(batch_of(dataset->tasks_of(Split::kTest)[0], 0)).labels;
  EXPECT_TRUE(at::isfinite(a).all().item<bool>());
  const auto b = als.predict(batch_of(dataset->tasks_of(Split::kTest)[0], 5)).labels;
  EXPECT_FALSE(at::equal(a, b));
}

}  // namespace
}  // namespace warmstart
