// Rows fetched and gradients given back, against whole tables that one process adds up as a tree of dense leaves.

#include "trainer/tables/table_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "cluster/gradient_sum.h"
#include "cluster/mpi_communicator.h"
#include "cluster/self_communicator.h"
#include "trainer/layers/initialiser.h"

namespace warmstart {
namespace {

constexpr int kMicrobatches = 8;
constexpr std::int64_t kKeys = 50, kRowIds = 700, kWidth = 5;

ShardedTables made_tables(Communicator& group, const Growth& growth = {}) {
  ShardedTables tables(group.rank(), group.size(), {.growth = growth});
  Initialiser draw(3);
  tables.add({"key_bias", ParameterGroup::kNetwork, IdsOf::kKeys, kKeys, 1, draw.normal_table(kKeys, 1, 1.0)});
  tables.add({"embedding", ParameterGroup::kEmbedding, IdsOf::kRows, kRowIds, kWidth,
              draw.normal_table(kRowIds, kWidth, 1.0)});
  tables.add({"linear", ParameterGroup::kNetwork, IdsOf::kRows, kRowIds, 1, draw.normal_table(kRowIds, 1, 1.0)});
  tables.draw();
  for (auto& list : tables.lists())
    if (list.grows())
      list.name(std::make_shared<const RowNames>(list.ids(), [](std::int64_t id) { return std::to_string(id); }));
  return tables;
}

// The distinct ids of a microbatch: some popular ones in all of them, none at all in one.
std::vector<std::int64_t> ids_of(int microbatch, std::int64_t ids, IdsOf of) {
  if (microbatch == 2) return {};
  RandomStream random(5, Purpose::kSynthesize, static_cast<std::uint64_t>(microbatch), static_cast<std::uint64_t>(of));
  std::set<std::int64_t> distinct = {1, ids - 1};
  for (int i = 0; i < 20; ++i)
    distinct.insert(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(ids))));
  return {distinct.begin(), distinct.end()};
}

// Of magnitudes so different that any other order of additions gives other bits.
at::Tensor gradient_of(int microbatch, const at::Tensor& ids, std::int64_t width, std::uint64_t table) {
  auto rows = at::empty({ids.numel(), width});
  for (std::int64_t i = 0; i < ids.numel(); ++i) {
    RandomStream random(6, Purpose::kSynthesize, static_cast<std::uint64_t>(microbatch),
                        static_cast<std::uint64_t>(ids[i].item<std::int64_t>()), table);
    for (std::int64_t k = 0; k < width; ++k)
      rows[i][k] = random.normal() * std::pow(10.0, static_cast<double>(random.below(7)));
  }
  return rows;
}

IdLookup lookup_of(MicrobatchRange microbatches, std::int64_t ids, IdsOf of) {
  std::vector<std::int64_t> all, in_all, listed, firsts = {0};
  for (int m = microbatches.first; m < microbatches.first + microbatches.count; ++m) {
    for (const auto id : ids_of(m, ids, of)) {
      const auto found = std::find(all.begin(), all.end(), id);
      in_all.push_back(found - all.begin());
      if (found == all.end()) all.push_back(id);
      listed.push_back(id);
    }
    firsts.push_back(static_cast<std::int64_t>(listed.size()));
  }
  return {at::tensor(listed, at::kLong), at::arange(std::ssize(listed), at::kLong), firsts, at::tensor(all, at::kLong),
          at::tensor(in_all, at::kLong)};
}

BatchLookups lookups_of(MicrobatchRange microbatches) {
  return {lookup_of(microbatches, kKeys, IdsOf::kKeys), lookup_of(microbatches, kRowIds, IdsOf::kRows),
          lookup_of({0, 0}, 1, IdsOf::kTasks)};
}

at::Tensor gradients_of(MicrobatchRange microbatches, std::int64_t ids, IdsOf of, std::int64_t width,
                        std::uint64_t table) {
  std::vector<at::Tensor> parts;
  for (int m = microbatches.first; m < microbatches.first + microbatches.count; ++m)
    parts.push_back(gradient_of(m, at::tensor(ids_of(m, ids, of), at::kLong), width, table));
  return at::cat(parts);
}

