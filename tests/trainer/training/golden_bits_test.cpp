// The bits that a dozen training steps end in, for each scope, form, precision and loss.  A change that moves them is
// seen here first; golden_bits.txt holds the digests, CONTRIBUTING.md says when and how they may be renewed.
//
// Libraries choose code by the processor, so the tests run in a process that holds each of them to one path (see
// kOnePath), which AMD's and Intel's processors with AVX2 have in common.

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>

#include "base/files.h"
#include "base/random.h"
#include "cluster/self_communicator.h"
#include "data/ingest.h"
#include "tests/support/temporary_folder.h"
#include "trainer/training/training.h"

// MKL's square root of float32 starts from the processor's own estimate of 1 / sqrt, whatever MKL_CBWR says, and
// estimates differ between processors.  LibTorch calls this one instead, since a program's symbols come before its
// libraries'.
extern "C" void vmsSqrt(const int count, const float* values, float* roots, std::int64_t) {
  for (int i = 0; i < count; ++i) roots[i] = std::sqrt(values[i]);
}

namespace warmstart {
namespace {

// MKL's products and vector functions, ATen's loops, oneDNN's bfloat16, and the sums' split over threads.
constexpr std::pair<const char*, const char*> kOnePath[] = {
    {"MKL_CBWR", "COMPATIBLE"},     {"ATEN_CPU_CAPABILITY", "avx2"},
    {"ONEDNN_MAX_CPU_ISA", "AVX2"}, {"DNNL_DEFAULT_FPMATH_MODE", "STRICT"},
    {"OMP_NUM_THREADS", "1"},       {"MKL_NUM_THREADS", "1"},
};

struct Case {
  Scope scope;
  Form form;
  Precision precision;
  ObjectiveKind loss;
  std::int64_t width = 8;
  InnerRates rates = InnerRates::kPerParameter;
  bool second_order = true;
  StageKind last = StageKind::kSteps;
  bool loses_values = false;

  std::string name() const {
    if (loses_values) return "values_lost";
    if (last != StageKind::kSteps) return fmt::format("{}_{}_{}", text(last), text(precision), text(loss));
    return fmt::format("{}_{}_{}_{}_{}_{}_{}", text(scope), text(form), text(precision), text(loss), width, text(rates),
                       second_order ? "second" : "first");
  }

