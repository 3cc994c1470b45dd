// Data sets and checkpoints that somebody changed and whose digests were renewed: the real program says what is wrong
// in one line, exit code 3, and neither crashes nor waits nor goes on with other data.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "base/digest.h"
#include "base/files.h"
#include "base/hdf5_structure.h"
#include "base/json.h"
#include "checkpoints/manifest.h"
#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class DamagedFilesTest : public testing::Test {
 protected:
  DamagedFilesTest() {
    run_program("synthesize --to tables --users 60 --items 40 --rows-per-user 20", folder.path());
    EXPECT_EQ(run_program("ingest --config tables/config.ini", folder.path()).exit_code, 0);
  }

  // A program that hangs is ended, and fails.
  ProgramResult run(const std::string& arguments) {
    return run_command("cd '" + folder.path().string() + "' && timeout 120 " + program_path() + " " + arguments);
  }
  void expect_failure(const std::string& arguments, const std::string& phrase) {
    const auto result = run(arguments);
    EXPECT_EQ(result.exit_code, 3) << result.output;
    const auto line = result.output.find("warmstart: ");
    ASSERT_NE(line, std::string::npos) << result.output;
    EXPECT_NE(result.output.substr(line, result.output.find('\n', line) - line).find(phrase), std::string::npos)
        << result.output;
  }

  // Overwrites one element of an array where it lies.
  template <typename T>
  void set_element(const std::string& file, const std::string& array, std::size_t index, T value) {
    auto content = read_file(dataset / file);
    const auto offset = arrays_in_hdf5(std::as_bytes(std::span(content))).at(array).offset;
    std::memcpy(&content[offset + index * sizeof value], &value, sizeof value);
    write_file(dataset / file, content);
  }
  void change_description(const std::string& pointer, const Json& value) {
    auto json = read_json(dataset / "dataset.json");
    json[Json::json_pointer(pointer)] = value;
    write_file(dataset / "dataset.json", json.dump());
  }
  void renew_digests() {
    auto json = read_json(dataset / "dataset.json");
    for (auto& [name, digest] : json["files"].items()) digest = digest_file(dataset / name);
    for (auto& shard : json["shards"]) shard["xxh3"] = digest_file(dataset / text_at(shard, "file"));
    write_file(dataset / "dataset.json", json.dump());
  }

  TemporaryFolder folder;
  const fs::path dataset = folder.path() / "tables/dataset";
  const std::string train = "train --config tables/config.ini --set evaluate.query=4 --steps 4 --tasks 16 ";
};

TEST_F(DamagedFilesTest, ManifestsAtOddsWithThemselvesArePassedOver) {
  ASSERT_EQ(run(train + "--set train.keep-last=4").exit_code, 0);
  const auto path = folder.path() / "tables/run/step-00000004/manifest.json";
  const auto good = read_json(path);
  const std::pair<const char*, Json> changes[] = {
      {"/slices/0/first", 1'000'000}, {"/slices/0/first", -1'000'000}, {"/count", 5},
      {"/slices", Json::array()},     {"/state/best_step", nullptr},   {"/description/created_by/mpi", 5},
      {"/description/schema", {}}};
  for (const auto& [pointer, value] : changes) {
    auto json = good;
    json[Json::json_pointer(pointer)] = value;
    write_file(path, sealed(json));
    expect_failure("inspect tables/run/step-00000004", "step-00000004");
    const auto newest = run("inspect tables/run --json");
    EXPECT_EQ(newest.exit_code, 0) << newest.output;
    EXPECT_NE(newest.output.find("passed over a checkpoint"), std::string::npos) << newest.output;
  }
  auto without_moment = good;
  without_moment["vectors"].erase(0);  // adam_first_moment
  write_file(path, sealed(without_moment));
  auto result = run(train + "--set train.keep-last=4");
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(result.output.find("lacks 'adam_first_moment'"), std::string::npos) << result.output;
}

