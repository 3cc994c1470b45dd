#include "data/dataset.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "tests/support/small_dataset.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;

class DatasetTest : public testing::Test {
 protected:
  DatasetTest() { ingest_small_dataset(folder.path()); }
  void read_all(bool verify) const {
    const Dataset dataset(path, verify);
    for (std::int64_t task = 0; task < dataset.tasks(); ++task) dataset.task(task);
  }
  TemporaryFolder folder;
  const fs::path path = folder.path() / "dataset";
};

TEST_F(DatasetTest, TasksOfAllShardsAreThere) {
  const Dataset dataset(path, true);
  std::size_t rows = 0;
  for (std::int64_t task = 0; task < dataset.tasks(); ++task) {
    const auto view = dataset.task(task);
    EXPECT_EQ(view.rows.label.size(), dataset.row_count(task));
    rows += view.rows.label.size();
  }
  EXPECT_EQ(rows, dataset.manifest()["rows"]);
  EXPECT_EQ(dataset.manifest()["shards"].size(), 3u);
}

TEST_F(DatasetTest, OpensOnlyTheShardsThatItNeeds) {
  fs::remove(path / "shard-00002.h5");
  const Dataset dataset(path, true);
  EXPECT_NO_THROW(dataset.task(0));
  EXPECT_THROW(dataset.task(dataset.tasks() - 1), DataError);
}

TEST_F(DatasetTest, EveryFileWithAFlippedByteIsRefused) {
  for (const auto* name : {"shard-00000.h5", "shard-00002.h5", "tasks.h5", "entities.h5"}) {
    flip_byte(path / name);
    EXPECT_THROW(read_all(true), DataError) << name;
    flip_byte(path / name);
    EXPECT_NO_THROW(read_all(true)) << name;
  }
}

TEST_F(DatasetTest, VerifyCoversTheVocabulary) {
  flip_byte(path / "vocabulary.h5");
  EXPECT_THROW(Dataset(path, true).verify(), DataError);
}

TEST_F(DatasetTest, ATruncatedShardIsRefusedEvenUnverified) {
  fs::resize_file(path / "shard-00001.h5", fs::file_size(path / "shard-00001.h5") / 2);
  EXPECT_THROW(read_all(false), DataError);
}

TEST_F(DatasetTest, ANewerVersionIsRefused) {
  auto manifest = read_json(path / "dataset.json");
  manifest["version"] = 2;
  write_file(path / "dataset.json", manifest.dump());
  try {
    read_all(true);
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("newer Warmstart (format version 2"), std::string::npos);
  }
}

TEST_F(DatasetTest, AManifestWithoutAKeyIsRefused) {
  auto manifest = read_json(path / "dataset.json");
  for (const auto* key : {"format", "version", "schema", "shards", "files", "entities"}) {
    auto without = manifest;
    without.erase(key);
    write_file(path / "dataset.json", without.dump());
    EXPECT_THROW(read_all(false), DataError) << key;
  }
}

}  // namespace
}  // namespace warmstart
