#include "app/opened_run.h"

#include <fmt/format.h>

#include "app/provenance.h"
#include "base/digest.h"
#include "base/errors.h"
#include "base/ini_file.h"
#include "base/json.h"
#include "cluster/agreement.h"
#include "cluster/self_communicator.h"
#include "trainer/training/training_state.h"

namespace warmstart {
namespace {

std::string value_of(const std::string& configuration, const std::string& key) {
  for (const auto& entry : parse_ini(configuration, "configuration"))
    if (entry.key == key) return entry.value;
  throw DataError(fmt::format("its configuration has no {}", key));
}

// Rows; the value comes from a file.
std::int64_t most_support_of(const std::string& configuration) {
  const auto value = value_of(configuration, "episode.support-max");
  try {
    return std::max<std::int64_t>(static_cast<std::int64_t>(read_number(value, {.least = 0, .most = 1e6}, true)), 1);
  } catch (const std::invalid_argument& error) {
    throw DataError(fmt::format("its configuration's episode.support-max = {} {}", value, error.what()));
  }
}

std::unique_ptr<Dataset> dataset_of(const std::filesystem::path& run, const std::string& trained,
                                    const Configuration& configuration) {
  const auto& chosen = configuration.data.dataset;
  const auto path = chosen.empty() ? std::filesystem::path(value_of(trained, "data.dataset")) : chosen;
  if (!std::filesystem::exists(path / "dataset.json"))
    throw DataError(
        fmt::format("{}: was trained on the data set {}, which is not there; say where it is with --data.dataset",
                    run.string(), path.string()));
  return std::make_unique<Dataset>(path, configuration.verify);
}

}  // namespace

std::unique_ptr<Dataset> dataset_of_run(const std::filesystem::path& run, const Configuration& configuration,
                                        Communicator& group) {
  const auto checkpoint = read_described_checkpoint(run, group);
  std::unique_ptr<Dataset> dataset;
  agree(group, [&] { dataset = dataset_of(run, text_at(checkpoint.description, "configuration"), configuration); });
  return dataset;
}

OpenedRun::OpenedRun(const std::filesystem::path& run, const Configuration& configuration,
                     const std::filesystem::path& spill)
    : spill_(spill) {
  SelfCommunicator alone;
  checkpoint_ = read_described_checkpoint(run, alone);
  const auto& trained = text_at(checkpoint_.description, "configuration");
  dataset_ = dataset_of(run, trained, configuration);
  trained_ = trained_model(checkpoint_, run, *dataset_);
  most_support_ = most_support_of(trained);
}

void OpenedRun::bring(const std::vector<at::Tensor>& ids) const {
  SelfCommunicator alone;
  trained_.rows->copy(ids, alone, spill_);
}

nlohmann::json OpenedRun::provenance() const {
  Digest digest;
  for (const auto& [name, tensor] : trained_parameters(checkpoint_)) {
    digest.add(name.data(), name.size());
    const auto values = tensor.contiguous();
    digest.add(values.const_data_ptr<float>(), values.nbytes());
  }
  trained_.rows->add_to(digest, spill_);
  return {{"dataset_digest", checkpoint_.description.at("dataset_digest")},
          {"step", checkpoint_.step},
          {"parameters_digest", digest.text()},
          {"trained_by", checkpoint_.description.at("created_by")},
          {"exported_by", warmstart::provenance()}};
}

}  // namespace warmstart
