#include "trainer/learner/model_options.h"

#include <set>

#include "base/errors.h"
#include "base/ini_file.h"
#include "trainer/learner/methods.h"

namespace warmstart {

void declare(Options& add, ModelOptions& options) {
  declare(add, options.network);
  declare(add, options.objective);
  declare(add, options.adapt);
}

ModelOptions model_options_of(const std::string& resolved) {
  ModelOptions options;
  Options list;
  declare(list, options);
  std::vector<std::string> settings;
  std::set<std::string> told;
  for (const auto& entry : parse_ini(section_of(resolved, {"model", "adapt", "inner"}), "configuration")) {
    settings.insert(settings.end(), {"--set", entry.key + "=" + entry.value});
    told.insert(entry.key);
  }
  list.parse(settings, {});
  for (const auto& option : list.list())
    if (option.formerly && !told.contains(option.key)) option.assign(*option.formerly, option.range);
  return options;
}

void check(const ModelOptions& options) {
  if (const auto refusal = refusal_of(options)) throw UsageError(refusal->reason + "; " + refusal->remedy);
  const bool learns_noise = options.objective.kind == ObjectiveKind::kSquared && options.adapt.likelihood > 0;
  require(!options.adapt.row_noise || learns_noise,
          "adapt.row-noise weighs rows by their noise, and none is learned: it wants model.objective = squared and "
          "adapt.likelihood above 0");
  const auto& inner = options.adapt.inner;
  // Where they are learned, they are kept positive by softplus, which has no way to 0.
  require(inner.rates == InnerRates::kFixed || (inner.kappa > 0 && inner.pull > 0),
          "inner.kappa and inner.pull must be above 0 where rates are learned");
}

}  // namespace warmstart
