#include "serving/verification.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/random.h"
#include "data/sampler.h"

namespace warmstart {
namespace {

constexpr std::size_t kTasks = 8;  // a request
constexpr std::uint32_t kCandidates = 20;
constexpr std::uint64_t kRandomRequests = 4;
constexpr std::size_t kRanked = 20, kMostCompared = 4096;  // entities

std::vector<std::int64_t> untrained_tasks(const Dataset& dataset) {
  for (const auto split : {Split::kTest, Split::kValidation, Split::kTrain}) {
    auto tasks = dataset.tasks_of(split);
    if (tasks.empty()) continue;
    tasks.resize(std::min(tasks.size(), kTasks));
    return tasks;
  }
  return {};
}

CheckedRequest checked_request(const Learner& model, const Dataset& dataset, const std::vector<TaskEpisode>& episodes) {
  const c10::NoGradGuard no_grad;
  std::vector<RequestTask> tasks;
  tasks.reserve(episodes.size());
  for (const auto& episode : episodes) tasks.push_back(request_task(dataset, episode));
  const auto batch = make_batch(dataset, episodes);
  const auto found = model.predict(batch);
  CheckedRequest checked = {request_of(dataset.schema(), tasks), {{"scores", found.labels}}, {}};
  if (found.scales.defined())
    checked.answer["deviations"] = found.scales * at::sqrt(found.freedom / (found.freedom - 2.0)).unsqueeze(1);
  checked.mask = TensorBatch(batch, at::kFloat).query.mask.clone();
  return checked;
}

NamedValues of_session(const RunnableGraph& graph, const OnnxSession& session, const NamedValues& request) {
  NamedValues inputs, answers;
  for (const auto& input : graph.model->inputs) inputs[input.name] = request.at(input.name);
  std::vector<std::string> names;
  for (const auto& output : graph.model->outputs) names.push_back(output.name);
  const auto values = session.run(inputs, names);
  for (std::size_t i = 0; i < names.size(); ++i) answers[names[i]] = values[i];
  return answers;
}

// The answers in one call and in two.
using Answers = std::vector<NamedValues>;

Answers script_answers(const std::vector<RunnableGraph>& graphs, NamedValues request) {
  Answers answers = {graphs[0].script->run(request)};
  const auto memory = graphs[1].script->run(request);
  request.insert(memory.begin(), memory.end());
  answers.push_back(graphs[2].script->run(request));
  return answers;
}

// Calls use(request's number, answer) for each.
template <typename Use>
void run_session(const RunnableGraph& graph, const std::shared_ptr<OnnxRuntime>& runtime,
                 const std::vector<NamedValues>& requests, const Use& use) {
  const OnnxSession session(runtime, graph.onnx);
  for (std::size_t i = 0; i < requests.size(); ++i) use(i, of_session(graph, session, requests[i]));
}

// Of all requests, one graph after the other: a session has the graph's tables in memory.
std::vector<Answers> session_answers(const std::vector<RunnableGraph>& graphs,
                                     const std::shared_ptr<OnnxRuntime>& runtime, std::vector<NamedValues> requests) {
  std::vector<Answers> answers(requests.size());
  const auto keep = [&](std::size_t i, NamedValues answer) { answers[i].push_back(std::move(answer)); };
  run_session(graphs[0], runtime, requests, keep);
  std::vector<NamedValues> memories(requests.size());
  run_session(graphs[1], runtime, requests,
              [&](std::size_t i, NamedValues memory) { memories[i] = std::move(memory); });
  for (std::size_t i = 0; i < requests.size(); ++i) requests[i].insert(memories[i].begin(), memories[i].end());
  run_session(graphs[2], runtime, requests, keep);
  return answers;
}

double difference(const std::string& name, const at::Tensor& a, const at::Tensor& b, const at::Tensor& mask) {
  const auto off = at::where(mask.gt(0), (a - b).abs() / b.abs().clamp_min(1.0), at::zeros_like(a));
  if (off.numel() == 0) return 0.0;
  const double most = off.max().item<double>();
  if (!std::isfinite(most)) throw DataError(fmt::format("export: {} are not finite numbers", name));
  return most;
}

double largest(const Answers& answers, const NamedValues& expected, const at::Tensor& mask) {
  double most = 0.0;
  for (const auto& answer : answers)
    for (const auto& [name, value] : expected)
      if (answer.contains(name)) most = std::max(most, difference(name, answer.at(name), value, mask));
  return most;
}

at::Tensor random_values(const RequestInput& input, std::int64_t width, bool extremes, RandomStream& random) {
  std::vector<std::int64_t> sizes = {2};
  if (input.sizes.size() > 1 && (input.sizes[1] == kSupportSize || input.sizes[1] == kCandidatesSize))
    sizes.push_back(width);
  if (sizes.size() < input.sizes.size()) sizes.push_back(3);
  auto values = at::zeros(sizes, input.is_ids ? at::kLong : at::kFloat);
  auto flat = values.flatten();
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    if (input.is_ids) {
      // A few are unknown, and a few are of no vocabulary.
      flat[i].fill_(
          static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(input.field->vocabulary_size) + 3)));
    } else {
      const auto kind = random.below(8);
      const double value = kind == 0 ? NAN : kind == 1 && extremes ? 1e30 : random.normal();
      flat[i].fill_(input.field ? value * input.field->deviation + input.field->mean : 0.0);
    }
  }
  return values;
}

