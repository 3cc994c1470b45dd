// The network entity-towers, against its equations with one row after the other, and what it computes once.

#include "trainer/networks/entity_towers.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>

#include "base/errors.h"
#include "base/random.h"
#include "tests/support/random_batch.h"
#include "trainer/learner/learner.h"

namespace warmstart {
namespace {

constexpr std::int64_t kItems = 3, kTowerUsers = 3;

// Of the first ids 0, 4, 8 and 12: item, user, place and town; and the dense fields price, hour and age.
Schema schema_of_towers() {
  Schema schema;
  schema.task = "scenario";
  schema.label_min = -100;
  schema.label_max = 100;
  const auto add = [&](const char* name, FieldKind kind, FieldOwner owner, bool of_user) {
    Field field = {.name = name, .kind = kind, .owner = owner, .of_user = of_user};
    if (kind != FieldKind::kDense) field.vocabulary_size = 3;
    schema.fields.push_back(field);
  };
  add("item", FieldKind::kCategorical, FieldOwner::kEntity, false);
  add("price", FieldKind::kDense, FieldOwner::kEntity, false);
  add("user", FieldKind::kCategorical, FieldOwner::kRow, true);
  add("place", FieldKind::kCategorical, FieldOwner::kRow, false);
  add("town", FieldKind::kCategorical, FieldOwner::kRow, true);
  add("hour", FieldKind::kDense, FieldOwner::kRow, false);
  add("age", FieldKind::kDense, FieldOwner::kRow, true);
  return schema;
}

ModelOptions options_of_towers(std::vector<StageKind> stages = {StageKind::kSteps}) {
  ModelOptions options;
  options.network = {.kind = NetworkKind::kEntityTowers, .embedding = 5, .tower = {6}, .features = 9};
  options.adapt.stages = std::move(stages);
  options.adapt.prior = options.adapt.encoder = 4;
  options.adapt.inner.steps = 0;
  return options;
}

// Two tasks with rows of three items and three users; the second task's have its own order.
EpisodeBatch batch_of_towers() {
  constexpr std::array<std::array<std::int64_t, 2>, 7> kPairs = {
      {{0, 0}, {0, 1}, {1, 0}, {2, 2}, {1, 2}, {0, 0}, {2, 1}}};
  EpisodeBatch batch;
  batch.tasks = 2;
  batch.first_rows = {0, static_cast<std::int64_t>(kPairs.size())};
  batch.rows.count = static_cast<std::int64_t>(kPairs.size());
  batch.rows.dense_width = 3;
  for (const auto& [item, user] : kPairs) {
    const auto row = std::ssize(batch.entity);
    batch.entity.push_back(item);
    batch.user.push_back(user);
    batch.key.push_back(item);  // the first item's is unknown
    batch.rows.offsets.push_back(std::ssize(batch.rows.ids));
    for (const auto id : {item, 5 + user, 9 + row % 3, 13 + user % 2}) batch.rows.ids.push_back(id);
    for (const auto weight : {item == 0 ? 0.0f : 1.0f, 1.0f, 1.0f, 1.0f}) batch.rows.weights.push_back(weight);
    for (const auto value :
         {0.3f * static_cast<float>(item), 0.1f * static_cast<float>(row) - 0.2f, 1.0f - static_cast<float>(user)})
      batch.rows.dense.push_back(value);
  }
  batch.descriptions.count = 2;
  batch.descriptions.offsets = {0, 0};
  batch.task = {0, 1};
  batch.support = {2, {0, 3, 6, 4}, {1, -1, 2, 0}, {1, 1, 1, 1}};
  batch.query = {3, {1, 2, 4, 5, 3, 0}, {0, 1, 1, 0, 2, 0}, {1, 1, 1, 1, 1, 0}};
  find_distinct_ids(batch);
  return batch;
}

// As if each row were the only one of its item and its user.
EpisodeBatch ungrouped(EpisodeBatch batch) {
  batch.by_entity = batch.by_user = {};
  return batch;
}

class EntityTowersTest : public testing::Test {
 protected:
  explicit EntityTowersTest(const ModelOptions& options = options_of_towers(), at::ScalarType type = at::kDouble)
      : learner(schema_of_towers(), options, 1), batch(batch_of_towers()), tensors(batch, type) {
    learner.parameters().flatten(type);
    auto flat = learner.parameters().flat().detach();
    RandomStream random(3, Purpose::kInitialise, 99);
    for (std::int64_t i = 0; i < flat.numel(); ++i) flat[i] += 0.3 * random.normal();
  }

  at::Tensor parameter(const std::string& name) const { return learner.parameters()[name]; }
  at::Tensor id_vector(std::int64_t row, std::size_t field) const {
    const auto i = static_cast<std::size_t>(row) * 4 + field;
    return batch.rows.weights[i] * parameter("embedding")[batch.rows.ids[i]];
  }
  at::Tensor number(std::int64_t row, std::int64_t column) const { return tensors.rows.dense[row][column].view({1}); }

