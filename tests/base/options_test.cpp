#include "base/options.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

enum class Scope { kHead, kDense, kAll };
NLOHMANN_JSON_SERIALIZE_ENUM(Scope, {{Scope::kHead, "head"}, {Scope::kDense, "dense"}, {Scope::kAll, "all"}})

struct Settings {
  std::int64_t shards = 4, steps = 0, tasks = 64, inner_steps = 3;
  std::uint64_t seed = 0;
  double epochs = 12;
  std::optional<double> label_max;
  std::filesystem::path run;
  std::vector<std::string> files;
  std::vector<std::int64_t> tower = {64};
  Scope scope = Scope::kHead;
  std::vector<std::string> stages = {"prior", "steps"};
  double rate = 0.3, ridge = 1;
};

void declare(Options& add, Settings& settings) {
  add.add("data.shards", settings.shards, "files").from(1);
  add.add("data.files", settings.files, "tables");
  add.add("model.tower", settings.tower, "widths").from(1);
  add.add("inner.steps", settings.inner_steps, "inner steps").from(0);
  add.add("inner.scope", settings.scope, "what adapts");
  add.add("inner.rate", settings.rate, "rate").only_with("adapt.stages", {"steps", "encoder"});
  add.add("inner.ridge", settings.ridge, "ridge").only_with("inner.scope", {"head"});
  add.add("adapt.stages", settings.stages, "stages");
  add.add("train.run", settings.run, "folder of the run");
  add.add("train.steps", settings.steps, "meta-steps").from(0);
  add.add("train.epochs", settings.epochs, "passes").from(0).to(1e6).unit("passes");
  add.add("train.tasks", settings.tasks, "tasks").from(1);
  add.add("train.seed", settings.seed, "of everything random");
  add.add("data.label-max", settings.label_max, "largest label");
  add.renamed("train.passes", "train.epochs");
  add.renamed("model.loss", "model.objective");
}

// A list of options over its own settings.
struct Parsed {
  explicit Parsed(const std::vector<std::string>& arguments) {
    declare(options, settings);
    line = options.parse(arguments, {.own_section = "train", .flags = {}});
  }
  Settings settings;
  Options options;
  Options::CommandLine line;
};

class OptionsTest : public testing::Test {
 protected:
  static std::string complaint(const std::vector<std::string>& arguments) {
    try {
      Parsed parsed(arguments);
      return "";
    } catch (const UsageError& error) {
      return error.what();
    }
  }
  std::string ini(const std::string& text) { return folder.write("a.ini", text).string(); }
  std::string complaint_of_ini(const std::string& text) { return complaint({"--config", ini(text)}); }
  static void expect(const std::string& message, const std::string& phrase) {
    EXPECT_NE(message.find(phrase), std::string::npos) << message;
  }
  TemporaryFolder folder;
};

TEST_F(OptionsTest, CommandLineBeatsSetBeatsIni) {
  const Parsed parsed({"--config", ini("[train]\nsteps = 1\ntasks = 11\nseed = 21\n"), "--set", "train.tasks=12",
                       "--set", "train.steps=2", "--steps", "3"});
  EXPECT_EQ(parsed.settings.steps, 3);
  EXPECT_EQ(parsed.settings.tasks, 12);
  EXPECT_EQ(parsed.settings.seed, 21u);
}

TEST_F(OptionsTest, TheResolvedConfigurationReadsBackTheSame) {
  const Parsed parsed({"--set", "model.tower=32, 16", "--set", "inner.scope=dense", "--set", "data.label-max=5",
                       "--set", "data.files=a.csv,b*.csv"});
  const auto resolved = parsed.options.resolved();
  const Parsed again({"--config", ini(resolved)});
  EXPECT_EQ(again.options.resolved(), resolved);
  EXPECT_EQ(again.settings.tower, (std::vector<std::int64_t>{32, 16}));
  EXPECT_EQ(again.settings.scope, Scope::kDense);
  EXPECT_EQ(again.settings.label_max, 5.0);
  EXPECT_EQ(again.settings.files.size(), 2u);
}

TEST_F(OptionsTest, UnknownKeysNameTheNearestRightOne) {
  expect(complaint({"--epoch", "3"}), "did you mean 'train.epochs'");
  expect(complaint({"--set", "inner.step=3"}), "did you mean 'inner.steps'");
  const auto message = complaint_of_ini("[data]\nshard = 4\n");
  expect(message, "a.ini:2: ");
  expect(message, "did you mean 'data.shards'");
}

TEST_F(OptionsTest, UnknownKeysNameTheOneThatGoesOnBehindThem) {
  for (const std::string key : {"data.label", "model.label"})
    expect(complaint({"--set", key + "=3"}), "unknown option '" + key + "'; did you mean 'data.label-max'?");
}

TEST_F(OptionsTest, OfEquallyNearKeysTheCommandsOwnIsNamed) {
  expect(complaint({"--stps", "3"}), "did you mean 'train.steps'");
}

TEST_F(OptionsTest, BadValuesNameTheKey) {
  expect(complaint({"--steps", "many"}), "train.steps = 'many': wants a number");
  expect(complaint({"--steps", "1.5"}), "wants a whole number");
  expect(complaint({"--seed", "-1"}), "wants a whole number from 0");
  expect(complaint({"--epochs", "-1"}), "train.epochs = '-1': wants a number from 0 to 1000000 passes");
  expect(complaint({"--set", "inner.scope=body"}), "inner.scope = 'body': is none of: head, dense, all");
  expect(complaint({"--config", "/nowhere.ini"}), "/nowhere.ini: no such configuration file");
}