NamedValues random_request(const Schema& schema, std::uint64_t number, bool extremes) {
  RandomStream random(number, Purpose::kSynthesize);
  NamedValues values;
  const auto support = static_cast<std::int64_t>(number) * 3;
  for (const auto part : {RequestPart::kTask, RequestPart::kSupport, RequestPart::kCandidates})
    for (const auto& input : request_inputs(schema, part))
      values[input.name] = random_values(input, part == RequestPart::kSupport ? support : 5, extremes, random);
  auto& labels = values[kSupportLabel];
  labels = at::where(labels.eq(0), static_cast<float>(number % 2 == 0 ? schema.label_min : schema.label_max), labels)
               .contiguous();
  values[kSupportMask] = at::ones_like(labels);
  return values;
}

// Between LibTorch and ONNX Runtime, on a random request.
double difference_of_runtimes(const std::vector<RunnableGraph>& graphs, const NamedValues& request,
                              const Answers& of_session) {
  const auto expected = script_answers(graphs, request)[0];
  return largest(of_session, {{"scores", expected.at("scores")}}, at::ones_like(expected.at("scores")));
}

// A hundred deviations from the mean, rounding decides about digits, and whether steps diverge is the method's own
// affair: both must only agree on which scores are numbers.
void check_extremes(const std::vector<RunnableGraph>& graphs, const NamedValues& request, const Answers& of_session) {
  const auto expected = script_answers(graphs, request)[0].at("scores").isfinite();
  for (const auto& answer : of_session)
    if (!at::equal(answer.at("scores").isfinite(), expected))
      throw DataError("export: of extreme numbers, ONNX Runtime makes other scores that are no numbers than LibTorch");
}

const RunnableGraph* ranking(const std::vector<RunnableGraph>& graphs) {
  const auto found = std::find_if(graphs.begin(), graphs.end(),
                                  [](const RunnableGraph& graph) { return graph.model->kind == GraphKind::kRank; });
  return found == graphs.end() ? nullptr : &*found;
}

// Of the tasks of a memory, the scores of these entities, [T, R], in the way that any candidates get theirs.
NamedValues scores_of(const TorchScript& score, const NamedValues& memory, const Catalogue& catalogue,
                      const at::Tensor& entities) {
  RequestRow unknown(catalogue.schema().fields_of(FieldOwner::kTask).size());
  std::vector<RequestTask> tasks;
  for (std::int64_t task = 0; task < entities.size(0); ++task) {
    tasks.push_back({unknown, {}, {}, {}});
    for (std::int64_t i = 0; i < entities.size(1); ++i)
      tasks.back().candidates.push_back(
          catalogue.candidate(static_cast<std::size_t>(entities[task][i].item<std::int64_t>())));
  }
  auto request = request_of(catalogue.schema(), tasks);
  request.insert(memory.begin(), memory.end());
  return score.run(request);
}

