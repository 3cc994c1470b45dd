// Manifests whose digest holds, and whose content does not: each is refused before a slice is read or memory taken.

#include "checkpoints/manifest.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/files.h"
#include "base/json.h"
#include "checkpoints/checkpoint.h"
#include "checkpoints/checkpoint_writer.h"
#include "cluster/self_communicator.h"
#include "tests/support/example_checkpoint.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class ManifestTest : public testing::Test {
 protected:
  ManifestTest() {
    write_checkpoint(folder.path(), example_checkpoint(1), alone);
    path = checkpoint_folder(folder.path(), 1);
    good = read_json(path / kManifest);
  }
  // What read_checkpoint says of the manifest with `value` at `pointer`, under a digest that holds.
  std::string refusal(const std::string& pointer, const Json& value) {
    auto json = good;
    json[Json::json_pointer(pointer)] = value;
    return refusal(json);
  }
  std::string refusal(const Json& json) {
    write_file(path / kManifest, sealed(json));
    try {
      read_checkpoint(path);
      return "";
    } catch (const DataError& error) {
      return error.what();
    }
  }
  void expect_refusal(const std::string& pointer, const Json& value, const std::string& phrase) {
    const auto found = refusal(pointer, value);
    EXPECT_NE(found.find(phrase), std::string::npos) << pointer << " = " << value << ": '" << found << "'";
  }

  SelfCommunicator alone;
  TemporaryFolder folder;
  fs::path path;
  Json good;
};

TEST_F(ManifestTest, AsItWasItIsRead) { EXPECT_EQ(refusal(good), ""); }

TEST_F(ManifestTest, EveryKeyAndTypeIsAskedFor) {
  for (const auto& [key, value] : good.items()) {
    if (key == "digest" || key == "write_seconds") continue;
    auto json = good;
    json.erase(key);
    EXPECT_NE(refusal(json).find(key), std::string::npos) << key;
    expect_refusal("/" + key, key == "validation_error" ? Json("text") : Json(nullptr), key);
  }
  for (const auto& [key, value] : good["state"].items()) {
    expect_refusal("/state/" + key, nullptr, key);
  }
  for (const auto& [key, value] : good["slices"][0].items()) {
    expect_refusal("/slices/0/" + key, nullptr, key);
    expect_refusal("/slices/0/" + key, -1, key);
  }
  for (const auto* key : {"/step", "/state/steps", "/state/best_step", "/state/rollbacks", "/state/skipped/0"})
    expect_refusal(key, -1, "a whole number of at least 0, found -1");
  expect_refusal("/state/recent_losses/0", "text", "recent_losses");
  expect_refusal("/state/plan", {{"layer", {{"activations", 1}, {"weights", 0}}}}, "'last'");
}

TEST_F(ManifestTest, SlicesMakeUpTheWhole) {
  for (const std::int64_t first : {1'000'000, -1'000'000, 1}) expect_refusal("/slices/0/first", first, "'first'");
  for (const std::int64_t count : {8, -1}) expect_refusal("/slices/0/count", count, "'count'");
  expect_refusal("/slices/0/count", 6, "'slices' hold 6 of 7 elements");
  expect_refusal("/slices", Json::array(), "'slices' hold 0 of 7 elements");
  auto twice = good["slices"];
  twice[0]["count"] = 3;
  twice.push_back(twice[0]);
  twice[1]["first"] = 3;
  twice[1]["count"] = 4;
  expect_refusal("/slices", twice, "names the file 'slice-00000-of-00001.h5' twice");
}

TEST_F(ManifestTest, CountIsWhatTheLayoutHoldsAndTheFilesCanHold) {
  expect_refusal("/count", 5, "add up to 7, 'count' is 5");
  // A petabyte, everywhere the same.
  auto json = good;
  const std::int64_t large = std::int64_t{1} << 48;
  json["count"] = large;
  json["slices"][0]["count"] = large;
  json["layout"] = {{{"name", "a"}, {"shape", {large}}}};
  EXPECT_NE(refusal(json).find("is too short for"), std::string::npos);
}

TEST_F(ManifestTest, ShapesAreSizes) {
  expect_refusal("/layout/0/shape", {-2, -3}, "'shape'");
  expect_refusal("/layout/0/shape", {4294967296, 4294967296}, "'layer.weight' is too large");
  expect_refusal("/layout/1/shape", {0, 4294967296, 4294967296}, "'empty' is too large");
  expect_refusal("/layout/1/name", "layer.weight", "'layout' names 'layer.weight' twice");
  expect_refusal("/layout", Json::array(), "add up to 0");
}

TEST_F(ManifestTest, VectorsHaveNamesOfTheirOwn) {
  expect_refusal("/vectors", {"parameters", "parameters"}, "'vectors' holds a name twice");
  expect_refusal("/vectors", {"moment"}, "'vectors' lacks 'parameters'");
  expect_refusal("/vectors", {"parameters", "absent"}, "has no array 'absent'");
}

TEST_F(ManifestTest, FilesAreOfItsFolder) {
  for (const auto* name : {"../step-00000001/slice-00000-of-00001.h5", "/dev/zero", "..", ""})
    expect_refusal("/slices/0/file", name, "the name of a file in the same folder");
  expect_refusal("/slices/0/file", "manifest.json", "twice");
  fs::create_directory(path / "folder");
  expect_refusal("/slices/0/file", "folder", "is a folder, not a file");
}

TEST_F(ManifestTest, ADeepOneIsPassedOver) {
  write_checkpoint(folder.path(), example_checkpoint(2), alone);
  const std::string depth(200'000, '[');
  write_file(checkpoint_folder(folder.path(), 2) / kManifest, "{\"a\":" + depth + std::string(200'000, ']') + "}");
  EXPECT_EQ(read_checkpoint(folder.path()).step, 1);
}

TEST_F(ManifestTest, ParametersAreFinite) {
  auto checkpoint = example_checkpoint(2);
  checkpoint.vectors.at(kParameters)[3] = std::numeric_limits<float>::quiet_NaN();
  write_checkpoint(folder.path(), checkpoint, alone);
  EXPECT_EQ(read_checkpoint(folder.path()).step, 1);
}

}  // namespace
}  // namespace warmstart
