#include "trainer/adaptation/make_stages.h"

#include "trainer/adaptation/gru.h"
#include "trainer/adaptation/kernel.h"
#include "trainer/adaptation/lstm.h"
#include "trainer/adaptation/modulation.h"
#include "trainer/adaptation/prior.h"
#include "trainer/adaptation/prototypes.h"
#include "trainer/adaptation/recurrent.h"
#include "trainer/adaptation/ridge.h"
#include "trainer/adaptation/shared_start.h"
#include "trainer/adaptation/steps.h"
#include "trainer/adaptation/support_encoder.h"
#include "trainer/adaptation/support_readout.h"
#include "trainer/adaptation/task_memory.h"
#include "trainer/adaptation/zero_start.h"

namespace warmstart {
namespace {

std::unique_ptr<Stage> make_stage(StageKind kind, const StageParts& parts) {
  const auto& [options, layout, outputs, features, inputs, noise, modulation, rule, draw, parameters, tables] = parts;
  if (kind == StageKind::kPrior)
    return std::make_unique<Prior>(layout, options.prior, outputs, features, draw, parameters, tables);
  if (kind == StageKind::kPrototypes) return std::make_unique<Prototypes>(features, outputs, draw, parameters);
  if (kind == StageKind::kSupportEncoder)
    return std::make_unique<SupportEncoder>(features, inputs, options.encoder, draw, parameters);
  if (kind == StageKind::kGru)
    return std::make_unique<Recurrent>("gru", make_cell<Gru>, outputs, features, inputs, options.recurrent, draw,
                                       parameters);
  if (kind == StageKind::kLstm)
    return std::make_unique<Recurrent>("lstm", make_cell<Lstm>, outputs, features, inputs, options.recurrent, draw,
                                       parameters);
  if (kind == StageKind::kTaskMemory)
    return std::make_unique<TaskMemory>(layout, options.task_memory, options.prior, features, inputs, draw, parameters,
                                        tables);
  const bool row_noise = noise && options.row_noise;
  if (kind == StageKind::kRidge) return std::make_unique<Ridge>(features, row_noise, parameters);
  if (kind == StageKind::kKernel)
    return std::make_unique<Kernel>(features, inputs, options.kernel, row_noise, draw, parameters);
  return std::make_unique<Steps>(rule);
}

// For the stages that write one: by the name and the width of what they make their head of.
void add_modulation_of(StageKind kind, const StageParts& parts) {
  const auto add = [&](const char* stage, std::int64_t width) {
    add_modulation(stage, width, parts.modulation, parts.parameters);
  };
  if (kind == StageKind::kPrior) add("prior", parts.options.prior);
  if (kind == StageKind::kSupportEncoder) add("encoder", 2 * parts.options.encoder);
  if (kind == StageKind::kGru) add("gru", parts.options.recurrent);
  if (kind == StageKind::kLstm) add("lstm", parts.options.recurrent);
}

bool starts_with(const std::vector<StageKind>& stages, StageKind kind) {
  return !stages.empty() && stages.front() == kind;
}

std::unique_ptr<Stage> make_start(const StageParts& parts) {
  if (starts_from_zero(parts.options.stages, parts.outputs))
    return std::make_unique<ZeroStart>(parts.outputs, parts.features);
  return std::make_unique<SharedStart>(parts.outputs, parts.features, parts.draw, parts.parameters);
}

std::unique_ptr<Stage> make_readout(const StageParts& parts) {
  std::optional<FullContext> context;
  if (parts.options.full_context > 0) context.emplace(parts.features, parts.draw, parts.parameters);
  return std::make_unique<SupportReadout>(parts.options.readout, parts.parameters, std::move(context));
}

}  // namespace

bool starts_from_zero(const std::vector<StageKind>& stages, std::int64_t outputs) {
  return outputs > 1 && !starts_with(stages, StageKind::kPrior) && !starts_with(stages, StageKind::kSteps);
}

std::vector<std::unique_ptr<Stage>> make_stages(const StageParts& parts) {
  std::vector<std::unique_ptr<Stage>> stages;
  if (!starts_with(parts.options.stages, StageKind::kPrior)) stages.push_back(make_start(parts));
  for (const auto kind : parts.options.stages) {
    stages.push_back(make_stage(kind, parts));
    add_modulation_of(kind, parts);
  }
  if (parts.options.readout != ReadoutKind::kLinear) stages.push_back(make_readout(parts));
  if (parts.noise) add_noise(parts.inputs, parts.parameters);
  return stages;
}

}  // namespace warmstart
