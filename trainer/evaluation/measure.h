#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <string>

namespace warmstart {

// By what validation tells which parameters are best.
enum class Measure { kMae, kMse, kRmse, kNdcg1, kNdcg3, kNdcg5, kLogLoss };

inline constexpr std::array kAllMeasures = {Measure::kMae,   Measure::kMse,   Measure::kRmse,   Measure::kNdcg1,
                                            Measure::kNdcg3, Measure::kNdcg5, Measure::kLogLoss};

// Their names in configurations and reports.
NLOHMANN_JSON_SERIALIZE_ENUM(Measure, {{Measure::kMae, "mae"},
                                       {Measure::kMse, "mse"},
                                       {Measure::kRmse, "rmse"},
                                       {Measure::kNdcg1, "ndcg@1"},
                                       {Measure::kNdcg3, "ndcg@3"},
                                       {Measure::kNdcg5, "ndcg@5"},
                                       {Measure::kLogLoss, "log-loss"}})

std::string name_of(Measure measure);
std::string title_of(Measure measure);  // as people write it: MAE, nDCG@3

// Of errors and losses the lower is better, of nDCG the higher.
bool higher_is_better(Measure measure);

// Whether `value` is strictly better than `other`; never if one is not a number.
bool is_better(Measure measure, double value, double other);

// Throws UsageError when labels of this range cannot be judged by the measure.
void check(Measure measure, double label_min, double label_max);

}  // namespace warmstart
