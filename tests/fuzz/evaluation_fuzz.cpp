// Any text as the evaluation.json of `report`: it is refused by a DataError, or makes a table of sound HTML.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "app/report.h"
#include "base/errors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = nlohmann::json::parse(data, data + size, nullptr, /*allow_exceptions=*/false);
  try {
    const warmstart::EvaluationFile evaluation(json, "evaluation.json");
    std::string tables;
    for (const auto& measure : evaluation.measures()) tables += warmstart::table(evaluation, measure);
    const auto html = warmstart::page(evaluation.task(), tables);
    // Of its own markup alone: what the file says opens no element.
    for (std::size_t place = html.find('<'); place != std::string::npos; place = html.find('<', place + 1)) {
      const auto next = html[place + 1];
      if (next != '/' && next != '!' && (next < 'a' || next > 'z')) std::abort();
    }
    if (html.find("<script") != std::string::npos) std::abort();
    warmstart::support_plot(evaluation);
  } catch (const warmstart::Error&) {
  }
  return 0;
}
