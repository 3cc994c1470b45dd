#include "data/ingest_tables.h"

#include <gtest/gtest.h>

#include <memory_resource>
#include <string>
#include <vector>

#include "data/cleaning.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

// Makes containers that were given no memory of their own throw std::bad_alloc.
class NoOtherMemory {
 public:
  NoOtherMemory() : default_(std::pmr::set_default_resource(std::pmr::null_memory_resource())) {}
  ~NoOtherMemory() { std::pmr::set_default_resource(default_); }
  NoOtherMemory(const NoOtherMemory&) = delete;
  NoOtherMemory& operator=(const NoOtherMemory&) = delete;

 private:
  std::pmr::memory_resource* default_;
};

TableOptions table(const std::string& file, const std::string& noun) {
  TableOptions options;
  options.files = {file};
  options.key = noun;
  options.categorical = {noun + "-kind"};
  options.multi = {noun + "-tags"};
  options.dense = {noun + "-weight"};
  return options;
}

std::string rows(const std::string& noun) {
  std::string text = noun + "," + noun + "-kind," + noun + "-tags," + noun + "-weight\n";
  for (int i = 0; i < 500; ++i) {
    const auto number = std::to_string(i);
    text += number + ",a rather long kind " + number + ",x" + number + "|y," + number + ".5\n";
  }
  return text;
}

TEST(IngestTables, LieInTheirMemory) {
  const TemporaryFolder folder;
  IngestOptions options;
  options.user = "user", options.item = "item";
  options.users = table(folder.write("users.csv", rows("user")), "user");
  options.items = table(folder.write("items.csv", rows("item")), "item");
  options.calendar = table(folder.write("days.csv", rows("day")), "day");
  std::pmr::unsynchronized_pool_resource memory(std::pmr::new_delete_resource());
  Rejections rejections(OnError::kFail);
  const NoOtherMemory guard;
  IngestTables tables(options, &memory);
  tables.read(rejections);
  const std::vector<std::int64_t> rows_of_entities(tables.entities.keys().size(), 1);
  tables.key.finish_vocabulary(tables.entities.keys(), rows_of_entities);
  std::vector<Moments> moments(3);
  for (std::size_t number = 0; number < 500; ++number) tables.entities.count(number, moments);
  for (const auto& field : tables.fields()) field->finish();
  EXPECT_EQ(tables.key.vocabulary->size(), 500u);
  EXPECT_EQ(tables.entities.fields()[1]->vocabulary->key(0), "x0");
  EXPECT_EQ(tables.calendar.column(2).value(0), 499.5);  // of the day that all of them are in
  EXPECT_EQ(tables.tasks.column(1).keys(7).size(), 2u);
}

TEST(IngestTables, SoDoTheUsersOfScenarios) {
  const TemporaryFolder folder;
  IngestOptions options;
  options.task = TaskSide::kScenario;
  options.user = "user", options.item = "item", options.scenario = "page";
  options.users = table(folder.write("users.csv", rows("user")), "user");
  options.calendar = table(folder.write("days.csv", rows("day")), "day");
  options.interactions.dense = {"hour"};
  std::pmr::unsynchronized_pool_resource memory(std::pmr::new_delete_resource());
  Rejections rejections(OnError::kFail);
  const NoOtherMemory guard;
  IngestTables tables(options, &memory);
  tables.read(rejections);
  const std::vector<std::int64_t> rows_of_users(tables.users.keys().size(), 1);
  tables.user_key->finish_vocabulary(tables.users.keys(), rows_of_users);
  EXPECT_EQ(tables.user_key->vocabulary->size(), 500u);
  std::vector<std::string> names;
  for (const auto& field : tables.fields()) names.push_back(field->field.name);
  EXPECT_EQ(names, (std::vector<std::string>{"user", "hour", "user-kind", "user-tags", "user-weight", "day-kind",
                                             "day-tags", "day-weight"}));
  EXPECT_EQ(tables.row_fields.size(), 4u);  // the hour and the day's
}

}  // namespace
}  // namespace warmstart
