// What nobody means: each is refused by name, naming the place.

#include <gtest/gtest.h>

#include <climits>

#include "app/configuration.h"
#include "app/ini_file.h"
#include "base/errors.h"
#include "tests/support/temporary_folder.h"

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
  std::string complaint_of_ini(const std::string& text) {
    return complaint({"--config", folder.write("a.ini", text).string()});
  }
  static void expect(const std::string& message, const std::string& phrase) {
    EXPECT_NE(message.find(phrase), std::string::npos) << message;
  }
  TemporaryFolder folder;
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
        "rollbacks", "hang-seconds", "inner-rate-factor", "bucket-megabytes"})
    expect(complaint({"--set", std::string("train.") + option + "=-1"}),
           std::string("train.") + option + " = '-1': wants a");
  expect(complaint({"--set", "model.tower=8,-3"}), "model.tower = '8,-3': wants a whole number from 1");
  expect(complaint({"--set", "model.tower=" + std::string(500, '8') + ",8"}), "model.tower = '");
  std::string many = "1";
  for (int i = 0; i < 64; ++i) many += ",1";
  expect(complaint({"--set", "model.tower=" + many}), "wants at most 64 items");
}

TEST_F(HostileOptionsTest, AKeyGivenTwiceNamesBothPlaces) {
  expect(complaint({"--seed", "1", "--train.seed", "2"}),
         "train.seed is given twice, by '--seed 1' and '--train.seed 2'");
  expect(complaint({"--set", "train.seed=1", "--set", "train.seed=2"}),
         "train.seed is given twice, by '--set train.seed=1' and '--set train.seed=2'");
  expect(complaint_of_ini("[train]\nseed = 1\n\n[model]\nprior = 3\n[train]\nseed = 2\n"),
         "a.ini:7: train.seed is given twice: here and in line 2");
  expect(complaint({"--config", "a", "--config", "b"}), "--config is given twice");
}

TEST_F(HostileOptionsTest, StrayWordsAreRefused) {
  expect(complaint({"extra", "words"}), "'extra' belongs to no option");
  EXPECT_EQ(complaint({"extra"}).find("--set"), std::string::npos);
  expect(complaint({"train.steps=5"}), "'train.steps=5' belongs to no option; did you forget --set before it?");
  expect(complaint({"--", "--steps"}), "'--steps' belongs to no option");
  expect(complaint({"--json"}), "takes no --json");
  expect(complaint({"--set-grid", "train.steps=1,2"}), "takes no --set-grid");
}

TEST_F(HostileOptionsTest, CommentsAndAByteOrderMarkAreUnderstood) {
  EXPECT_EQ(complaint_of_ini("\xef\xbb\xbf; a comment\r\n[train]\r\n  # another\r\nseed = 7 # a third\r\n\r\n"), "");
  const auto entries = parse_ini("\xef\xbb\xbf[train]\r\nrun = a#b ; c # d\r\n", "a");
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].key, "train.run");
  EXPECT_EQ(entries[0].value, "a#b ; c");
  EXPECT_EQ(entries[0].line, 2u);
}

TEST_F(HostileOptionsTest, ErrorsOfAnIniNameTheLine) {
  expect(complaint_of_ini("[train]\n\nsteps\n"), "a.ini:3: 'steps' is none of: [section], name = value, # comment");
  expect(complaint_of_ini("[train]\nsteps = many\n"), "a.ini:2: train.steps = 'many'");
  expect(complaint_of_ini("[train]\nstps = 3\n"), "a.ini:2: unknown option 'train.stps'; did you mean 'train.steps'?");
  expect(complaint_of_ini("steps = 3\n"), "a.ini:1: unknown option 'steps'; did you mean 'train.steps'?");
  expect(complaint_of_ini("[train\n"), "a.ini:1: '[train'");
  expect(complaint_of_ini("= 3\n"), "a.ini:1: ");
}

TEST_F(HostileOptionsTest, WhatIsNoTextIsRefusedOnOneShortLine) {
  using namespace std::string_literals;
  const std::string texts[] = {
      "\x7f"
      "ELF\0\0\n\xff\xfe"s,
      "\xff\xfe[\0t\0r\0"s,
      std::string(3 << 20, 'x'),
      "[train]\nseed = \x1b[2J1\n",
      "[" + std::string(1 << 19, '[') + "\n",
      std::string(1 << 19, '=') + "\n",
      std::string(1 << 19, 'k') + " = 1\n",
      "[train]\nseed = " + std::string(1 << 19, '1') + "\n"};
  for (const auto& text : texts) {
    const auto message = complaint_of_ini(text);
    expect(message, "a.ini");
    EXPECT_LT(message.size(), 700u);
    for (const char c : message) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << message;
  }
  expect(complaint({"--config", folder.path().string()}), "no such configuration file, or it cannot be read");
  expect(complaint({"--config", "/dev/zero"}), "/dev/zero: is longer than");
}

TEST_F(HostileOptionsTest, ValuesThatAnIniCannotHoldAreRefused) {
  expect(complaint({"--run", "a\nb"}), "holds a line break or another control character");
  expect(complaint({"--run", "a #b"}), "starts a comment");
  EXPECT_EQ(complaint({"--run", "a#b; c"}), "");
}

TEST_F(HostileOptionsTest, LibraryCallersAreChecked) {
  const auto refused = [](auto change) {
    Configuration c;
    c.run = c.data.dataset = "x";
    check(c, 1);
    change(c);
    EXPECT_THROW(check(c, 1), UsageError);
  };
  const double nan = std::nan("");
  refused([&](Configuration& c) { c.train.epochs = nan; });
  refused([&](Configuration& c) { c.train.epochs = 1e300; });
  refused([&](Configuration& c) { c.train.steps = -1; });
  refused([&](Configuration& c) { c.train.adam.rate = nan; });
  refused([&](Configuration& c) { c.train.adam.clip_norm = -1; });
  refused([&](Configuration& c) { c.train.adam.network_l2 = nan; });
  refused([&](Configuration& c) { c.train.adam.warmup = -1; });
  refused([&](Configuration& c) { c.train.patience = -1; });
  refused([&](Configuration& c) { c.train.episode.support_common_share = 5; });
  refused([&](Configuration& c) { c.train.episode.support_common = {LLONG_MAX}; });
  refused([&](Configuration& c) { c.train.episode.query_max = LLONG_MAX; });
  refused([&](Configuration& c) { c.model.inner.kappa = nan; });
  refused([&](Configuration& c) { c.evaluate.support = {}; });
  for (const auto* size : {"1e1", "1.9", "-1", "01", "+1", "", " 1", "4294967296", "none"})
    refused([&](Configuration& c) { c.evaluate.support = {size}; });
  refused([&](Configuration& c) { c.evaluate.support = {"1", "all", "1"}; });
  refused([&](Configuration& c) { c.evaluate.query = LLONG_MAX; });
}

}  // namespace
}  // namespace warmstart
