#include "trainer/learner/model_options.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/errors.h"
#include "base/json.h"

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
  object_at(json, "inner");
  json["inner"].emplace("form", Form::kAuto);  // older checkpoints do not say
  const auto& inner = json["inner"];
  ModelOptions options = {
      .embedding = integer_at(json, "embedding"),
      .features = integer_at(json, "features"),
      .prior = integer_at(json, "prior"),
      .loss = member(json, "loss"),
      .absolute = number_at(json, "absolute"),
      .inner = {.steps = static_cast<int>(integer_at(inner, "steps", 0, std::numeric_limits<int>::max())),
                .scope = member(inner, "scope"),
                .second_order = flag_at(inner, "second_order"),
                .rates = member(inner, "rates"),
                .rate = number_at(inner, "rate"),
                .tower_rate = number_at(inner, "tower_rate"),
                .kappa = number_at(inner, "kappa"),
                .pull = number_at(inner, "pull"),
                .form = member(inner, "form")}};
  options.tower.clear();
  for (const auto& width : list_at(json, "tower")) options.tower.push_back(as_integer(width, "'tower'"));
  // A name that nobody knows would read as the first of its kind.
  if (to_json(options) != json) throw DataError("its model options are not those of this version of Warmstart");
  return options;
}

}  // namespace warmstart
