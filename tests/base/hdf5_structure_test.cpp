#include "base/hdf5_structure.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "base/errors.h"
#include "base/files.h"
#include "base/hdf5.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

std::map<std::string, Hdf5Array> arrays_in(const std::string& file) {
  return arrays_in_hdf5(std::as_bytes(std::span(file)));
}

// Every type, shapes of several ranks, empty arrays, nested groups, and a group whose tree has two levels.
std::string example() {
  const TemporaryFolder folder;
  Hdf5Writer file(folder.path() / "file.h5");
  const std::vector<float> six = {1, 2, 3, 4, 5, 6};
  file.array("float32", std::span<const float>(six), {2, 3});
  file.array("scalar", std::span<const float>(six.data(), 1), {});
  file.array("float64", std::vector<double>{1.0, 2.0});
  file.array("a/b/c/uint8", std::vector<std::uint8_t>{1, 2, 3});
  file.array("a/b/uint32", std::vector<std::uint32_t>{});
  file.array("a/int64", std::vector<std::int64_t>{7});
  file.texts("texts", 2, [](auto text) { return text == 0 ? "a" : "longer"; });
  file.texts("no texts", 0, {});
  for (int i = 0; i < 700; ++i) file.array("many/" + std::to_string(i), std::vector<std::int64_t>{i});
  file.close();
  return read_file(folder.path() / "file.h5");
}

void add_by_library(const H5::Group& group, const std::string& prefix, std::map<std::string, Hdf5Array>& found) {
  for (hsize_t i = 0; i < group.getNumObjs(); ++i) {
    const auto name = group.getObjnameByIdx(i);
    if (group.getObjTypeByIdx(i) == H5G_GROUP) {
      add_by_library(group.openGroup(name), prefix + name + "/", found);
      continue;
    }
    const auto array = group.openDataSet(name);
    const auto space = array.getSpace();
    std::vector<hsize_t> shape(static_cast<std::size_t>(space.getSimpleExtentNdims()));
    if (!shape.empty()) space.getSimpleExtentDims(shape.data());
    const auto elements = static_cast<std::size_t>(space.getSimpleExtentNpoints());
    found[prefix + name] = {Hdf5Type::kText,
                            array.getDataType().getSize(),
                            {shape.begin(), shape.end()},
                            elements,
                            elements > 0 ? array.getOffset() : 0};
  }
}

void expect_what_the_library_finds(const std::filesystem::path& path, const std::map<std::string, Hdf5Array>& found) {
  std::map<std::string, Hdf5Array> expected;
  add_by_library(H5::H5File(path.string(), H5F_ACC_RDONLY).openGroup("/"), "", expected);
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [name, array] : found) {
    EXPECT_EQ(array.width, expected[name].width) << name;
    EXPECT_EQ(array.shape, expected[name].shape) << name;
    EXPECT_EQ(array.elements, expected[name].elements) << name;
    EXPECT_EQ(array.offset, expected[name].offset) << name;
  }
}

TEST(Hdf5Structure, AgreesWithTheLibrary) {
  const TemporaryFolder folder;
  const auto content = example();
  const auto found = arrays_in(content);
  ASSERT_EQ(found.size(), 710u);
  expect_what_the_library_finds(folder.write("file.h5", content), found);
  const std::pair<const char*, Hdf5Type> types[] = {
      {"float32", Hdf5Type::kFloat32},   {"float64", Hdf5Type::kFloat64}, {"a/b/c/uint8", Hdf5Type::kUint8},
      {"a/b/uint32", Hdf5Type::kUint32}, {"a/int64", Hdf5Type::kInt64},   {"texts/bytes", Hdf5Type::kUint8}};
  for (const auto& [name, type] : types) EXPECT_EQ(found.at(name).type, type) << name;
}

// Which data sets of version 1 hold.
TEST(Hdf5Structure, PaddedTextsAreReadAsTheLibraryDoes) {
  const auto path = std::filesystem::path(WARMSTART_FORMATS) / "dataset-1/entities.h5";
  const auto found = arrays_in(read_file(path));
  expect_what_the_library_finds(path, found);
  EXPECT_EQ(found.at("key").type, Hdf5Type::kText);
  EXPECT_EQ(Hdf5Mapping(path).texts("key")[3], "i3");
}

// Whatever a byte is changed to, the file is refused or its arrays lie within it.
TEST(Hdf5Structure, NoByteLeadsBeyondTheFile) {
  const TemporaryFolder folder;
  Hdf5Writer writer(folder.path() / "file.h5");
  writer.array("rows/label", std::vector<float>{1, 2, 3});
  writer.texts("key", 2, [](auto key) { return key == 0 ? "a" : "b"; });
  writer.close();
  const auto content = read_file(folder.path() / "file.h5");
  int refused = 0;
  for (std::size_t place = 0; place < content.size(); ++place) {
    for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
      auto changed = content;
      changed[place] = value;
      try {
        for (const auto& [name, array] : arrays_in(changed))
          ASSERT_LE(array.offset + array.elements * array.width, content.size()) << place;
      } catch (const DataError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 500);
}

TEST(Hdf5Structure, AGroupThatHoldsItselfIsRefused) {
  const TemporaryFolder folder;
  Hdf5Writer writer(folder.path() / "file.h5");
  writer.array("rows/label", std::vector<float>{1, 2, 3});
  writer.array("key", std::vector<float>{1, 2, 3});
  writer.close();
  auto content = read_file(folder.path() / "file.h5");
  const auto expect_refusal = [](const std::string& changed, const std::string& reason) {
    try {
      arrays_in(changed);
      ADD_FAILURE() << "no error where wanted: " << reason;
    } catch (const DataError& error) {
      EXPECT_EQ(error.what(), reason);
    }
  };
  const auto snod = content.find("SNOD") + 8;
  auto changed = content;
  std::memcpy(&changed[snod + 8], &content[64], 8);  // the root group's header
  expect_refusal(changed, "two of its parts are the same");
  changed = content;
  std::memcpy(&changed[snod + 8], &content[snod + 48], 8);  // its neighbour's
  expect_refusal(changed, "two of its parts are the same");
  changed = content;
  changed[snod + 16] = 2;
  expect_refusal(changed, "it holds links");
  expect_refusal(content + '\0', "it says that it has another length");
}

TEST(Hdf5Structure, WhatIsNotReadIsNotWritten) {
  const TemporaryFolder folder;
  const std::vector<float> one = {1};
  Hdf5Writer file(folder.path() / "file.h5");
  std::string deep = "a";
  for (std::size_t i = 1; i < kMostHdf5Depth; ++i) deep += "/a";
  file.array(deep, one);
  EXPECT_THROW(file.array("b/" + deep, one), DataError);
  const std::string longest(kLongestHdf5Path - 1, 'n');
  file.array(longest, one);
  EXPECT_THROW(file.array(longest + "n", one), DataError);
  file.close();
  const Hdf5Mapping mapping(folder.path() / "file.h5");
  EXPECT_EQ(mapping.array<float>(deep)[0], 1.0f);
  EXPECT_EQ(mapping.array<float>(longest)[0], 1.0f);
}

}  // namespace
}  // namespace warmstart
