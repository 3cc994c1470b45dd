#include "trainer/learner/model_options.h"

#include "base/errors.h"
#include "trainer/learner/methods.h"

namespace warmstart {

void check(const ModelOptions& options) {
  if (const auto refusal = refusal_of(options)) throw UsageError(refusal->reason + "; " + refusal->remedy);
  const auto& inner = options.adapt.inner;
  // Where they are learned, they are kept positive by softplus, which has no way to 0.
  require(inner.rates == InnerRates::kFixed || (inner.kappa > 0 && inner.pull > 0),
          "inner.kappa and inner.pull must be above 0 where rates are learned");
}

}  // namespace warmstart
