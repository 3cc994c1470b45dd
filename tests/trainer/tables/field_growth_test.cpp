#include "trainer/tables/field_growth.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace warmstart {
namespace {

FieldGrowths fields_in(const std::string& text) {
  FieldGrowths fields;
  read(text, {}, fields);
  return fields;
}

std::string complaint_about(const std::string& text) {
  try {
    fields_in(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

Schema shop() {
  Schema schema;
  schema.fields = {{.name = "item", .vocabulary_size = 9},
                   {.name = "price", .kind = FieldKind::kDense},
                   {.name = "session", .owner = FieldOwner::kRow, .vocabulary_size = 7},
                   {.name = "tags", .kind = FieldKind::kMulti, .vocabulary_size = 5},
                   {.name = "city", .owner = FieldOwner::kTask, .vocabulary_size = 3}};
  return schema;
}

TEST(FieldGrowths, AreReadAndWrittenInOneWay) {
  const auto fields = fields_in("  session:most-rows 5e7,admit  5 , evict least-frequent ;a: b: most-rows 8;");
  ASSERT_EQ(fields.list.size(), 2u);
  EXPECT_EQ(fields.list[0].field, "session");
  EXPECT_EQ(fields.list[0].most_rows, 50000000);
  EXPECT_EQ(fields.list[0].admit, 5);
  EXPECT_EQ(fields.list[0].evict, Eviction::kLeastFrequent);
  EXPECT_EQ(fields.list[1].field, "a: b");
  EXPECT_EQ(fields.list[1].admit, std::nullopt);
  EXPECT_EQ(fields.list[1].evict, std::nullopt);
  const auto text = to_text(fields);
  EXPECT_EQ(text, "session: most-rows 50000000, admit 5, evict least-frequent; a: b: most-rows 8");
  EXPECT_EQ(to_text(fields_in(text)), text);
  EXPECT_EQ(to_text(fields_in("")), "");
}

TEST(FieldGrowths, ThatAreWrittenWronglyAreRefusedWithWhatWasWanted) {
  const std::string form = "wants FIELD: most-rows N, admit N, evict least-recent; FIELD: ...";
  const std::pair<const char*, std::string> cases[] = {
      {"item", form},
      {"item most-rows 5", form},
      {": most-rows 5", form},
      {"item:", "field 'item' has no most-rows: a field that is named has rows of its own"},
      {"item: evict none", "as in 'item: most-rows 1000000', or leave it out"},
      {"item: most-rows 0", "field 'item' has most-rows '0', which wants a whole number from 1 to 1000000000000 rows"},
      {"item: most-rows 1.5", "field 'item' has most-rows '1.5', which wants a whole number"},
      {"item: most-rows", "field 'item' has most-rows '', which wants a number"},
      {"item: most-rows 5, admit 0", "field 'item' has admit '0', which wants a whole number from 1"},
      {"item: most-rows 5, evict oldest",
       "field 'item' has evict 'oldest', which is none of: none, least-recent, least-frequent"},
      {"item: most-rows 5, most-rows 6", "field 'item' has most-rows twice"},
      {"item: most-rows 5, keep 3", "field 'item' has 'keep 3', which is none of: most-rows N, admit N, evict WORD"},
      {"item: most-rows 5; item: most-rows 5", "names field 'item' twice"}};
  for (const auto& [text, wanted] : cases)
    EXPECT_NE(complaint_about(text).find(wanted), std::string::npos) << text << ": " << complaint_about(text);
}

TEST(FieldGrowths, NameFieldsWithKeysThatTheDataSetHas) {
  const auto complaint = [](const std::string& text) -> std::string {
    try {
      require_fields(fields_in(text), shop());
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(complaint("item: most-rows 5; session: most-rows 5; tags: most-rows 5; city: most-rows 5"), "");
  EXPECT_EQ(complaint("item: most-rows 5; sessio: most-rows 5"),
            "tables.fields: the data set has no field 'sessio'; fields with keys are: item, session, tags, city");
  EXPECT_EQ(complaint("price: most-rows 5"),
            "tables.fields: dense fields have no keys, and so no rows: 'price'; fields with keys are: item, session, "
            "tags, city");
}

TEST(FieldGrowths, MakePoolsOfTheTablesThatTheirIdsAreIn) {
  const Growth growth = {.most_rows = 100, .admit = 2, .evict = Eviction::kLeastFrequent};
  const auto fields = fields_in("session: most-rows 50, evict none; item: most-rows 20, admit 7");
  const auto rows = pools_of(growth, fields, shop(), IdsOf::kRows);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].field, "");
  EXPECT_EQ(rows[0].growth.most_rows, 100);
  EXPECT_EQ(rows[1].field, "item");
  EXPECT_EQ(rows[1].growth.most_rows, 20);
  EXPECT_EQ(rows[1].growth.admit, 7);
  EXPECT_EQ(rows[1].growth.evict, Eviction::kLeastFrequent);
  EXPECT_EQ(rows[2].field, "session");
  EXPECT_EQ(rows[2].growth.admit, 2);
  EXPECT_EQ(rows[2].growth.evict, Eviction::kNone);
  const auto tasks = pools_of(growth, fields, shop(), IdsOf::kTasks);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].growth.most_rows, 100);
  // Where no field shares rows there are none to share.
  const auto keys = pools_of(growth, fields, shop(), IdsOf::kKeys);
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].growth.most_rows, 0);
  EXPECT_EQ(keys[1].growth.most_rows, 20);
}

}  // namespace
}  // namespace warmstart