TEST_F(DamagedFilesTest, ADeepManifestIsPassedOver) {
  ASSERT_EQ(run(train + "--set train.keep-last=4").exit_code, 0);
  write_file(folder.path() / "tables/run/step-00000004/manifest.json",
             "{\"a\":" + std::string(200'000, '[') + std::string(200'000, ']') + "}");
  expect_failure("inspect tables/run/step-00000004", "nests deeper than 64 levels");
  const auto result = run(train + "--set train.keep-last=4");
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(result.output.find("nests deeper"), std::string::npos) << result.output;
}

TEST_F(DamagedFilesTest, RowsThatTheShardsDoNotHave) {
  set_element("tasks.h5", "rows", 0, std::uint32_t{2000});
  renew_digests();
  for (const auto* command : {"inspect tables/dataset", "evaluate --config tables/config.ini"})
    expect_failure(command, "tasks.h5: 'rows' or 'split' does not fit the rest of the data set");
  expect_failure(train, "tasks.h5: 'rows' or 'split' does not fit the rest of the data set");
}

TEST_F(DamagedFilesTest, ShardsWhoseRowsAreOtherTasks) {
  std::vector<std::int64_t> offsets(2);
  const auto content = read_file(dataset / "shard-00000.h5");
  const auto offset = arrays_in_hdf5(std::as_bytes(std::span(content))).at("tasks/offset").offset;
  std::memcpy(offsets.data(), &content[offset], 16);
  set_element("shard-00000.h5", "tasks/offset", 1, offsets[1] + 1);
  renew_digests();
  expect_failure(train, "shard-00000.h5: the number of rows of its task 0 does not fit");
}

TEST_F(DamagedFilesTest, LabelsThatAreNotFinite) {
  set_element("shard-00001.h5", "rows/label", 3, std::numeric_limits<float>::infinity());
  renew_digests();
  expect_failure(train, "shard-00001.h5: array 'rows/label or rows/time' holds a number that is not finite");
}

TEST_F(DamagedFilesTest, DescriptionsAtOddsWithTheFiles) {
  const auto good = read_file(dataset / "dataset.json");
  const auto size = parse_json(good, "").at("schema").at("fields")[0].at("vocabulary_size").get<std::int64_t>();
  const std::tuple<const char*, Json, const char*> changes[] = {
      {"/schema/fields", Json::array(), "the first field of the entity is not its key"},
      {"/schema/fields/0/vocabulary_size", size + 1, "vocabulary.h5: the number of keys of 'entity/item'"},
      {"/schema/fields/0/vocabulary_size", -1, "'vocabulary_size': wanted a whole number in"},
      {"/label_mean", nullptr, "'label_mean': wanted a number, found null"},
      {"/shards/0/file", "../tables/dataset/shard-00000.h5", "the name of a file in the same folder"},
      {"/entities", 39, "entities.h5: 'key' does not fit"}};
  for (const auto& [pointer, value, phrase] : changes) {
    change_description(pointer, value);
    expect_failure(train, phrase);
    write_file(dataset / "dataset.json", good);
  }
}

TEST_F(DamagedFilesTest, ADamagedVocabularyEndsTraining) {
  flip_byte(dataset / "vocabulary.h5");
  expect_failure(train, "vocabulary.h5: is damaged");
}

TEST_F(DamagedFilesTest, AShardThatHoldsItself) {
  auto content = read_file(dataset / "shard-00000.h5");
  std::memcpy(&content[content.find("SNOD") + 16], &content[64], 8);  // its first entry is the root group
  write_file(dataset / "shard-00000.h5", content);
  renew_digests();
  expect_failure(train, "shard-00000.h5: not a readable HDF5 file");
}

TEST_F(DamagedFilesTest, WhatIsNoFileIsNotWaitedFor) {
  const auto shard = dataset / "shard-00000.h5";
  fs::remove(shard);
  ASSERT_EQ(mkfifo(shard.c_str(), 0600), 0);
  for (const auto* verify : {"true", "false"})
    expect_failure(train + "--set data.verify=" + verify, "shard-00000.h5: is a pipe, not a file");
  fs::remove(shard);
  fs::create_symlink("/dev/zero", shard);
  expect_failure(train, "shard-00000.h5: is a device, not a file");
  fs::remove(dataset / "dataset.json");
  ASSERT_EQ(mkfifo((dataset / "dataset.json").c_str(), 0600), 0);
  expect_failure(train, "dataset.json: is a pipe, not a file");
}

// What an earlier release wrote; see docs/compatibility.md.
TEST_F(DamagedFilesTest, FilesOfAnEarlierReleaseAreUsed) {
  fs::copy(WARMSTART_FORMATS, folder.path() / "formats", fs::copy_options::recursive);
  const std::string at = "formats/run-3/",
                    config = "--config " + at + "config.ini --set data.dataset=formats/dataset-1 ";
  for (const auto& arguments : {"inspect formats/dataset-1 --verify", "inspect formats/run-3 --verify"}) {
    const auto result = run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_NE(result.output.find("all digests hold"), std::string::npos) << result.output;
  }
  auto result = run("evaluate " + config + "--set train.run=formats/run-3 --output again.json");
  EXPECT_EQ(result.exit_code, 0) << result.output;
  result = run("report " + config + "--set train.run=formats/run-3 --set evaluate.output=" + at +
               "evaluation.json --output report.html");
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

}  // namespace
}  // namespace warmstart
