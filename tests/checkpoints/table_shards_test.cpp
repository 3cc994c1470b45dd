#include "checkpoints/table_shards.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "checkpoints/checkpoint_writer.h"
#include "cluster/agreement.h"
#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "tests/support/example_checkpoint.h"
#include "tests/support/shared_folder.h"

namespace warmstart {
namespace {

constexpr std::int64_t kTableRows = 300;

// Arrays whose numbers tell their place among all shards.
std::vector<TableShards> example_tables(ShardRange shards, std::int64_t step) {
  const auto per_shard = RowPlaces(kTableRows).per_shard();
  const auto places = at::arange(shards.first * per_shard, shards.end() * per_shard, at::kLong);
  const auto values = (places.unsqueeze(1) + at::arange(3) * 0.25 + 1000 * step).to(at::kFloat).contiguous();
  return {{"embedding", kTableRows, 3, {{"values", values}, {"last_step", places + step}}},
          {"prior.embedding", kTableRows, 1, {{"values", values.narrow(1, 0, 1).contiguous()}}}};
}

class TableShardsTest : public testing::Test {
 protected:
  TableShardsTest() : group(MPI_COMM_WORLD), folder(group), run(folder.path()) {}

  void write(std::int64_t step) {
    auto checkpoint = example_checkpoint(step);
    checkpoint.shards = shards_of(group.rank(), group.size());
    checkpoint.tables = example_tables(checkpoint.shards, step);
    write_checkpoint(run, checkpoint, group);
  }
  static void expect_tables(const Checkpoint& checkpoint, ShardRange shards, std::int64_t step) {
    const auto wanted = example_tables(shards, step);
    ASSERT_EQ(checkpoint.tables.size(), wanted.size());
    for (std::size_t t = 0; t < wanted.size(); ++t) {
      EXPECT_EQ(checkpoint.tables[t].name, wanted[t].name);
      EXPECT_EQ(checkpoint.tables[t].rows, kTableRows);
      EXPECT_EQ(checkpoint.tables[t].arrays.size(), wanted[t].arrays.size());
      for (const auto& [name, array] : wanted[t].arrays)
        EXPECT_TRUE(at::equal(checkpoint.tables[t].arrays.at(name), array)) << name;
    }
  }
  std::filesystem::path file(std::int64_t step, std::int64_t shard) const {
    return checkpoint_folder(run, step) / table_file_name(shard);
  }
  // By rank 0, while the others wait.
  void spoil(const std::function<void()>& work) {
    group.barrier();
    if (group.rank() == 0) work();
    group.barrier();
  }
  std::string complaint_of_step(std::int64_t step) {
    try {
      read_checkpoint_on_all(checkpoint_folder(run, step), group);
    } catch (const AgreedError& error) {
      EXPECT_EQ(error.code(), ExitCode::kData);
      return error.what();
    }
    return "";
  }

  MpiCommunicator group;
  SelfCommunicator alone;
  SharedFolder folder;
  std::filesystem::path run;
};

TEST_F(TableShardsTest, OwnersWriteWhatAnyNumberOfRanksReads) {
  write(5);
  expect_tables(read_checkpoint_on_all(run, group), shards_of(group.rank(), group.size()), 5);
  expect_tables(read_checkpoint_on_all(run, alone), {}, 5);
  expect_tables(read_checkpoint(run), {}, 5);
  const auto manifest = read_manifest(checkpoint_folder(run, 5));
  EXPECT_EQ(std::ssize(manifest.table_files), kVirtualShards);
  EXPECT_EQ(manifest.tables.at(0).arrays.size(), 2u);
}

TEST_F(TableShardsTest, ADamagedFileOfAnyRankHasTheOlderCheckpointTaken) {
  write(5);
  write(6);
  spoil([&] {
    auto bytes = read_file(file(6, 63));
    bytes[bytes.size() / 2] ^= 1;
    std::filesystem::remove(file(6, 63));
    write_file(file(6, 63), bytes);
  });
  expect_tables(read_checkpoint_on_all(run, group), shards_of(group.rank(), group.size()), 5);
  EXPECT_NE(complaint_of_step(6).find("tables-00063-of-00064.h5: is damaged"), std::string::npos);
  spoil([&] { std::filesystem::remove(file(5, 40)); });
  EXPECT_NE(complaint_of_step(5).find("tables-00040-of-00064.h5"), std::string::npos);
  EXPECT_THROW(read_checkpoint_on_all(run, group), AgreedError);
}

TEST_F(TableShardsTest, NumbersThatAreNotFiniteAreRefused) {
  auto checkpoint = example_checkpoint(5);
  checkpoint.shards = shards_of(group.rank(), group.size());
  checkpoint.tables = example_tables(checkpoint.shards, 5);
  checkpoint.tables[0].arrays["values"][0][0] = NAN;
  write_checkpoint(run, checkpoint, group);
  EXPECT_NE(complaint_of_step(5).find("'embedding/values' holds numbers that are not finite"), std::string::npos);
}

}  // namespace
}  // namespace warmstart