// What is ranked first has the scores that it has elsewhere, and of the catalogue's first entities none has a higher
// one.
double difference_of_ranking(const std::vector<RunnableGraph>& graphs, const NamedValues& request,
                             const Catalogue& catalogue, const OnnxSession* session) {
  const auto& score = *graphs[2].script;
  auto memory = graphs[1].script->run(request);
  auto asked = memory;
  asked[kTop] = at::full({1}, static_cast<std::int64_t>(std::min(kRanked, catalogue.entities())), at::kLong);
  const auto& graph = *ranking(graphs);
  std::vector<NamedValues> answers = {graph.script->run(asked)};
  if (session) answers.push_back(of_session(graph, *session, asked));
  const auto tasks = answers[0].at("scores").size(0);
  const auto compared = static_cast<std::int64_t>(std::min(kMostCompared, catalogue.entities()));
  const auto first = at::arange(compared).unsqueeze(0).expand({tasks, -1});
  const auto best = scores_of(score, memory, catalogue, first).at("outputs").amax(1);
  double most = 0.0;
  for (const auto& answer : answers) {
    const auto expected = scores_of(score, memory, catalogue, answer.at(kEntities));
    most = std::max(most, largest({answer}, expected, at::ones_like(expected.at("scores"))));
    most = std::max(most, (best - answer.at("outputs").select(1, 0)).max().item<double>());
  }
  return most;
}

// Where the catalogue is ranked.
double difference_of_rankings(const std::vector<RunnableGraph>& graphs, const std::vector<CheckedRequest>& requests,
                              const Catalogue& catalogue, const std::shared_ptr<OnnxRuntime>& runtime) {
  const auto* graph = ranking(graphs);
  if (!graph) return 0.0;
  const auto session = runtime ? std::make_unique<OnnxSession>(runtime, graph->onnx) : nullptr;
  double most = 0.0;
  for (const auto& checked : requests)
    most = std::max(most, difference_of_ranking(graphs, checked.request, catalogue, session.get()));
  return most;
}

// Of what ONNX Runtime says.
double difference_of_sessions(const std::vector<RunnableGraph>& graphs, const std::vector<CheckedRequest>& requests,
                              const Schema& schema, const std::shared_ptr<OnnxRuntime>& runtime) {
  std::vector<NamedValues> asked;
  asked.reserve(requests.size() + kRandomRequests + 1);
  for (const auto& checked : requests) asked.push_back(checked.request);
  for (std::uint64_t number = 0; number < kRandomRequests; ++number)
    asked.push_back(random_request(schema, number, false));
  asked.push_back(random_request(schema, kRandomRequests, true));
  const auto found = session_answers(graphs, runtime, asked);
  double most = 0.0;
  for (std::size_t i = 0; i < requests.size(); ++i)
    most = std::max(most, largest(found[i], requests[i].answer, requests[i].mask));
  for (auto i = requests.size(); i + 1 < asked.size(); ++i)
    most = std::max(most, difference_of_runtimes(graphs, asked[i], found[i]));
  check_extremes(graphs, asked.back(), found.back());
  for (const auto& graph : graphs)
    if (graph.model->kind == GraphKind::kUpdate) const OnnxSession can_be_loaded(runtime, graph.onnx);
  return most;
}

}  // namespace

std::vector<CheckedRequest> checked_requests(const Learner& model, const Dataset& dataset, std::int64_t most_support) {
  std::vector<CheckedRequest> requests;
  const auto tasks = untrained_tasks(dataset);
  for (const auto support : {std::int64_t{4}, std::int64_t{0}, std::int64_t{1}, most_support}) {
    std::vector<TaskEpisode> episodes;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      // The last tasks have fewer rows, so that padding is met.
      const auto rows =
          std::max<std::int64_t>(support - static_cast<std::int64_t>(i), std::min<std::int64_t>(support, 1));
      episodes.push_back(
          {tasks[i], evaluation_rows(tasks[i], dataset.row_count(tasks[i]), static_cast<std::uint32_t>(rows),
                                     kCandidates, RowOrder::kTime, 0)});
    }
    requests.push_back(checked_request(model, dataset, episodes));
  }
  return requests;
}

double largest_difference(const std::vector<RunnableGraph>& graphs, const std::vector<CheckedRequest>& requests,
                          const Catalogue& catalogue, const std::shared_ptr<OnnxRuntime>& runtime) {
  double most = 0.0;
  for (const auto& [request, answer, mask] : requests)
    most = std::max(most, largest(script_answers(graphs, request), answer, mask));
  most = std::max(most, difference_of_rankings(graphs, requests, catalogue, runtime));
  return runtime ? std::max(most, difference_of_sessions(graphs, requests, catalogue.schema(), runtime)) : most;
}

}  // namespace warmstart