at::Tensor dense_tree(std::int64_t ids, IdsOf of, std::int64_t width, std::uint64_t table) {
  TreeSum tree;
  for (int m = 0; m < kMicrobatches; ++m) {
    const auto own = at::tensor(ids_of(m, ids, of), at::kLong);
    tree.add(at::zeros({ids, width}).index_copy(0, own, gradient_of(m, own, width, table)));
  }
  return tree.take();
}

// A rank's microbatches as one batch, or one by one.
std::vector<MicrobatchRange> batches_of(Communicator& group, bool together) {
  const auto own = microbatches_of(group.rank(), group.size(), kMicrobatches);
  if (together) return {own};
  std::vector<MicrobatchRange> batches;
  for (int m = own.first; m < own.first + own.count; ++m) batches.push_back({m, 1});
  return batches;
}

struct Reduced {
  std::vector<RowGradient> gradients;
  std::vector<Sightings> sightings;
  double squared_norm, repeated_share;
};

Reduced reduced(const ShardedTables& tables, Communicator& group, bool together) {
  const auto batches = batches_of(group, together);
  std::vector<BatchLookups> lookups;
  lookups.reserve(batches.size());
  for (const auto& batch : batches) lookups.push_back(lookups_of(batch));
  TableStep step(tables, lookups, group);
  for (std::size_t b = 0; b < batches.size(); ++b) {
    step.give_back(b, "key_bias", gradients_of(batches[b], kKeys, IdsOf::kKeys, 1, 0));
    step.give_back(b, "linear", gradients_of(batches[b], kRowIds, IdsOf::kRows, 1, 2));
    step.give_back(b, "embedding", gradients_of(batches[b], kRowIds, IdsOf::kRows, kWidth, 1));
  }
  auto found = step.reduce(group);
  const auto norm = squared_norm(found.gradients, group);
  return {std::move(found.gradients), std::move(found.sightings), norm, found.repeated_share};
}

void expect_rows_of(const RowGradient& gradient, const at::Tensor& dense) {
  const auto& table = *gradient.table;
  EXPECT_TRUE(gradient.places.diff().gt(0).all().item<bool>());
  auto touched = at::zeros({table.ids}, at::kBool);
  for (std::int64_t i = 0; i < gradient.places.numel(); ++i) {
    const auto id = table.places.id_of(table.first_place() + gradient.places[i].item<std::int64_t>());
    touched[id] = true;
    EXPECT_TRUE(at::equal(gradient.gradient[i], dense[id])) << table.name << " " << id;
  }
  // All others are held elsewhere, or nobody's.
  for (std::int64_t id = 0; id < table.ids; ++id) {
    const auto place = table.places.place_of(id) - table.first_place();
    const bool is_held = place >= 0 && place < table.held();
    if (!is_held || touched[id].item<bool>()) continue;
    EXPECT_EQ(dense[id].abs().max().item<float>(), 0.0f) << table.name << " " << id;
  }
}

TEST(TableStep, GivesEachRowTheBitsOfATreeOfDenseTables) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const auto tables = made_tables(group);
  for (const bool together : {true, false}) {
    const auto found = reduced(tables, group, together);
    expect_rows_of(found.gradients[0], dense_tree(kKeys, IdsOf::kKeys, 1, 0));
    expect_rows_of(found.gradients[1], dense_tree(kRowIds, IdsOf::kRows, kWidth, 1));
    expect_rows_of(found.gradients[2], dense_tree(kRowIds, IdsOf::kRows, 1, 2));
  }
}

TEST(TableStep, HasANormThatNoNumberOfRanksChanges) {
  MpiCommunicator group(MPI_COMM_WORLD);
  SelfCommunicator alone;
  const auto norm = reduced(made_tables(group), group, true).squared_norm;
  EXPECT_EQ(norm, reduced(made_tables(alone), alone, false).squared_norm);
  double dense = 0.0;
  for (const auto& sum : {dense_tree(kKeys, IdsOf::kKeys, 1, 0), dense_tree(kRowIds, IdsOf::kRows, kWidth, 1),
                          dense_tree(kRowIds, IdsOf::kRows, 1, 2)})
    dense += sum.to(at::kDouble).square().sum().item<double>();
  EXPECT_NEAR(norm / dense, 1.0, 1e-12);
}

