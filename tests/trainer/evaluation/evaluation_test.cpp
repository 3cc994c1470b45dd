#include "trainer/evaluation/evaluation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"
#include "trainer/baselines/bias_model.h"

namespace warmstart {
namespace {

TEST(Evaluation, GivesTheSameBitsOnAnyNumberOfRanks) {
  MpiCommunicator group(MPI_COMM_WORLD);
  SelfCommunicator alone;
  const TemporaryFolder folder;  // each rank its own: the data are the same
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  const BiasModel model(TrainingRows(dataset), dataset.schema());
  EvaluationOptions options;
  options.query = 4;
  const auto together = Evaluation(dataset, Split::kTrain, options, group).run(model);
  const auto expected = Evaluation(dataset, Split::kTrain, options, alone).run(model);
  ASSERT_EQ(together.size(), options.support.size());
  for (std::size_t i = 0; i < together.size(); ++i) EXPECT_EQ(together[i].mean.values(), expected[i].mean.values());
  EXPECT_EQ(together[0].tasks, static_cast<std::int64_t>(dataset.tasks_of(Split::kTrain).size()));
}

TEST(Evaluation, RefusesASplitWithoutLongEnoughTasks) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const TemporaryFolder folder;
  ingest_small_dataset(folder.path());
  const Dataset dataset(folder.path() / "dataset", true);
  EvaluationOptions options;
  options.query = 1000;
  EXPECT_THROW(Evaluation(dataset, Split::kTest, options, group), DataError);
}

}  // namespace
}  // namespace warmstart
