#include "checkpoints/table_shards.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"
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

  Checkpoint full(std::int64_t step) const {
    auto checkpoint = example_checkpoint(step);
    checkpoint.validation_error.reset();
    checkpoint.shards = shards_of(group.rank(), group.size());
    checkpoint.tables = example_tables(checkpoint.shards, step);
    return checkpoint;
  }
  void write(std::int64_t step) { write_checkpoint(run, full(step), group); }
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
  const auto without_rows = read_checkpoint_without_rows(run, group);
  EXPECT_EQ(without_rows.step, 5);
  EXPECT_EQ(without_rows.files.value().folder, checkpoint_folder(run, 5));
  EXPECT_TRUE(without_rows.tables.empty());
  EXPECT_NE(complaint_of_step(6).find("tables-00063-of-00064.h5: is damaged"), std::string::npos);
  spoil([&] { std::filesystem::remove(file(5, 40)); });
  EXPECT_NE(complaint_of_step(5).find("tables-00040-of-00064.h5"), std::string::npos);
  EXPECT_THROW(read_checkpoint_on_all(run, group), AgreedError);
}

// As a run that trains beside a reader does, which keeps one checkpoint.
TEST_F(TableShardsTest, ANewerOneIsReadWhereTheRunHasRemovedAllThatThereWere) {
  write(5);
  write(6);
  spoil([&] { std::filesystem::rename(checkpoint_folder(run, 6), run / "away"); });
  const auto goes_on = [&](const Manifest& manifest) {
    if (manifest.step != 5) return;
    std::filesystem::rename(run / "away", checkpoint_folder(run, 6));
    std::filesystem::remove_all(checkpoint_folder(run, 5));
  };
  EXPECT_EQ(read_checkpoint_without_rows(run, group, goes_on).step, 6);
}

class DeltaTest : public TableShardsTest {
 protected:
  // Each third place of each shard has other numbers, by `step`.
  static bool changes(std::int64_t place) { return place % RowPlaces(kTableRows).per_shard() % 3 == 1; }

  void write_delta(std::int64_t step, std::int64_t base, bool with_best = false) {
    auto checkpoint = example_checkpoint(step);
    checkpoint.validation_error.reset();
    checkpoint.shards = shards_of(group.rank(), group.size());
    checkpoint.base = base;
    const auto per_shard = RowPlaces(kTableRows).per_shard();
    std::vector<std::int64_t> rows;
    for (std::int64_t row = 0; row < checkpoint.shards.count * per_shard; ++row)
      if (changes(row)) rows.push_back(row);
    const auto index = at::tensor(rows, at::kLong);
    for (auto table : example_tables(checkpoint.shards, step)) {
      for (auto& [name, array] : table.arrays) array = array.index_select(0, index);
      if (with_best) table.arrays[kBestTableValues] = table.arrays["values"] + 7;
      table.arrays[kTablePlaces] = index.remainder(per_shard);
      table.counts.assign(static_cast<std::size_t>(checkpoint.shards.count),
                          std::ssize(rows) / checkpoint.shards.count);
      checkpoint.tables.push_back(std::move(table));
    }
    write_checkpoint(run, checkpoint, group);
  }
  at::Tensor values_of_delta(std::int64_t step, std::int64_t base) const {
    auto values = example_tables({}, base)[0].arrays["values"].clone();
    const auto changed = example_tables({}, step)[0].arrays["values"];
    for (std::int64_t row = 0; row < values.size(0); ++row)
      if (changes(row)) values[row] = changed[row];
    return values;
  }
};

TEST_F(DeltaTest, IsReadWithWhatItRestsOn) {
  write(5);
  write_delta(6, 5);
  write_delta(7, 5, true);
  const auto found = read_checkpoint(checkpoint_folder(run, 6));
  EXPECT_TRUE(at::equal(found.tables[0].arrays.at("values"), values_of_delta(6, 5)));
  EXPECT_FALSE(found.tables[0].arrays.contains(kBestTableValues));
  const auto of_ranks = read_checkpoint_on_all(run, group);
  const auto own = shards_of(group.rank(), group.size());
  const auto per_shard = RowPlaces(kTableRows).per_shard();
  EXPECT_TRUE(at::equal(of_ranks.tables[0].arrays.at("values"),
                        values_of_delta(7, 5).narrow(0, own.first * per_shard, own.count * per_shard)));
  const auto best = read_checkpoint(run).tables[0].arrays.at(kBestTableValues);
  const auto base = example_tables({}, 5)[0].arrays["values"];
  for (std::int64_t row = 0; row < best.size(0); ++row)
    EXPECT_TRUE(at::equal(best[row], changes(row) ? values_of_delta(7, 5)[row] + 7 : base[row])) << row;
}