  at::Tensor dense(const std::string& name, const at::Tensor& x) const {
    return parameter(name + ".weight").mv(x) + parameter(name + ".bias");
  }
  at::Tensor through_tower_of(const std::string& name, const at::Tensor& x) const {
    const auto hidden = at::leaky_relu(dense(name + ".tower.0", x), 0.1);
    return parameter(name + ".output.weight").mv(hidden) + parameter(name + ".skip.weight").mv(x);
  }

  // A row's score by the header's equations; p has 3 columns, f 2.
  at::Tensor score_of(std::int64_t row) const {
    const auto item = through_tower_of("item", id_vector(row, 0) + dense("item.input", number(row, 0)));
    const auto user =
        through_tower_of("user", id_vector(row, 1) + id_vector(row, 3) + dense("user.input", number(row, 2)));
    const auto own = parameter("row.skip.weight").mv(id_vector(row, 2) + dense("row.input", number(row, 1)));
    const auto p = [](const at::Tensor& part) { return part.slice(0, 0, 3); };
    const auto f = [](const at::Tensor& part) { return part.slice(0, 3, 5); };
    const auto products = p(item) * p(user) + p(item) * p(own) + p(user) * p(own);
    const auto features = at::cat({products, f(item), f(user), f(own)});
    auto base = parameter("mean")[0] + item[5] + user[5] + own[5];
    const auto key = batch.key[static_cast<std::size_t>(row)];
    if (key != 0) base = base + parameter("key_bias")[key][0];
    return features.dot(parameter("head.weight")[0]) + parameter("head.bias")[0] + base;
  }

  Learner learner;
  EpisodeBatch batch;
  TensorBatch tensors;
};

TEST_F(EntityTowersTest, JoinsItemUserAndRowAsItsEquationsSay) {
  const c10::NoGradGuard no_grad;
  const auto outputs = learner.outputs(learner.batch_parameters(tensors), tensors, nullptr);
  for (std::int64_t task = 0; task < 2; ++task)
    for (std::int64_t i = 0; i < 3; ++i)
      EXPECT_NEAR(outputs[task][i][0].item<double>(),
                  score_of(tensors.query.place[task][i].item<std::int64_t>()).item<double>(), 1e-12)
          << task << " " << i;
}

TEST_F(EntityTowersTest, ComputesEachItemAndEachUserOnce) {
  const auto layout = feature_layout(learner.schema());
  const Rows rows(tensors, nullptr);
  const auto count = [&](FieldOf of) { return rows.part(row_part(layout, of)).distinct_dense().size(0); };
  EXPECT_EQ(count(FieldOf::kEntity), kItems);
  EXPECT_EQ(count(FieldOf::kUser), kTowerUsers);
  EXPECT_EQ(count(FieldOf::kRow), batch.rows.count);
}

class EntityTowersWithRidge : public EntityTowersTest {
 protected:
  EntityTowersWithRidge()
      : EntityTowersTest(options_of_towers({StageKind::kPrior, StageKind::kSupportEncoder, StageKind::kRidge})) {}
  std::vector<at::Tensor> gradients_of(const EpisodeBatch& of) const {
    const TensorBatch made(of, at::kDouble);
    const auto losses = learner.losses(learner.batch_parameters(made), made, nullptr);
    return torch::autograd::grad({losses.sum()}, learner.parameters().values(), {}, std::nullopt, false, true);
  }
};

// Autograd goes back from all rows of an item or a user to its one pass.
TEST_F(EntityTowersWithRidge, HasTheGradientOfRowsByThemselves) {
  const auto once = gradients_of(batch), each = gradients_of(ungrouped(batch));
  for (std::size_t i = 0; i < once.size(); ++i) {
    const auto& name = learner.parameters().list()[i].name;
    ASSERT_EQ(once[i].defined(), each[i].defined()) << name;
    if (!once[i].defined() || once[i].numel() == 0) continue;
    EXPECT_LT((once[i] - each[i]).abs().max().item<double>(), 1e-12) << name;
    const bool is_of_towers = name == "item.tower.0.weight" || name == "user.output.weight";
    EXPECT_GE(once[i].abs().max().item<double>(), is_of_towers ? 1e-3 : 0.0) << name;
  }
}

class EntityTowersInFloat : public EntityTowersTest {
 protected:
  EntityTowersInFloat()
      : EntityTowersTest(options_of_towers({StageKind::kPrior, StageKind::kSupportEncoder, StageKind::kRidge}),
                         at::kFloat) {}
};

TEST_F(EntityTowersInFloat, SaysTheSameOfARowWhoeverSharesItsItemAndUser) {
  EXPECT_TRUE(at::equal(learner.predict(batch).labels, learner.predict(ungrouped(batch)).labels));
}

TEST(EntityTowers, AreRefusedWhereRowsHaveNoUsers) {
  auto schema = schema_of_towers();
  for (auto& field : schema.fields) field.of_user = false;
  try {
    const Learner learner(schema, options_of_towers(), 1);
    FAIL() << "rows without users were taken";
  } catch (const UsageError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("rows of this data set have no users; set model.network = two-tower"), std::string::npos)
        << text;
  }
}

}  // namespace
}  // namespace warmstart
