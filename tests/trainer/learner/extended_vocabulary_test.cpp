#include "trainer/learner/extended_vocabulary.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

namespace warmstart {
namespace {

Schema schema_with(std::int64_t keys, std::int64_t kinds, std::int64_t pages, std::int64_t cities) {
  Schema schema;
  schema.fields = {{.name = "item", .owner = FieldOwner::kEntity, .vocabulary_size = keys},
                   {.name = "kind", .kind = FieldKind::kMulti, .owner = FieldOwner::kEntity, .vocabulary_size = kinds},
                   {.name = "weight", .kind = FieldKind::kDense, .owner = FieldOwner::kEntity},
                   {.name = "page", .owner = FieldOwner::kRow, .vocabulary_size = pages},
                   {.name = "city", .owner = FieldOwner::kTask, .vocabulary_size = cities}};
  return schema;
}

std::vector<float> values(const at::Tensor& tensor) {
  const auto flat = tensor.contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

TEST(ExtendedVocabulary, NewIdsStartFromTheUnknownRowOfTheirField) {
  const auto was = schema_with(2, 1, 1, 1), is = schema_with(4, 1, 2, 3);
  const auto table = [](std::int64_t rows) { return at::arange(rows, at::kFloat).unsqueeze(1); };
  const NamedTensors trained = {
      {"embedding", table(7)}, {"key_bias", table(3)}, {"user.embedding", table(2)}, {"hidden0.weight", table(7)}};
  const auto extended = with_vocabularies_of(is, was, trained, {"embedding", "key_bias", "user.embedding"});
  ASSERT_EQ(extended.size(), 4u);
  // Unknown, keys 1 and 2, two new ones; unknown, kind 1; unknown, page 1, a new one.
  EXPECT_EQ(values(extended[0].second), (std::vector<float>{0, 1, 2, 0, 0, 3, 4, 5, 6, 5}));
  EXPECT_EQ(values(extended[1].second), (std::vector<float>{0, 1, 2, 0, 0}));
  EXPECT_EQ(values(extended[2].second), (std::vector<float>{0, 1, 0, 0}));
  EXPECT_EQ(values(extended[3].second), values(table(7)));
}

TEST(ExtendedVocabulary, EqualOnesChangeNothing) {
  const auto schema = schema_with(2, 1, 1, 1);
  const NamedTensors trained = {{"embedding", at::randn({7, 3})}};
  EXPECT_TRUE(with_vocabularies_of(schema, schema, trained, {"embedding"})[0].second.equal(trained[0].second));
}

}  // namespace
}  // namespace warmstart
