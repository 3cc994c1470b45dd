#include "data/dataset.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/errors.h"
#include "base/files.h"
#include "base/hdf5_structure.h"
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

TEST_F(DatasetTest, TheVocabularyIsCheckedWhenItIsOpened) {
  flip_byte(path / "vocabulary.h5");
  EXPECT_THROW(Dataset(path, true), DataError);
  fs::remove(path / "vocabulary.h5");
  EXPECT_THROW(Dataset(path, false), DataError);
}

// One change each; the files stay as they are, and no digest is asked for.
TEST_F(DatasetTest, ADescriptionAtOddsWithItselfOrTheFilesIsRefused) {
  const auto good = read_json(path / "dataset.json");
  const std::pair<std::string, nlohmann::json> changes[] = {{"/schema/fields", nlohmann::json::array()},
                                                            {"/schema/fields/0/kind", "dense"},
                                                            {"/schema/fields/0/kind", "other"},
                                                            {"/schema/fields/0/owner", "task"},
                                                            {"/schema/fields/0/name", ""},
                                                            {"/schema/fields/1/name", "item"},
                                                            {"/schema/fields/1/name", "other"},
                                                            {"/schema/fields/0/vocabulary_size", 39},
                                                            {"/schema/fields/0/vocabulary_size", 41},
                                                            {"/schema/fields/0/vocabulary_size", 4294967296},
                                                            {"/schema/label_min", 1e6},
                                                            {"/schema/label_max", nullptr},
                                                            {"/label_mean", nullptr},
                                                            {"/split_time", "2024-06-01"},
                                                            {"/tasks", 59},
                                                            {"/rows", -1},
                                                            {"/entities", 41},
                                                            {"/splits/train/tasks", 1},
                                                            {"/splits/other", {{"tasks", 0}, {"rows", 0}}},
                                                            {"/shards/0/tasks", 1},
                                                            {"/shards/0/rows", 1e300},
                                                            {"/shards/0/file", "shard-00001.h5"},
                                                            {"/shards/0/file", "tasks.h5"},
                                                            {"/shards/0/file", "../dataset/shard-00000.h5"},
                                                            {"/shards", nlohmann::json::array()},
                                                            {"/files", nlohmann::json::object()},
                                                            {"/left_out", {{"a reason", 5}}},
                                                            {"/version", 0}};
  for (const auto& [pointer, value] : changes) {
    auto changed = good;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    write_file(path / "dataset.json", changed.dump());
    EXPECT_THROW(Dataset(path, false), DataError) << pointer << " = " << value;
  }
  write_file(path / "dataset.json", good.dump());
  EXPECT_NO_THROW(read_all(false));
}

TEST_F(DatasetTest, DeviationsAreAboveZero) {
  const auto field = [](double deviation) {
    Schema schema;
    schema.fields = {{.name = "item"}, {.name = "price", .kind = FieldKind::kDense, .deviation = deviation}};
    return to_json(schema);
  };
  EXPECT_NO_THROW(schema_from_json(field(0.5)));
  for (const double deviation : {0.0, -1.0, std::numeric_limits<double>::infinity()})
    EXPECT_THROW(schema_from_json(field(deviation)), DataError) << deviation;
}

TEST_F(DatasetTest, ATruncatedShardIsRefusedEvenUnverified) {
  fs::resize_file(path / "shard-00001.h5", fs::file_size(path / "shard-00001.h5") / 2);
  EXPECT_THROW(read_all(false), DataError);
}

TEST_F(DatasetTest, ANewerVersionIsRefused) {
  auto manifest = read_json(path / "dataset.json");
  manifest["version"] = kDatasetVersion + 1;
  write_file(path / "dataset.json", manifest.dump());
  try {
    read_all(true);
    FAIL() << "no error";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("newer Warmstart (format version 4"), std::string::npos);
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

// A data set of scenarios, whose users stand in a file of their own.
class DatasetOfUsersTest : public testing::Test {
 protected:
  DatasetOfUsersTest() { fs::copy(fs::path(WARMSTART_FORMATS) / "dataset-3", path); }
  std::string refusal(bool verify) const {
    try {
      const Dataset dataset(path, verify);
      for (std::int64_t task = 0; task < dataset.tasks(); ++task) dataset.task(task);
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  }
  // An empty phrase: that there is none.
  void expect_refusal(bool verify, const std::string& phrase) const {
    const auto message = refusal(verify);
    EXPECT_EQ(message.empty(), phrase.empty()) << message;
    EXPECT_NE(message.find(phrase), std::string::npos) << phrase << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  TemporaryFolder folder;
  const fs::path path = folder.path() / "dataset";
};

TEST_F(DatasetOfUsersTest, TheirFileIsCheckedWhenItIsOpened) {
  expect_refusal(true, "");
  flip_byte(path / "users.h5");
  expect_refusal(true, "users.h5: is damaged: its digest is not the one in dataset.json");
  fs::remove(path / "users.h5");
  for (const bool verify : {true, false}) expect_refusal(verify, "users.h5");
}

TEST_F(DatasetOfUsersTest, RowsNameUsersThatThereAre) {
  const auto good = read_file(path / "shard-00000.h5");
  const auto place = arrays_in_hdf5(std::as_bytes(std::span(good))).at("rows/user").offset;
  auto changed = good;
  for (const std::uint32_t user : {7u, 8u, 0xffffffffu}) {
    std::memcpy(&changed[place + 4], &user, 4);
    write_file(path / "shard-00000.h5", changed);
    expect_refusal(false, user < 8 ? "" : "'rows/user' names users that users.h5 lacks");
  }
}

TEST_F(DatasetOfUsersTest, ADescriptionOfThemAtOddsWithTheFilesIsRefused) {
  const auto good = read_json(path / "dataset.json");
  const std::tuple<const char*, nlohmann::json, const char*> changes[] = {
      {"/users/count", 9, "users.h5: 'key' or 'training_rows' does not fit"},
      {"/users/count", -1, "'count': wanted a whole number"},
      {"/users", 8, "'users'"},
      {"/users/fields", nlohmann::json::array(), "'users' has no field, not even their key"},
      {"/users/fields/1", "user", "'users' names the field 'user' twice, or one that rows do not have"},
      {"/users/fields/1", "item", "'users' names the field 'item' twice, or one that rows do not have"},
      {"/users/fields/1", "place", "users.h5"},
      {"/users/fields/1", 4, "'fields' of 'users'"},
      {"/schema/fields/4/vocabulary_size", 1, "'field/likes' holds ids that its vocabulary lacks"},
      {"/files", {{"entities.h5", ""}, {"tasks.h5", ""}, {"vocabulary.h5", ""}}, "'users.h5'"},
      {"/shards/0/file", "users.h5", "'shards' names the file 'users.h5' twice, or one that is no shard"}};
  for (const auto& [pointer, value, phrase] : changes) {
    auto changed = good;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    write_file(path / "dataset.json", changed.dump());
    expect_refusal(false, phrase);
  }
  auto without = good;
  without.erase("users");
  write_file(path / "dataset.json", without.dump());
  expect_refusal(false, "rows/field/user");
}

}  // namespace
}  // namespace warmstart
