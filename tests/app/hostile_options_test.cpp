// What nobody means: each is refused by name, naming the place.

#include <gtest/gtest.h>

#include "app/configuration.h"
#include "base/errors.h"

namespace warmstart {
namespace {

class HostileOptionsTest : public testing::Test {
 protected:
  static std::string complaint(const std::vector<std::string>& arguments) {
    Configuration configuration;
    try {
      options_of(configuration).parse(arguments, {.own_section = "train", .flags = {}});
      return "";
    } catch (const UsageError& error) {
      return error.what();
    }
  }
  static void expect(const std::string& message, const std::string& phrase) {
    EXPECT_NE(message.find(phrase), std::string::npos) << message;
  }
};

TEST_F(HostileOptionsTest, EveryNumberHasBoundsAndIsANumber) {
  Configuration configuration;
  const auto options = options_of(configuration);
  int numbers = 0;
  for (const auto& option : options.list()) {
    const auto message = complaint({"--set", option.key + "=nonsense"});
    const bool number =
        message.find("wants a number") != std::string::npos || message.find("wants a whole") != std::string::npos;
    if (!number) continue;
    ++numbers;
    for (const auto* value : {"1e300", "-1e300", "nan", "inf", "-inf", "0x10", "1 2", "9223372036854775808", "1e19"}) {
      // Seeds reach to 2^53, labels and rates to 1e30.
      if (std::string(value).find("e19") != std::string::npos || value[0] == '9') {
        if (option.range.most >= 1e19) continue;
      }
      expect(complaint({"--set", option.key + "=" + value}), option.key + " = '" + value + "': wants a");
    }
  }
  EXPECT_GT(numbers, 60);
}

TEST_F(HostileOptionsTest, ValuesOutOfTheirRangeAreRefusedWithTheRange) {
  expect(complaint({"--steps", "-1"}), "train.steps = '-1': wants a whole number from 0 to 1000000000");
  expect(complaint({"--epochs", "1e300"}), "train.epochs = '1e300': wants a number from 0 to 1000000");
  expect(complaint({"--set", "episode.support-common-share=5"}), "wants a number from 0 to 1");
  for (const auto* option :
       {"clip-norm", "patience", "warmup", "network-l2", "embedding-l2", "validate-every", "check-every", "keep-every",
        "rollbacks", "hang-seconds", "inner-rate-factor", "bucket-megabytes", "threads", "keep-last"})
    expect(complaint({"--set", std::string("train.") + option + "=-1"}),
           std::string("train.") + option + " = '-1': wants a");
  expect(complaint({"--set", "data.min-rows=1"}), "data.min-rows = '1': wants a whole number from 2");
  expect(complaint({"--set", "episode.support-common=9,9223372036854775807"}),
         "wants a whole number from 0 to 1000000000");
  expect(complaint({"--set", "model.tower=8,-3"}), "model.tower = '8,-3': wants a whole number from 1");
  expect(complaint({"--set", "model.tower=" + std::string(500, '8') + ",8"}), "model.tower = '");
  std::string many = "1";
  for (int i = 0; i < 64; ++i) many += ",1";
  expect(complaint({"--set", "model.tower=" + many}), "wants at most 64 items");
}

TEST_F(HostileOptionsTest, MeasuresThatNobodyKnowsAreRefusedWithTheKnown) {
  for (const auto* option : {"validate.measure", "evaluate.measures"}) {
    for (const auto* name : {"mean", "ndcg", "ndcg@0", "recall@-1", "mae@3"})
      expect(complaint({"--set", std::string(option) + "=" + name}),
             std::string(option) + " = '" + name + "': is none of: mae, mse, rmse, accuracy, log-loss, ");
  }
  EXPECT_EQ(complaint({"--set", "evaluate.measures=mae, ndcg@17,auc"}), "");
}

TEST_F(HostileOptionsTest, OptionsOfAPartThatIsNotChosenAreRefusedWithThePart) {
  const auto refused = [](const std::string& choice, const std::string& option, const std::string& part) {
    const auto message = complaint({"--set", choice, "--set", option});
    expect(message, option.substr(0, option.find('=')) + " belongs to " + part);
  };
  refused("model.network=mf", "model.embedding=8",
          "model.network = two-tower or mlp or content or deepfm or din or entity-towers; it is 'mf' here");
  refused("model.network=mf", "model.tower=8",
          "model.network = two-tower or mlp or deepfm or din or entity-towers; it is 'mf' here");
  refused("model.network=mlp", "model.features=8",
          "model.network = two-tower or mf or entity-towers; it is 'mlp' here");
  refused("model.objective=binary", "model.absolute=1", "model.objective = squared; it is 'binary' here");
  refused("adapt.readout=matching", "adapt.contrast=2", "adapt.readout = siamese; it is 'matching' here");
  refused("adapt.stages=steps", "model.prior=8", "adapt.stages = prior or task-memory; it is 'steps' here");
  for (const auto* option : {"inner.steps=1", "inner.scope=all", "inner.second-order=false", "inner.rates=fixed",
                             "inner.rate=1", "inner.tower-rate=1", "inner.kappa=1", "inner.pull=1",
                             "inner.tower-pull=1", "inner.warp=true", "inner.form=weights"})
    refused("adapt.stages=prior", option, "adapt.stages = steps; it is 'prior' here");
  refused(
      "adapt.stages=prior", "train.inner-rate-factor=2",
      "adapt.stages = support-encoder or task-memory or steps or ridge or kernel or prototypes; it is 'prior' here");
  refused("adapt.stages=prior,ridge", "adapt.kernel=8", "adapt.stages = kernel; it is 'prior, ridge' here");
  refused("adapt.stages=prior,ridge", "adapt.encoder=8", "adapt.stages = support-encoder; it is 'prior, ridge' here");
  refused("adapt.stages=prior,ridge", "adapt.recurrent=8", "adapt.stages = gru or lstm; it is 'prior, ridge' here");
  refused("adapt.stages=prior,ridge", "adapt.task-memory=8", "adapt.stages = task-memory; it is 'prior, ridge' here");
  refused("adapt.stages=prior,steps", "adapt.leave-one-out=2",
          "adapt.stages = ridge or kernel; it is 'prior, steps' here");
}

TEST_F(HostileOptionsTest, OptionsThatDoNotGoTogetherAreRefused) {
  const auto refused = [](auto change) {
    Configuration c;
    c.run = c.data.dataset = "x";
    check(c, 1);
    change(c);
    EXPECT_THROW(check(c, 1), UsageError);
  };
  refused([&](Configuration& c) { c.train.microbatches = 6; });
  refused([&](Configuration& c) { c.train.tasks = 4; });
  refused([&](Configuration& c) { c.train.loss_limit = 0.5; });
  refused([&](Configuration& c) { c.train.epochs = 0; });
  refused([&](Configuration& c) { c.model.adapt.inner.kappa = 0; });
  refused([&](Configuration& c) { c.evaluate.support = {}; });
  for (const auto* size : {"1e1", "1.9", "-1", "01", "+1", "", " 1", "4294967296", "none"})
    refused([&](Configuration& c) { c.evaluate.support = {size}; });
  refused([&](Configuration& c) { c.evaluate.support = {"1", "all", "1"}; });
  refused([&](Configuration& c) { c.evaluate.measures = {{MeasureKind::kMae}, {MeasureKind::kMae}}; });
}

}  // namespace
}  // namespace warmstart