TEST(TableStep, TellsWhichShareOfALookupItNeedNotFetchAgain) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const auto lookups = lookups_of(microbatches_of(group.rank(), group.size(), kMicrobatches));
  const auto looked_up = static_cast<double>(lookups.keys.ids.numel() + lookups.rows.ids.numel()),
             distinct = static_cast<double>(lookups.keys.all.numel() + lookups.rows.all.numel());
  for (const bool together : {true, false})
    EXPECT_EQ(reduced(made_tables(group), group, together).repeated_share, 1.0 - distinct / looked_up);
}

// Of keys that have no row yet, shard by shard, in the order of addresses.
TEST(TableStep, AddsUpTheGradientsOfKeysThatShareARow) {
  MpiCommunicator group(MPI_COMM_WORLD);
  const auto tables = made_tables(group, {.most_rows = 6400, .admit = 1000});
  const auto dense = dense_tree(kRowIds, IdsOf::kRows, kWidth, 1);
  const auto found = reduced(tables, group, true);
  const auto& list = tables.lists()[tables.list_of(tables["embedding"])];
  std::map<std::int64_t, std::int64_t> ids_seen;  // by address
  for (int m = 0; m < kMicrobatches; ++m)
    for (const auto id : ids_of(m, kRowIds, IdsOf::kRows)) ids_seen[list.address_of(id)] = id;
  std::map<std::int64_t, at::Tensor> sums;  // by shard
  for (const auto& [address, id] : ids_seen) {
    const auto [sum, is_new] = sums.emplace(shard_of_address(address), dense[id].clone());
    if (!is_new) sum->second.add_(dense[id]);
  }
  EXPECT_LT(sums.size(), ids_seen.size());
  const auto& gradient = found.gradients[1];
  for (std::int64_t i = 0; i < gradient.places.numel(); ++i) {
    const auto place = gradient.places[i].item<std::int64_t>(), per_shard = list.places().per_shard();
    EXPECT_EQ(place % per_shard, 0);
    const auto shard = shards_of(group.rank(), group.size()).first + place / per_shard;
    EXPECT_TRUE(at::equal(gradient.gradient[i], sums.at(shard))) << shard;
  }
  const auto& seen = found.sightings.at(1);  // of rows, behind those of keys
  for (std::int64_t i = 0; i < seen.addresses.numel(); ++i) {
    const auto id = ids_seen.at(seen.addresses[i].item<std::int64_t>());
    float count = 0;
    for (int m = 0; m < kMicrobatches; ++m) count += std::ranges::count(ids_of(m, kRowIds, IdsOf::kRows), id);
    EXPECT_EQ(seen.count[i].item<float>(), count) << id;
  }
}

TEST(TableStep, FetchesRowsThatAreFunctionsOfTheirIds) {
  MpiCommunicator group(MPI_COMM_WORLD);
  SelfCommunicator alone;
  const auto tables = made_tables(group), whole = made_tables(alone);
  const auto own = batches_of(group, true)[0];
  const auto lookups = lookups_of(own);
  const TableStep step(tables, {lookups}, group);
  const auto rows = step.fetched(0, at::kCPU);
  for (const auto* name : {"embedding", "linear"})
    EXPECT_TRUE(at::equal(rows.at(name), whole.whole(name).index_select(0, lookups.rows.ids))) << name;
  EXPECT_TRUE(at::equal(rows.at("key_bias"), whole.whole("key_bias").index_select(0, lookups.keys.ids)));
}

TEST(ShardedTables, HoldRowsOfOthersUntilTheyAreReleased) {
  MpiCommunicator group(MPI_COMM_WORLD);
  SelfCommunicator alone;
  auto tables = made_tables(group);
  const auto whole = made_tables(alone);
  const auto keys = at::tensor({group.rank(), 7, 49}, at::kLong), rows = at::arange(kRowIds, at::kLong);
  tables.hold({keys, rows}, group);
  EXPECT_TRUE(at::equal(tables.rows("key_bias", keys), whole.rows("key_bias", keys)));
  EXPECT_TRUE(at::equal(tables.whole("embedding"), whole.whole("embedding")));
  if (group.size() > 1) {
    EXPECT_THROW(tables.rows("key_bias", at::tensor({30}, at::kLong)), std::logic_error);
    tables.release();
    EXPECT_THROW(tables.rows("key_bias", keys), std::logic_error);
  }
  EXPECT_EQ(tables.digest(group), whole.digest(alone));
}

}  // namespace
}  // namespace warmstart
