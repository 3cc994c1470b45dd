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
  file.texts("keys", {"a", "longer", ""});
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

TEST(Hdf5, BorrowedArraysGiveTheSameBytesAndTheirDigest) {
  const TemporaryFolder folder;
  const std::vector<float> many(100000, 1.25f), few = {1.0f, 2.0f, 3.0f};
  const std::vector<std::int64_t> copied = {1, 2};
  std::vector<std::string> digests;
  for (const bool borrow : {false, true}) {
    Hdf5Writer file(folder.path() / (borrow ? "b.h5" : "a.h5"));
    for (const auto* values : {&many, &few}) {
      const std::string name = values == &many ? "state/many" : "few";
      const std::span<const float> span(*values);
      borrow ? file.borrowed_array(name, span, {span.size()}) : file.array(name, span, {span.size()});
      if (values == &many) file.array("between", copied);
    }
    digests.push_back(file.close());
  }
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_EQ(digests[1], digest_file(folder.path() / "b.h5"));
  const Hdf5Mapping file(folder.path() / "b.h5");
  EXPECT_EQ(file.array<float>("state/many")[99999], 1.25f);
  EXPECT_EQ(file.array<std::int64_t>("between")[1], 2);
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