 private:
  template <typename Enum>
  static std::string text(Enum value) {
    auto name = nlohmann::json(value).get<std::string>();
    std::erase(name, '-');
    return name;
  }
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto loss : {ObjectiveKind::kSquared, ObjectiveKind::kBinary}) {
    for (const auto precision : {Precision::kFloat32, Precision::kBfloat16}) {
      // The head has one form.
      all.push_back({Scope::kHead, Form::kAuto, precision, loss});
      for (const auto scope : {Scope::kDense, Scope::kAll}) {
        for (const auto form : {Form::kActivations, Form::kWeights}) all.push_back({scope, form, precision, loss});
      }
    }
  }
  for (const auto rates : {InnerRates::kFixed, InnerRates::kPerLayer}) {
    all.push_back({Scope::kAll, Form::kActivations, Precision::kFloat32, ObjectiveKind::kSquared, 8, rates});
  }
  all.push_back(
      {Scope::kAll, Form::kActivations, Precision::kFloat32, ObjectiveKind::kSquared, 8, InnerRates::kFixed, false});
  // Products of wider layers are taken in several blocks.
  all.push_back({Scope::kDense, Form::kActivations, Precision::kFloat32, ObjectiveKind::kSquared, 520});
  for (const auto last : {StageKind::kRidge, StageKind::kKernel})
    for (const auto loss :
         {ObjectiveKind::kSquared, ObjectiveKind::kBinary, ObjectiveKind::kHuber, ObjectiveKind::kPoisson})
      all.push_back(
          {.scope = Scope::kHead, .form = Form::kAuto, .precision = Precision::kFloat32, .loss = loss, .last = last});
  all.push_back({Scope::kHead, Form::kAuto, Precision::kFloat32, ObjectiveKind::kSquared});
  all.back().loses_values = true;
  return all;
}

// Tables with every kind of field; whole numbers alone, so that no mathematical library has a say in the data.
IngestOptions write_tables(const TemporaryFolder& folder, ObjectiveKind loss) {
  RandomStream random(5, Purpose::kSynthesize);
  std::string items = "item,category,tags,price\n", users = "user,group\n", rows = "user,item,label,time,hour\n";
  for (int item = 0; item < 30; ++item) {
    items +=
        fmt::format("i{},c{},t{}|t{},{}\n", item, random.below(4), random.below(6), random.below(6), random.below(100));
  }
  for (int user = 0; user < 40; ++user) {
    users += fmt::format("u{},g{}\n", user, random.below(3));
    for (const auto item : sample_without_replacement(random, 30, 8 + static_cast<std::uint32_t>(random.below(12)))) {
      const auto label = loss == ObjectiveKind::kBinary ? random.below(2) : 1 + random.below(5);
      rows += fmt::format("u{},i{},{},{},{}\n", user, item, label, random.below(1000), random.below(24));
    }
  }
  IngestOptions options;
  options.dataset = folder.path() / "dataset";
  options.interactions.files = {folder.write("rows.csv", rows)};
  options.interactions.dense = {"hour"};
  options.user = "user";
  options.item = "item";
  options.label = "label";
  options.time = "time";
  options.users.files = {folder.write("users.csv", users)};
  options.users.key = "user";
  options.users.categorical = {"group"};
  options.items.files = {folder.write("items.csv", items)};
  options.items.key = "item";
  options.items.categorical = {"category"};
  options.items.multi = {"tags"};
  options.items.dense = {"price"};
  return options;
}

std::string digest_after_a_dozen_steps(const Case& which) {
  const TemporaryFolder folder;
  const auto tables = write_tables(folder, which.loss);
  ingest(tables);
  const Dataset dataset(tables.dataset, true);
  ModelOptions model_options;
  model_options.network.embedding = which.width;
  model_options.network.tower = {which.width};
  model_options.network.features = 4;
  model_options.adapt.prior = 4;
  model_options.objective.kind = which.loss;
  model_options.adapt.stages = {StageKind::kPrior, which.last};
  if (which.last != StageKind::kSteps)
    model_options.adapt.stages.insert(model_options.adapt.stages.begin() + 1, StageKind::kSupportEncoder);
  model_options.adapt.inner.steps = 2;
  model_options.adapt.inner.scope = which.scope;
  model_options.adapt.inner.form = which.form;
  model_options.adapt.inner.rates = which.rates;
  model_options.adapt.inner.second_order = which.second_order;
  TrainOptions options;
  options.steps = 12;
  options.tasks = 16;
  options.precision = which.precision;
  options.adam.warmup = 2;
  if (!which.loses_values) options.value_dropout = 0.0;
  options.keep_best = false;
  options.validation.query = 4;
  options.validation.support = {"0"};
  SelfCommunicator alone;
  Learner model(dataset.schema(), model_options, 1);
  start_from_data(model, dataset, {}, alone);
  model.parameters().flatten(at::TensorOptions().dtype(at::kFloat));
  return train(model, dataset, options, alone, {}).digest;
}

std::map<std::string, std::string> golden_digests() {
  std::ifstream file(WARMSTART_GOLDEN_BITS);
  std::map<std::string, std::string> digests;
  for (std::string name, digest; file >> name >> digest;) digests[name] = digest;
  return digests;
}

class GoldenBitsTest : public testing::TestWithParam<Case> {};

TEST_P(GoldenBitsTest, AreTheseAfterADozenSteps) {
  const auto digest = digest_after_a_dozen_steps(GetParam());
  const auto golden = golden_digests();
  const auto found = golden.find(GetParam().name());
  ASSERT_NE(found, golden.end()) << "golden_bits.txt lacks it";
  EXPECT_EQ(digest, found->second) << "training ends in other bits than it did; CONTRIBUTING.md says what to do";
}

INSTANTIATE_TEST_SUITE_P(All, GoldenBitsTest, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name(); });

void renew() {
  std::string text;
  for (const auto& each : cases()) text += fmt::format("{} {}\n", each.name(), digest_after_a_dozen_steps(each));
  write_file(WARMSTART_GOLDEN_BITS, text);
}

// Starts this program again in the environment that the libraries read while they load.
void hold_libraries_to_one_path(char** argv) {
  bool held = true;
  for (const auto& [name, value] : kOnePath) {
    const char* is = std::getenv(name);
    held = held && is && std::string(is) == value;
    setenv(name, value, 1);
  }
  if (!held) execv("/proc/self/exe", argv);
}

}  // namespace
}  // namespace warmstart

// golden_bits_test --renew writes golden_bits.txt anew.
int main(int argc, char** argv) {
  warmstart::hold_libraries_to_one_path(argv);
  at::set_num_threads(1);
  if (argc == 2 && std::string(argv[1]) == "--renew") {
    warmstart::renew();
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
