#include "app/evaluation_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "app/report.h"
#include "base/errors.h"

namespace warmstart {
namespace {

nlohmann::json result(const nlohmann::json& model, const nlohmann::json& support) {
  return {{"model", model}, {"support", support}, {"mae", 0.5}, {"rmse", 0.7}, {"ndcg@1", 0.8}, {"ndcg@5", 0.9}};
}

nlohmann::json evaluation(const std::vector<nlohmann::json>& results) {
  return {{"protocol", {{"tasks", 3}, {"task", "user"}}}, {"results", results}};
}

std::string complaint(const nlohmann::json& json) {
  try {
    EvaluationFile(json, "e.json");
    return "";
  } catch (const DataError& error) {
    return error.what();
  }
}

TEST(EvaluationFile, ReadsModelsAndSupportsInTheirOrder) {
  auto unknown = result("bias", 0);
  unknown["mae"] = nullptr;
  const EvaluationFile file(evaluation({unknown, result("bias", "all"), result("als", 0), result("als", "all")}), "e");
  EXPECT_EQ(file.models(), (std::vector<std::string>{"bias", "als"}));
  EXPECT_EQ(file.supports(), (std::vector<std::string>{"0", "all"}));
  EXPECT_TRUE(std::isnan(file.value("bias", "0", "mae")));
  EXPECT_EQ(file.value("als", "all", "ndcg@5"), 0.9);
  EXPECT_NE(table(file, "mae").find("<td>bias</td><td>-</td><td>0.5000</td>"), std::string::npos) << table(file, "mae");
}

TEST(EvaluationFile, SaysWhatIsWrong) {
  EXPECT_NE(complaint(nullptr).find("e.json: its content: wanted an object"), std::string::npos);
  EXPECT_NE(complaint({{"protocol", 1}}).find("'protocol': wanted an object"), std::string::npos);
  EXPECT_NE(complaint({{"protocol", {{"tasks", 1}, {"task", 7}}}}).find("'task': wanted a text, found 7"),
            std::string::npos);
  EXPECT_NE(complaint({{"protocol", {{"tasks", -1}, {"task", "user"}}}}).find("'tasks': wanted a whole number"),
            std::string::npos);
  EXPECT_NE(complaint(evaluation({result(nullptr, 0)})).find("'model': wanted a text"), std::string::npos);
  EXPECT_NE(complaint(evaluation({result("a", 1.5)})).find("'support': wanted a whole number"), std::string::npos);
  EXPECT_NE(complaint(evaluation({result("a", 0), result("a", "0")})).find("has two results of 'a'"),
            std::string::npos);
  EXPECT_NE(complaint(evaluation({result("a", 0), result("a", 1), result("b", 0)}))
                .find("has no result of 'b' for support '1'"),
            std::string::npos);
  auto text = result("a", 0);
  text["mae"] = "low";
  EXPECT_NE(complaint(evaluation({text})).find("'mae': wanted a number"), std::string::npos);
}

TEST(EvaluationFile, ItsWordsAreEscapedInTheReport) {
  const EvaluationFile file(evaluation({result("<b onclick='x' title=\"y\">&", "<i>")}), "e");
  const auto html = page("<title>", table(file, "mae"));
  EXPECT_NE(html.find("&lt;b onclick=&#39;x&#39; title=&quot;y&quot;&gt;&amp;"), std::string::npos) << html;
  EXPECT_EQ(html.find("<i>"), std::string::npos);
  EXPECT_EQ(html.find("<title><title>"), std::string::npos);
}

}  // namespace
}  // namespace warmstart
