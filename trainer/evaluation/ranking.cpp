#include "trainer/evaluation/ranking.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace warmstart {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

std::vector<std::size_t> order_of(std::span<const float> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  return order;
}

std::size_t places(std::size_t rows, int k) { return std::min(rows, static_cast<std::size_t>(k)); }

double discounted(double gain, std::size_t place) { return gain / std::log2(static_cast<double>(place) + 2.0); }

double discounted(const std::vector<double>& gains, int k) {
  double sum = 0.0;
  for (std::size_t place = 0; place < places(gains.size(), k); ++place) sum += discounted(gains[place], place);
  return sum;
}

double share_of_ideal(double achieved, std::vector<double> gains, int k) {
  std::sort(gains.begin(), gains.end(), std::greater<>());
  const double ideal = discounted(gains, k);
  return ideal > 0.0 ? achieved / ideal : 1.0;
}

double relevant_among_first(const std::vector<bool>& ranked, std::size_t count) {
  return static_cast<double>(std::count(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), true));
}

double all_relevant(const std::vector<bool>& ranked) { return relevant_among_first(ranked, ranked.size()); }

}  // namespace

double gain(double label, const LabelScale& scale) {
  if (scale.least >= 0.0 && scale.most <= 10.0) return std::exp2(label) - 1.0;
  return label - scale.least;
}

double ndcg(std::span<const float> scores, std::span<const float> labels, int k, const LabelScale& scale) {
  std::vector<double> gains;
  gains.reserve(scores.size());
  for (const auto row : order_of(scores)) gains.push_back(gain(labels[row], scale));
  const double achieved = discounted(gains, k);
  return share_of_ideal(achieved, std::move(gains), k);
}

double ndcg_at(std::span<const std::int64_t> places, std::span<const float> labels, int k, const LabelScale& scale) {
  std::vector<double> gains;
  gains.reserve(labels.size());
  double achieved = 0.0;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    gains.push_back(gain(labels[row], scale));
    if (places[row] < k) achieved += discounted(gains.back(), static_cast<std::size_t>(places[row]));
  }
  return share_of_ideal(achieved, std::move(gains), k);
}

std::vector<bool> relevance_at(std::span<const std::int64_t> places, std::span<const float> labels, double relevant) {
  const auto least = static_cast<float>(relevant);  // labels are rounded in the same way
  std::vector<bool> ranked(static_cast<std::size_t>(*std::max_element(places.begin(), places.end())) + 1, false);
  for (std::size_t row = 0; row < labels.size(); ++row)
    ranked[static_cast<std::size_t>(places[row])] = labels[row] >= least;
  return ranked;
}

std::vector<bool> ranked_relevance(std::span<const float> scores, std::span<const float> labels, double relevant) {
  const auto least = static_cast<float>(relevant);  // labels are rounded in the same way
  std::vector<bool> ranked;
  ranked.reserve(scores.size());
  for (const auto row : order_of(scores)) ranked.push_back(labels[row] >= least);
  return ranked;
}

double precision(const std::vector<bool>& ranked, int k) {
  return relevant_among_first(ranked, places(ranked.size(), k)) / k;
}

double recall(const std::vector<bool>& ranked, int k) {
  const double all = all_relevant(ranked);
  return all > 0.0 ? relevant_among_first(ranked, places(ranked.size(), k)) / all : kUndefined;
}

double hit(const std::vector<bool>& ranked, int k) {
  if (all_relevant(ranked) == 0.0) return kUndefined;
  return relevant_among_first(ranked, places(ranked.size(), k)) > 0.0 ? 1.0 : 0.0;
}

double reciprocal_rank(const std::vector<bool>& ranked) {
  const auto first = std::find(ranked.begin(), ranked.end(), true);
  return first == ranked.end() ? kUndefined : 1.0 / static_cast<double>(first - ranked.begin() + 1);
}

double average_precision(const std::vector<bool>& ranked, int k) {
  const double all = all_relevant(ranked);
  if (all == 0.0) return kUndefined;
  double sum = 0.0;
  for (std::size_t place = 0; place < places(ranked.size(), k); ++place) {
    if (ranked[place]) sum += relevant_among_first(ranked, place + 1) / static_cast<double>(place + 1);
  }
  return sum / std::min(all, static_cast<double>(k));
}

}  // namespace warmstart
