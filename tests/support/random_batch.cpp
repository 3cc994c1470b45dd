#include "tests/support/random_batch.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace warmstart {
namespace {

constexpr std::int64_t kQuery = 3;
const std::vector<std::int64_t> kSupportSizes = {5, 0, 2, 4};

void fill(PaddedRows& rows, const std::vector<std::int64_t>& sizes, RandomStream& random, bool whole,
          std::uint64_t below) {
  rows.width = *std::max_element(sizes.begin(), sizes.end());
  for (const auto size : sizes) {
    for (std::int64_t i = 0; i < rows.width; ++i) {
      const bool real = i < size;
      rows.place.push_back(real ? static_cast<std::int64_t>(random.below(kRows)) : 0);
      rows.label.push_back(!real   ? 0.0f
                           : whole ? static_cast<float>(random.below(below))
                                   : static_cast<float>(random.normal()));
      rows.mask.push_back(real ? 1.0f : 0.0f);
    }
  }
}

void add_row(EpisodeBatch& batch, RandomStream& random) {
  batch.rows.offsets.push_back(static_cast<std::int64_t>(batch.rows.ids.size()));
  const auto key = static_cast<std::int64_t>(random.below(7));
  batch.key.push_back(key);
  batch.entity.push_back(std::ssize(batch.entity));
  batch.user.push_back(std::ssize(batch.user));
  batch.rows.ids.push_back(key);
  batch.rows.weights.push_back(key == 0 ? 0.0f : 1.0f);
  const auto genres = random.below(4);
  for (std::uint64_t g = 0; g < genres; ++g) {
    batch.rows.ids.push_back(8 + static_cast<std::int64_t>(random.below(4)));
    batch.rows.weights.push_back(1.0f / std::sqrt(static_cast<float>(genres)));
  }
  for (std::int64_t d = 0; d < kDense; ++d) batch.rows.dense.push_back(static_cast<float>(random.normal()));
}

// The last row gets the entity of an earlier one.
void share_entity(EpisodeBatch& batch, std::size_t row) {
  auto& rows = batch.rows;
  const auto begin = static_cast<std::size_t>(rows.offsets[row]), end = static_cast<std::size_t>(rows.offsets[row + 1]);
  rows.ids.resize(static_cast<std::size_t>(rows.offsets.back()));
  rows.weights.resize(rows.ids.size());
  for (auto i = begin; i < end; ++i) {
    rows.ids.push_back(rows.ids[i]);
    rows.weights.push_back(rows.weights[i]);
  }
  batch.key.back() = batch.key[row];
  batch.entity.back() = batch.entity[row];
  rows.dense[rows.dense.size() - kDense] = rows.dense[row * kDense];
}

// The last row gets the user of an earlier one.
void share_user(EpisodeBatch& batch, std::size_t row) {
  batch.user.back() = batch.user[row];
  batch.rows.dense.back() = batch.rows.dense[(row + 1) * kDense - 1];
}

}  // namespace

Schema random_batch_schema() {
  Schema schema;
  schema.label_min = -10;
  schema.label_max = 10;
  const auto add = [&](const char* name, FieldKind kind, FieldOwner owner, std::int64_t size) {
    Field field;
    field.name = name;
    field.kind = kind;
    field.owner = owner;
    field.vocabulary_size = size;
    schema.fields.push_back(field);
  };
  add("item", FieldKind::kCategorical, FieldOwner::kEntity, 6);
  add("genre", FieldKind::kMulti, FieldOwner::kEntity, 4);
  add("price", FieldKind::kDense, FieldOwner::kEntity, 0);
  add("hour", FieldKind::kDense, FieldOwner::kRow, 0);
  schema.fields.back().of_user = true;
  add("group", FieldKind::kCategorical, FieldOwner::kTask, 3);
  return schema;
}

EpisodeBatch random_batch(bool of_bits, std::uint64_t below) {
  RandomStream random(7, Purpose::kSynthesize);
  EpisodeBatch batch;
  batch.tasks = kTasks;
  batch.first_rows = {0, kRows};
  batch.rows.count = kRows;
  batch.rows.dense_width = kDense;
  for (std::int64_t row = 0; row < kRows; ++row) {
    add_row(batch, random);
    if (row == 6 || row == 7) share_user(batch, 1);
    if (row == 8) share_entity(batch, 5);
  }
  batch.descriptions.count = kTasks;
  for (std::int64_t task = 0; task < kTasks; ++task) {
    batch.task.push_back(task);
    batch.descriptions.offsets.push_back(static_cast<std::int64_t>(batch.descriptions.ids.size()));
    if (task == 2) continue;  // a task of which nothing is known
    batch.descriptions.ids.push_back(1 + static_cast<std::int64_t>(random.below(3)));
    batch.descriptions.weights.push_back(1.0f);
  }
  fill(batch.support, kSupportSizes, random, of_bits, below);
  fill(batch.query, {kQuery, kQuery - 1, kQuery, 1}, random, of_bits, below);
  find_distinct_ids(batch);
  return batch;
}

}  // namespace warmstart
