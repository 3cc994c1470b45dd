#include "app/plot.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace warmstart {
namespace {

// What would be a command for gnuplot or its shell, or end a text of its script or of the SVG.
std::vector<std::string> hostile_names(const std::string& marker) {
  const auto touch = "touch " + marker;
  return {"`" + touch + "`",
          "\"\nsystem('" + touch + "')\n",
          "x\"; system \"" + touch + "\"; #",
          "\\\"\n!" + touch + "\n",
          "@macro $(" + touch + ")",
          "<script>alert(1)</script>",
          "a & b ' \" </text>",
          "caf\xe9 \x1b[2J"};
}

Plot plot_of(const std::string& name) {
  return {name, name, name, {{name, {{0, 1}, {1, 2}}}, {name + "2", {{0, 2}, {1, 1}}}}, {{0, name}, {1, "all"}}};
}

TEST(Plot, RunsNothingThatANameSays) {
  const TemporaryFolder folder;
  const auto marker = folder.path() / "ran";
  for (const auto& name : hostile_names(marker.string())) {
    const auto drawn = svg(plot_of(name));
    EXPECT_FALSE(std::filesystem::exists(marker)) << name;
    EXPECT_EQ(drawn.find("<script"), std::string::npos) << name;
    EXPECT_EQ(drawn.find('\x1b'), std::string::npos) << name;
    EXPECT_NE(drawn.find("</svg>"), std::string::npos) << name;
  }
}

TEST(Plot, ShowsNamesAsTheyAre) {
  const auto drawn = svg(plot_of("a <b> & \"c\" 東京"));
  EXPECT_NE(drawn.find(">a &lt;b&gt; &amp; &quot;c&quot; 東京<"), std::string::npos) << drawn;
  EXPECT_NE(drawn.find(">a &lt;b&gt; &amp; &quot;c&quot; 東京2<"), std::string::npos);
  EXPECT_NE(drawn.find(">all<"), std::string::npos);
  // No stand-in is left.
  EXPECT_EQ(drawn.find("\xee\x80"), std::string::npos) << drawn;
}

TEST(Plot, CutsLongNames) {
  const auto drawn = svg(plot_of(std::string(1000, 'x')));
  EXPECT_EQ(drawn.find(std::string(41, 'x')), std::string::npos);
  EXPECT_NE(drawn.find(std::string(40, 'x') + "…"), std::string::npos);
}

TEST(Plot, WithoutPointsSaysSo) {
  const auto drawn = svg({"Validation <1>", "step", "MAE", {{"MAE", {}}}, {}});
  EXPECT_EQ(drawn, "<p>Validation &lt;1&gt;: there is nothing to draw yet</p>\n");
  EXPECT_NE(svg({"one", "x", "y", {{"MAE", {{5, 1}}}}, {}}).find("</svg>"), std::string::npos);
}

TEST(Plot, LeavesNothingInTheFolderForTemporaryFiles) {
  const TemporaryFolder folder;
  const char* before = std::getenv("TMPDIR");
  const std::string was = before ? before : "";
  setenv("TMPDIR", folder.path().c_str(), 1);
  svg(plot_of("a"));
  was.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", was.c_str(), 1);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace warmstart
