#include "app/model_inspection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "base/plural.h"
#include "serving/model_repository.h"

namespace warmstart {
namespace {

std::string values_line(const char* kind, const nlohmann::json& values) {
  std::vector<std::string> parts;
  for (const auto& value : values) {
    std::vector<std::string> sizes;
    for (const auto& size : list_at(value, "sizes")) sizes.push_back(as_text(size, "sizes"));
    parts.push_back(fmt::format("{} {} [{}]", text_at(value, "name"), text_at(value, "type"), fmt::join(sizes, ", ")));
  }
  return fmt::format("    {:<8} {}\n", kind, fmt::join(parts, "\n             "));
}

std::string labels_line(const nlohmann::json& label) {
  if (text_at(label, "name").empty()) return "every row is a positive, of label 1";
  return fmt::format("label '{}' in {} to {}", text_at(label, "name"), label.at("min").dump(), label.at("max").dump());
}

std::string to_text(const ExportedModel& model) {
  const auto& facts = model.description();
  const auto& provenance = object_at(facts, "provenance");
  auto text = fmt::format(
      "{}: exported model '{}', {}, {}\n{} known {}; {}; give it at most {} support rows\n"
      "made of step {} of a run on the data set {}\n",
      model.folder().string(), text_at(facts, "name"), text_at(facts, "method"), text_at(facts, "precision"),
      model.catalogue().entities(), plural_of(model.catalogue().schema().entity),
      labels_line(object_at(facts, "label")), integer_at(facts, "most_support"), integer_at(provenance, "step"),
      text_at(provenance, "dataset_digest"));
  for (const auto& [name, graph] : object_at(facts, "graphs").items())
    text += fmt::format("  {}\n{}{}", name, values_line("takes", list_at(graph, "inputs")),
                        values_line("gives", list_at(graph, "outputs")));
  return text + fmt::format("{} files, all digests hold\n", object_at(facts, "files").size());
}

}  // namespace

bool is_exported_model(const std::filesystem::path& path) {
  return std::filesystem::exists(path / "config.pbtxt") || std::filesystem::exists(path / "model.json");
}

void inspect_exported_model(const std::filesystem::path& path, const Options::CommandLine& line) {
  const ExportedModel model(path);
  fmt::print("{}", line.json ? model.description().dump() + "\n" : to_text(model));
}

}  // namespace warmstart
