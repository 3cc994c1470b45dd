#include "trainer/training/rollback.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/agreement.h"

namespace warmstart {
namespace {

// Every rank gives up or none does, by what all of them know.
[[noreturn]] void give_up(const std::string& problem) { throw AgreedError(ExitCode::kDiverged, problem); }

Checkpoint newest_before(std::int64_t cause, const std::string& problem, const TrainOptions& options,
                         const Learner& model, Communicator& group) {
  const auto accept = [&](const Manifest& manifest) {
    if (manifest.step > cause) throw DataError("was made by the steps that are taken back");
    check_continues(manifest, model.parameters(), model.sharded_tables());
  };
  try {
    return read_checkpoint_on_all(options.save.run, group, accept, options.tables.spill);
  } catch (const AgreedError&) {
    give_up(fmt::format("{} (there is no checkpoint to go back to)", problem));
  }
}

}  // namespace

Checkpoint checkpoint_before(const Divergence& divergence, const TrainingState& state, const TrainOptions& options,
                             const Learner& model, Communicator& group) {
  const auto& [problem, cause] = divergence;
  if (state.rollbacks >= options.rollbacks)
    give_up(fmt::format("{} (undone before: {}, as often as train.rollbacks allows)", problem, state.rollbacks));
  if (options.save.run.empty()) give_up(problem);
  auto checkpoint = newest_before(cause, problem, options, model, group);
  checkpoint.state.rollbacks = state.rollbacks + 1;
  checkpoint.state.skipped = state.skipped;
  for (auto step = std::max<std::int64_t>(cause, 0); step <= state.step; ++step) checkpoint.state.skipped.insert(step);
  return checkpoint;
}

}  // namespace warmstart