TEST_F(OptionsTest, ARenamedKeyIsRefusedByItsNewNameWhereverItIsSet) {
  const std::string loss = "model.loss is called model.objective now",
                    passes = "train.passes is called train.epochs now";
  expect(complaint({"--model.loss", "binary"}), loss);
  expect(complaint({"--set", "model.loss=binary"}), "--set model.loss=binary: " + loss);
  expect(complaint_of_ini("[model]\nloss = binary\n"), "a.ini:2: " + loss);
  expect(complaint({"--passes", "3"}), passes);
  expect(complaint({"--passes=3"}), passes);
}

TEST_F(OptionsTest, AnOptionOfAnotherChoiceIsRefusedByName) {
  const auto rate = "inner.rate belongs to adapt.stages = steps or encoder; it is 'prior' here";
  expect(complaint({"--inner.rate", "1", "--adapt.stages", "prior"}), std::string("--inner.rate 1: ") + rate);
  expect(complaint_of_ini("[inner]\nrate = 1\n[adapt]\nstages = prior\n"), std::string("a.ini:2: ") + rate);
  expect(complaint({"--set", "inner.ridge=2", "--set", "inner.scope=all"}),
         "inner.ridge belongs to inner.scope = head; it is 'all' here");
  expect(complaint({"--inner.rate", "1", "--adapt.stages", ""}), "it is '' here");
}

TEST_F(OptionsTest, AnOptionOfTheChoiceMadeIsTaken) {
  EXPECT_EQ(complaint({"--inner.rate", "1", "--inner.ridge", "2"}), "");
  EXPECT_EQ(complaint({"--inner.rate", "1", "--adapt.stages", "prior,encoder"}), "");
}

TEST_F(OptionsTest, AResolvedConfigurationOfAnotherChoiceReadsBack) {
  const Parsed parsed({"--adapt.stages", "prior", "--inner.scope", "all"});
  EXPECT_EQ(complaint_of_ini(parsed.options.resolved()), "");
  EXPECT_EQ(complaint({"--inner.rate", "0.30", "--adapt.stages", "prior"}), "");
}

TEST_F(OptionsTest, AResolvedConfigurationHoldsEachSectionOnce) {
  const auto resolved = Parsed({}).options.resolved();
  EXPECT_EQ(resolved.find("[data]"), resolved.rfind("[data]"));
  EXPECT_NE(resolved.find("files = \nlabel-max = \n\n[model]"), std::string::npos) << resolved;
}

TEST_F(OptionsTest, AKeyGivenTwiceNamesBothPlaces) {
  expect(complaint({"--seed", "1", "--train.seed", "2"}),
         "train.seed is given twice, by '--seed 1' and '--train.seed 2'");
  expect(complaint({"--set", "train.seed=1", "--set", "train.seed=2"}),
         "train.seed is given twice, by '--set train.seed=1' and '--set train.seed=2'");
  expect(complaint_of_ini("[train]\nseed = 1\n\n[inner]\nsteps = 3\n[train]\nseed = 2\n"),
         "a.ini:7: train.seed is given twice: here and in line 2");
  expect(complaint({"--config", "a", "--config", "b"}), "--config is given twice");
}

TEST_F(OptionsTest, StrayWordsAreRefused) {
  expect(complaint({"extra", "words"}), "'extra' belongs to no option");
  EXPECT_EQ(complaint({"extra"}).find("--set"), std::string::npos);
  expect(complaint({"train.steps=5"}), "'train.steps=5' belongs to no option; did you forget --set before it?");
  expect(complaint({"--", "--steps"}), "'--steps' belongs to no option");
  expect(complaint({"--json"}), "takes no --json");
  expect(complaint({"--set-grid", "train.steps=1,2"}), "takes no --set-grid");
}

TEST_F(OptionsTest, ErrorsOfAnIniNameTheLine) {
  expect(complaint_of_ini("[train]\n\nsteps\n"), "a.ini:3: 'steps' is none of: [section], name = value, # comment");
  expect(complaint_of_ini("[train]\nsteps = many\n"), "a.ini:2: train.steps = 'many'");
  expect(complaint_of_ini("[train]\nstps = 3\n"), "a.ini:2: unknown option 'train.stps'; did you mean 'train.steps'?");
  expect(complaint_of_ini("steps = 3\n"), "a.ini:1: unknown option 'steps'; did you mean 'train.steps'?");
  expect(complaint_of_ini("[train\n"), "a.ini:1: '[train'");
  expect(complaint_of_ini("= 3\n"), "a.ini:1: ");
}

TEST_F(OptionsTest, WhatIsNoTextIsRefusedOnOneShortLine) {
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

TEST_F(OptionsTest, ValuesThatAnIniCannotHoldAreRefused) {
  expect(complaint({"--run", "a\nb"}), "holds a line break or another control character");
  expect(complaint({"--run", "a #b"}), "starts a comment");
  EXPECT_EQ(complaint({"--run", "a#b; c"}), "");
}

}  // namespace
}  // namespace warmstart
