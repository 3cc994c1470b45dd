#include "trainer/model_options.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"

namespace warmstart {

void check(const ModelOptions& options) {
  const auto& inner = options.inner;
  for (const double value : {options.absolute, inner.rate, inner.tower_rate, inner.kappa, inner.pull})
    require(std::isfinite(value), "model.absolute, inner.rate, tower-rate, kappa and pull must be finite numbers");
  require(options.embedding > 0 && options.features > 0 && options.prior > 0,
          "model.embedding, features and prior must be at least 1");
  require(std::all_of(options.tower.begin(), options.tower.end(), [](auto width) { return width > 0; }),
          "model.tower: widths must be at least 1");
  require(options.absolute >= 0, "model.absolute must not be negative");
  require(inner.steps >= 0, "inner.steps must not be negative");
  require(inner.rate > 0 && inner.tower_rate > 0, "inner.rate and inner.tower-rate must be above 0");
  // Where they are learned, they are kept positive by softplus, which has no way to 0.
  const bool learned = inner.rates != InnerRates::kFixed;
  require(learned ? inner.kappa > 0 && inner.pull > 0 : inner.kappa >= 0 && inner.pull >= 0,
          learned ? "inner.kappa and inner.pull must be above 0 where rates are learned"
                  : "inner.kappa and inner.pull must not be negative");
}

nlohmann::json to_json(const ModelOptions& options) {
  const auto& inner = options.inner;
  return {{"base_learner", "two-tower"},
          {"embedding", options.embedding},
          {"tower", options.tower},
          {"features", options.features},
          {"prior", options.prior},
          {"loss", options.loss},
          {"absolute", options.absolute},
          {"inner",
           {{"steps", inner.steps},
            {"scope", inner.scope},
            {"second_order", inner.second_order},
            {"rates", inner.rates},
            {"rate", inner.rate},
            {"tower_rate", inner.tower_rate},
            {"kappa", inner.kappa},
            {"pull", inner.pull},
            {"form", inner.form}}}};
}

ModelOptions model_options_from_json(nlohmann::json json) {
  json.at("inner").emplace("form", Form::kAuto);  // older checkpoints do not say
  const auto& inner = json.at("inner");
  ModelOptions options = {.embedding = json.at("embedding"),
                          .tower = json.at("tower"),
                          .features = json.at("features"),
                          .prior = json.at("prior"),
                          .loss = json.at("loss"),
                          .absolute = json.at("absolute"),
                          .inner = {.steps = inner.at("steps"),
                                    .scope = inner.at("scope"),
                                    .second_order = inner.at("second_order"),
                                    .rates = inner.at("rates"),
                                    .rate = inner.at("rate"),
                                    .tower_rate = inner.at("tower_rate"),
                                    .kappa = inner.at("kappa"),
                                    .pull = inner.at("pull"),
                                    .form = inner.at("form")}};
  // A name that nobody knows would read as the first of its kind.
  if (to_json(options) != json) throw DataError("its model options are not those of this version of Warmstart");
  return options;
}

}  // namespace warmstart
