#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace warmstart {

// What a file that `evaluate` wrote says: each model's mean measures by support size.
class EvaluationFile {
 public:
  // Throws DataError "<where>: ..." for anything else than a whole table.
  EvaluationFile(const nlohmann::json& evaluation, const std::string& where);

  std::int64_t tasks() const { return tasks_; }
  const std::string& task() const { return task_; }  // user or item
  const std::vector<std::string>& models() const { return models_; }
  const std::vector<std::string>& supports() const { return supports_; }
  // At least one: those that the file says are shown; of a file that says nothing, mae, rmse, ndcg@1 and ndcg@5.
  const std::vector<std::string>& measures() const { return measures_; }
  // Of one of measures(); not a number where it was undefined.
  double value(const std::string& model, const std::string& support, const std::string& measure) const;

 private:
  void read_measures(const nlohmann::json& protocol);
  void add(const nlohmann::json& result);
  void check_is_whole() const;

  std::string where_, task_;
  std::int64_t tasks_ = 0;
  std::vector<std::string> measures_;
  std::vector<std::string> models_, supports_;  // as they first come
  std::map<std::tuple<std::string, std::string, std::string>, double> values_;
};

}  // namespace warmstart
