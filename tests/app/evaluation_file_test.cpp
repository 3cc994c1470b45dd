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
  EXPECT_EQ(file.measures(), (std::vector<std::string>{"mae", "rmse", "ndcg@1", "ndcg@5"}));
  EXPECT_NE(table(file, "mae").find("<td>bias</td><td>-</td><td>0.5000</td>"), std::string::npos) << table(file, "mae");
}

TEST(EvaluationFile, ShowsTheMeasuresThatItNames) {
  auto json = evaluation({{{"model", "bias"}, {"support", 0}, {"auc", 0.75}, {"recall@20", nullptr}}});
  json["protocol"]["measures"] = {"auc", "recall@20", "auc"};
  const EvaluationFile file(json, "e");
  EXPECT_EQ(file.measures(), (std::vector<std::string>{"auc", "recall@20"}));
  EXPECT_EQ(file.value("bias", "0", "auc"), 0.75);
  EXPECT_TRUE(std::isnan(file.value("bias", "0", "recall@20")));
  EXPECT_EQ(support_plot(file).y_label, "auc");
  json["protocol"]["measures"] = nlohmann::json::array();
  EXPECT_NE(complaint(json).find("'measures' lists none"), std::string::npos);
  json["protocol"]["measures"] = {1};
  EXPECT_NE(complaint(json).find("'measures' lists what is no text"), std::string::npos);
  json["protocol"]["measures"] = {"mae"};
  EXPECT_NE(complaint(json).find("mae"), std::string::npos);
}

TEST(EvaluationFile, ValidationsAreDrawnByAnyMeasure) {
  const std::vector<nlohmann::json> metrics = {{{"step", 1}, {"validation_map@7", 0.5}},
                                               {{"step", 2}, {"validation_map@7", 0.75}, {"loss", 1}},
                                               {{"step", 3}, {"validation_of_another_kind", 9}}};
  const auto series = validations_of(metrics);
  ASSERT_EQ(series.size(), 1u);
  EXPECT_EQ(series[0].name, "MAP@7");
  EXPECT_EQ(series[0].points, (std::vector<std::pair<double, double>>{{1, 0.5}, {2, 0.75}}));
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
