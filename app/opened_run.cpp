#include "app/opened_run.h"

#include <fmt/format.h>

#include "app/checkpoint_model.h"
#include "app/provenance.h"
#include "base/digest.h"
#include "base/errors.h"
#include "base/ini_file.h"
#include "base/json.h"
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

std::string digest_of(const NamedTensors& parameters) {
  Digest digest;
  for (const auto& [name, tensor] : parameters) {
    digest.add(name.data(), name.size());
    const auto values = tensor.contiguous();
    digest.add(values.const_data_ptr<float>(), values.nbytes());
  }
  return digest.text();
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

std::unique_ptr<Dataset> dataset_of_run(const std::filesystem::path& run, const Configuration& configuration) {
  return dataset_of(run, text_at(read_described_checkpoint(run).description, "configuration"), configuration);
}

OpenedRun::OpenedRun(const std::filesystem::path& run, const Configuration& configuration) {
  const auto checkpoint = read_described_checkpoint(run);
  const auto& trained = text_at(checkpoint.description, "configuration");
  dataset = dataset_of(run, trained, configuration);
  SelfCommunicator alone;
  auto trained = read_model(run, *dataset, alone);
  trained.rows->copy_all(configuration.train.tables.spill);
  model = std::move(trained.model);
  step = checkpoint.step;
  most_support = most_support_of(trained);
  provenance = {{"dataset_digest", checkpoint.description.at("dataset_digest")},
                {"step", step},
                {"parameters_digest", digest_of(trained_parameters(checkpoint))},
                {"trained_by", checkpoint.description.at("created_by")},
                {"exported_by", warmstart::provenance()}};
}

}  // namespace warmstart
