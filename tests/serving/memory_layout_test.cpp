// Memories as lists of numbers: of every method, and what comes back of them.

#include "serving/memory_layout.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/errors.h"
#include "base/random.h"
#include "tests/support/random_batch.h"
#include "tests/support/random_request.h"
#include "tests/support/tried_methods.h"

namespace warmstart {
namespace {

constexpr std::int64_t kMostRows = 7;
constexpr double kRounded = 1e-6;

// A model's three graphs in LibTorch.
struct Scripts {
  explicit Scripts(const ModelOptions& options) : learner(random_batch_schema(), options, 3) {
    RandomStream random(5, Purpose::kSynthesize);
    auto flat = learner.parameters().flat().detach();
    auto* value = flat.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < flat.numel(); ++i) value[i] += 0.1f * static_cast<float>(random.normal());
    for (const auto& graph : trace(learner)) list.emplace_back(graph);
  }
  MemoryLayout layout() const { return {learner.schema(), list[1], kMostRows}; }
  at::Tensor scores(NamedValues memory, const NamedValues& request) const {
    memory.insert(request.begin(), request.end());
    return list[2].run(memory).at("outputs");
  }

  Learner learner;
  std::vector<TorchScript> list;
};

// One task of a request, with its first support rows alone.
NamedValues only_task(const NamedValues& request, std::int64_t task, std::int64_t rows) {
  NamedValues one;
  for (const auto& [name, value] : request) {
    one[name] = value.narrow(0, task, 1).contiguous();
    if (name.starts_with("support.")) one[name] = one[name].narrow(1, 0, rows).contiguous();
  }
  return one;
}

bool holds_ids(const Scripts& scripts) {
  const auto& inputs = scripts.list[2].inputs();
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const auto& input) { return input.is_ids && !input.name.starts_with("candidates."); });
}

class MemoryLayouts : public testing::TestWithParam<ModelOptions> {};

// Without its zeros a memory is what it was, to the bit; with them it scores the same.
TEST_P(MemoryLayouts, KeepWhatTheModelScoresBy) {
  const Scripts scripts(small_method(GetParam()));
  if (holds_ids(scripts)) {
    EXPECT_THROW(scripts.layout(), DataError);
    return;
  }
  const auto layout = scripts.layout();
  const bool binary = has_bits(GetParam().objective.kind);
  const auto request = random_request(1, kMostRows, 6, binary, 8).inputs;
  for (const std::int64_t rows : {kMostRows, std::int64_t{3}, std::int64_t{1}, std::int64_t{0}}) {
    const auto of_task = only_task(request, 0, rows);
    const auto memory = scripts.list[1].run(of_task);
    std::vector<float> list(static_cast<std::size_t>(layout.length()));
    layout.flatten(memory, rows, list.data());
    const auto back = layout.tensors(list, rows), padded = layout.tensors(list, kMostRows);
    for (const auto& part : layout.parts()) {
      EXPECT_TRUE(at::equal(back.at(part.name), memory.at(part.name))) << part.name << " of " << rows;
      EXPECT_EQ(padded.at(part.name)[0].sizes().vec(), part.sizes(kMostRows)) << part.name;
    }
    const auto scores = scripts.scores(memory, of_task);
    EXPECT_TRUE(at::equal(scripts.scores(back, of_task), scores)) << rows;
    const auto off = ((scripts.scores(padded, of_task) - scores).abs() / scores.abs().clamp_min(1.0)).max();
    EXPECT_LT(off.item<double>(), kRounded) << rows;
  }
}

// What the executor learns of a graph's first runs must not show.
TEST_P(MemoryLayouts, AreOfTheSameBitsWheneverAndBesideWhomeverTheyAreMade) {
  const Scripts scripts(small_method(GetParam()));
  const bool binary = has_bits(GetParam().objective.kind);
  const auto task = only_task(random_request(1, kMostRows, 1, binary, 8).inputs, 0, 4);
  const auto first = scripts.list[1].run(task);
  for (int time = 0; time < 4; ++time) {
    scripts.list[1].run(only_task(random_request(1, kMostRows, 1, binary, 9).inputs, 0, time));
    for (const auto& [name, value] : scripts.list[1].run(task)) EXPECT_TRUE(at::equal(value, first.at(name))) << name;
  }
}

TEST(MemoryLayout, GrowsWithTheSquareOfAKernelsRows) {
  ModelOptions options;
  options.adapt.stages = {StageKind::kPrior, StageKind::kKernel};
  const Scripts scripts(small_method(options));
  const auto layout = scripts.layout();
  const bool square = std::any_of(layout.parts().begin(), layout.parts().end(), [](const auto& part) {
    return part.sizes(kMostRows) == std::vector<std::int64_t>{kMostRows, kMostRows};
  });
  EXPECT_TRUE(square);
  std::int64_t end = 0;
  const auto json = layout.json();
  for (const auto& tensor : json.at("tensors")) {
    EXPECT_EQ(tensor.at("offset"), end);
    std::int64_t count = 1;
    for (const std::int64_t size : tensor.at("sizes")) count *= size;
    end += count;
  }
  EXPECT_EQ(end, layout.length());
}

TEST(MemoryLayout, RefusesTensorsThatAreNotOfIt) {
  const Scripts scripts(small_method({}));
  const auto layout = scripts.layout();
  std::vector<float> list(static_cast<std::size_t>(layout.length()));
  const auto memory = scripts.list[1].run(only_task(random_request(1, kMostRows, 1, false, 8).inputs, 0, 4));
  layout.flatten(memory, 4, list.data());
  auto bad = memory;
  const auto& name = layout.parts()[0].name;
  bad[name] = at::full_like(memory.at(name), NAN);
  EXPECT_THROW(layout.flatten(bad, 4, list.data()), DataError);
  bad[name] = at::cat({memory.at(name), memory.at(name)}, 1);
  EXPECT_THROW(layout.flatten(bad, 4, list.data()), DataError);
  bad.erase(name);
  EXPECT_THROW(layout.flatten(bad, 4, list.data()), DataError);
}

INSTANTIATE_TEST_SUITE_P(AllMethods, MemoryLayouts, testing::ValuesIn(every_step_of(served_methods())),
                         test_name_of_method);

}  // namespace
}  // namespace warmstart