TEST_F(DeltaTest, FallsWithWhatItRestsOn) {
  write(5);
  write_delta(6, 5);
  write(4);
  spoil([&] { std::filesystem::rename(checkpoint_folder(run, 5), run / "away"); });
  EXPECT_NE(complaint_of_step(6).find("is a delta to"), std::string::npos);
  EXPECT_NE(complaint_of_step(6).find("which is not there"), std::string::npos);
  EXPECT_EQ(read_checkpoint_on_all(run, group).step, 4);
  write(5);
  spoil([&] {
    auto manifest = read_json(checkpoint_folder(run, 5) / kManifest);
    manifest["write_seconds"] = 123;
    std::filesystem::remove(checkpoint_folder(run, 5) / kManifest);
    write_file(checkpoint_folder(run, 5) / kManifest, sealed(manifest));
  });
  EXPECT_NE(complaint_of_step(6).find("which has been written anew"), std::string::npos);
}

TEST_F(DeltaTest, IsRefusedWithPlacesThatThereAreNot) {
  write(5);
  auto checkpoint = example_checkpoint(6);
  checkpoint.shards = shards_of(group.rank(), group.size());
  checkpoint.base = 5;
  for (auto table : example_tables(checkpoint.shards, 6)) {
    for (auto& [name, array] : table.arrays) array = array.narrow(0, 0, checkpoint.shards.count);
    table.arrays[kTablePlaces] = at::full({checkpoint.shards.count}, RowPlaces(kTableRows).per_shard(), at::kLong);
    table.counts.assign(static_cast<std::size_t>(checkpoint.shards.count), 1);
    checkpoint.tables.push_back(std::move(table));
  }
  write_checkpoint(run, checkpoint, group);
  EXPECT_NE(complaint_of_step(6).find("'embedding' has rows without a place"), std::string::npos);
}

TEST_F(DeltaTest, KeepsWhatItRestsOn) {
  CheckpointWriter writer(run, {.last = 1}, group);
  const auto write_with = [&](std::int64_t step, std::optional<std::int64_t> base) {
    auto checkpoint = example_checkpoint(step);
    checkpoint.validation_error.reset();
    checkpoint.shards = shards_of(group.rank(), group.size());
    checkpoint.base = base;
    if (!base) checkpoint.tables = example_tables(checkpoint.shards, step);
    writer.begin(checkpoint);
    EXPECT_EQ(writer.wait()->failure, "");
  };
  write_with(3, {});
  write_with(4, {});
  write_with(5, 4);
  write_with(6, 4);
  EXPECT_EQ(std::ssize(checkpoints_of(run)), 2);
  EXPECT_TRUE(is_checkpoint(checkpoint_folder(run, 4)));
  write_with(7, {});
  EXPECT_EQ(std::ssize(checkpoints_of(run)), 1);
}

TEST_F(DeltaTest, StaysWithWhatItRestsOnAsLongAsItIsRead) {
  CheckpointWriter writer(run, {.last = 1}, group);
  const auto write_next = [&](std::int64_t step) {
    writer.begin(full(step));
    EXPECT_EQ(writer.wait()->failure, "");
    group.barrier();
  };
  write(4);
  write_delta(5, 4);
  auto files = read_checkpoint_without_rows(run, group).files;
  write_next(6);
  write_next(7);
  std::vector<std::filesystem::path> wanted;
  for (const auto step : {7, 5, 4}) wanted.push_back(checkpoint_folder(run, step));
  EXPECT_EQ(checkpoints_of(run), wanted);
  const auto own = shards_of(group.rank(), group.size());
  const auto per_shard = RowPlaces(kTableRows).per_shard();
  EXPECT_TRUE(at::equal(read_shard(*files, own.first).tables[0].arrays.at("values"),
                        values_of_delta(5, 4).narrow(0, own.first * per_shard, per_shard)));
  files.reset();
  write_next(8);
  EXPECT_EQ(checkpoints_of(run), std::vector{checkpoint_folder(run, 8)});
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
