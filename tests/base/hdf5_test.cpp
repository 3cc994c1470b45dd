#include "base/hdf5.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/errors.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

void write_example(const std::filesystem::path& path) {
  Hdf5Writer file(path);
  const std::vector<float> label = {1.5f, 2.5f, 3.5f, 4.5f};
  file.array("rows/label", std::span<const float>(label), {2, 2});
  file.array("empty", std::vector<std::int64_t>{});
  const std::vector<std::string> keys = {"a", "longer", ""};
  file.texts("keys", keys.size(), [&keys](auto key) { return std::string_view(keys[key]); });
  file.close();
}

TEST(Hdf5, ReadsBackWhatWasWritten) {
  const TemporaryFolder folder;
  write_example(folder.path() / "file.h5");
  const Hdf5Mapping file(folder.path() / "file.h5");
  const auto label = file.array<float>("rows/label");
  EXPECT_EQ(std::vector<float>(label.begin(), label.end()), (std::vector<float>{1.5f, 2.5f, 3.5f, 4.5f}));
  EXPECT_TRUE(file.array<std::int64_t>("empty").empty());
  EXPECT_EQ(file.texts("keys"), (std::vector<std::string>{"a", "longer", ""}));
}

TEST(Hdf5, SameArraysGiveTheSameBytes) {
  const TemporaryFolder folder;
  write_example(folder.path() / "a.h5");
  write_example(folder.path() / "b.h5");
  EXPECT_EQ(digest_file(folder.path() / "a.h5"), digest_file(folder.path() / "b.h5"));
}

enum class Way { kCopied, kBorrowed, kStreamed };

void add(Hdf5Writer& file, Way way, const std::string& name, const std::vector<float>& values) {
  const std::span<const float> span(values);
  if (way == Way::kCopied) return file.array(name, span, {span.size()});
  if (way == Way::kBorrowed) return file.borrowed_array(name, span, {span.size()});
  file.streamed_array<float>(name, values.size(), [&values, next = std::size_t{0}](auto piece) mutable {
    for (auto& value : piece) value = values[next++];
  });
}

TEST(Hdf5, BorrowedAndStreamedArraysGiveTheSameBytesAndTheirDigest) {
  const TemporaryFolder folder;
  std::vector<float> many(100000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<float>(i);
  const std::vector<float> few = {1.0f, 2.0f, 3.0f}, none;
  const std::vector<std::int64_t> copied = {1, 2};
  const auto path = folder.path() / "file.h5";
  std::vector<std::string> digests;
  for (const auto way : {Way::kCopied, Way::kBorrowed, Way::kStreamed}) {
    Hdf5Writer file(path);
    add(file, way, "state/many", many);
    file.array("between", copied);
    add(file, way, "none", none);
    add(file, way, "few", few);
    digests.push_back(file.close());
    EXPECT_EQ(digests.back(), digest_file(path));
    EXPECT_EQ(digests.back(), digests.front());
  }
  const Hdf5Mapping file(path);
  EXPECT_EQ(file.array<float>("state/many")[99999], 99999.0f);
  EXPECT_EQ(file.array<std::int64_t>("between")[1], 2);
}

// Some end where a piece does, others go on in the next.
TEST(Hdf5, TextsOfAnyLengthAreReadBack) {
  const TemporaryFolder folder;
  std::vector<std::string> texts = {"", std::string(1 << 18, 'a'), "", std::string((3 << 18) - 2, 'b'), "cd", "e"};
  for (int i = 0; i < 100'000; ++i) texts.push_back("text " + std::to_string(i));
  texts.emplace_back();
  Hdf5Writer file(folder.path() / "file.h5");
  file.texts("texts", texts.size(), [&texts](auto text) { return std::string_view(texts[text]); });
  file.close();
  EXPECT_EQ(Hdf5Mapping(folder.path() / "file.h5").texts("texts"), texts);
}

TEST(Hdf5, RefusesMissingArraysAndOtherTypes) {
  const TemporaryFolder folder;
  write_example(folder.path() / "file.h5");
  const Hdf5Mapping file(folder.path() / "file.h5");
  EXPECT_THROW(file.array<float>("nothing"), DataError);
  EXPECT_THROW(file.array<double>("rows/label"), DataError);
  EXPECT_THROW(file.texts("rows/label"), DataError);
}

TEST(Hdf5, RefusesTextsThatDoNotLieInTheirBytes) {
  const TemporaryFolder folder;
  const std::vector<std::vector<std::int64_t>> wrong = {{}, {0, 3}, {-1, 2}, {2, 1}};
  for (const auto& offsets : wrong) {
    Hdf5Writer writer(folder.path() / "file.h5");
    writer.array("keys/bytes", std::vector<std::uint8_t>{'a', 'b'});
    writer.array("keys/offsets", offsets);
    writer.close();
    EXPECT_THROW(Hdf5Mapping(folder.path() / "file.h5").texts("keys"), DataError) << offsets.size();
  }
}

TEST(Hdf5, RefusesATruncatedFileAtEveryLength) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file.h5";
  write_example(path);
  for (auto bytes = std::filesystem::file_size(path); bytes-- > 0; bytes -= std::min<std::uintmax_t>(bytes, 97)) {
    std::filesystem::resize_file(path, bytes);
    EXPECT_THROW(Hdf5Mapping{path}, DataError) << bytes;
  }
}

}  // namespace
}  // namespace warmstart
