#include "base/json.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/errors.h"
#include "base/files.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

std::string refusal(const std::function<void()>& action) {
  try {
    action();
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

std::string parse_refusal(const std::string& text) {
  return refusal([&] { parse_json(text, "some file"); });
}

std::string nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Json, NamesTheFile) {
  const TemporaryFolder folder;
  const auto path = folder.write("bad.json", "{\"a\": ");
  EXPECT_NE(refusal([&] { read_json(path); }).find("bad.json: not valid JSON"), std::string::npos);
}

TEST(Json, NestingIsBounded) {
  EXPECT_EQ(parse_refusal(nested(kMostJsonDepth)), "");
  EXPECT_EQ(parse_refusal(nested(kMostJsonDepth + 2)), "some file: nests deeper than 64 levels");
  EXPECT_EQ(parse_refusal(nested(5'000'000)), "some file: nests deeper than 64 levels");
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(parse_refusal(objects), "some file: nests deeper than 64 levels");
}

TEST(Json, WhatIsNoNumberOrGivenTwiceIsRefused) {
  for (const auto* text : {"", "nan", "[1e999]", "{\"a\":1,}", "[\"\xff\"]"})
    EXPECT_NE(parse_refusal(text).find("some file: not valid JSON"), std::string::npos) << text;
  EXPECT_EQ(parse_refusal(R"({"a":{"b":1},"b":[{"a":1},{"a":2}]})"), "");
  EXPECT_EQ(parse_refusal(R"({"b":{"a":1,"c":{"a":1},"a":2}})"), "some file: has the key \"a\" twice in one object");
}

TEST(Json, AFileThatIsTooLongIsNotRead) {
  const TemporaryFolder folder;
  const auto path = folder.write("large.json", "{}");
  std::filesystem::resize_file(path, std::uintmax_t{1} << 40);  // has holes only
  EXPECT_NE(refusal([&] { read_json(path); }).find("large.json: is 1099511627776 bytes long"), std::string::npos);
}

TEST(Json, MembersAreOfTheirTypeAndRange) {
  const auto json = parse_json(
      R"({"whole":5,"large":18446744073709551615,"broken":1.5,"text":"a","flag":true,"list":[],"none":null})", "it");
  EXPECT_EQ(integer_at(json, "whole"), 5);
  EXPECT_EQ(number_at(json, "broken"), 1.5);
  EXPECT_EQ(text_at(json, "text"), "a");
  EXPECT_TRUE(flag_at(json, "flag"));
  EXPECT_TRUE(list_at(json, "list").empty());
  EXPECT_EQ(refusal([&] { integer_at(json, "whole", 0, 4); }), "'whole': wanted a whole number in [0, 4], found 5");
  EXPECT_EQ(refusal([&] { integer_at(json, "whole", 6); }), "'whole': wanted a whole number of at least 6, found 5");
  for (const auto* key : {"large", "broken", "text", "flag", "list", "none"})
    EXPECT_NE(refusal([&] { integer_at(json, key); }).find(key), std::string::npos) << key;
  EXPECT_EQ(refusal([&] { number_at(json, "none"); }), "'none': wanted a number, found null");
  EXPECT_EQ(refusal([&] { text_at(json, "flag"); }), "'flag': wanted a text, found true");
  EXPECT_EQ(refusal([&] { flag_at(json, "whole"); }), "'whole': wanted true or false, found 5");
  EXPECT_EQ(refusal([&] { object_at(json, "list"); }), "'list': wanted an object, found array");
  EXPECT_EQ(refusal([&] { integer_at(json, "absent"); }), "has no key 'absent'");
  EXPECT_EQ(refusal([&] { integer_at(json.at("list"), "a"); }), "its content: wanted an object, found array");
}

TEST(Json, FileNamesAreOfTheSameFolder) {
  EXPECT_EQ(file_name_at({{"file", "slice..h5"}}, "file"), "slice..h5");
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("../a"),
                                  std::string("/etc/passwd"), std::string("a/b"), std::string("a\0b", 3)})
    EXPECT_NE(refusal([&] { file_name_at({{"file", name}}, "file"); }), "") << name;
}

}  // namespace
}  // namespace warmstart
