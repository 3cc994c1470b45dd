#include "data/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "base/errors.h"
#include "base/plural.h"
#include "base/random.h"

namespace warmstart {
namespace {

// Where each of 2^n chunks, ordered by length, goes: 0 and the last, then the two in the
// middle, and so on, so that aligned blocks hold equal sums.
std::vector<int> balanced_order(int chunks) {
  std::vector<int> order(static_cast<std::size_t>(chunks));
  if (chunks == 1) return {0};
  const auto half = balanced_order(chunks / 2);
  for (std::size_t i = 0; i < half.size(); ++i) {
    order[2 * i] = half[i];
    order[2 * i + 1] = chunks - 1 - half[i];
  }
  return order;
}

// Places that the episodes take as one batch.
std::uint64_t padded_places(std::span<const Episode> episodes) {
  std::uint64_t support = 0, query = 0;
  for (const auto& episode : episodes) {
    support = std::max<std::uint64_t>(support, episode.support_size);
    query = std::max<std::uint64_t>(query, episode.query_size);
  }
  return episodes.size() * (support + query);
}

void sort_by(std::span<Episode> episodes, std::uint32_t Episode::*size) {
  std::sort(episodes.begin(), episodes.end(), [&](const auto& a, const auto& b) {
    return std::pair(a.*size, a.position) < std::pair(b.*size, b.position);
  });
}

// Cuts into `parts`, a power of two, equal chunks, each time in halves by that one of the
// two sizes which leaves less to pad.
void cut(std::span<Episode> episodes, int parts, std::vector<std::vector<Episode>>& chunks) {
  if (parts == 1) return chunks.emplace_back(episodes.begin(), episodes.end()), void();
  const auto half = episodes.size() / 2;
  const auto places = [&] { return padded_places(episodes.first(half)) + padded_places(episodes.subspan(half)); };
  sort_by(episodes, &Episode::query_size);
  const auto by_query = places();
  sort_by(episodes, &Episode::support_size);
  if (by_query < places()) sort_by(episodes, &Episode::query_size);
  cut(episodes.first(half), parts / 2, chunks);
  cut(episodes.subspan(half), parts / 2, chunks);
}

std::vector<std::uint32_t> first_rows(std::uint32_t count) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

// Rows that were drawn, as the order says: a task's are numbered by time.
EpisodeRows in_order(EpisodeRows rows, RowOrder order) {
  if (order == RowOrder::kSorted) std::sort(rows.support.begin(), rows.support.end());
  return rows;
}

}  // namespace

Sampler::Sampler(const Dataset& dataset, std::vector<std::int64_t> tasks, const EpisodeOptions& options,
                 std::uint64_t seed, std::int64_t tasks_per_step, int microbatches)
    : dataset_(dataset),
      tasks_(std::move(tasks)),
      first_slot_{0},
      options_(options),
      seed_(seed),
      tasks_per_step_(tasks_per_step),
      microbatches_(microbatches) {
  if (tasks_.empty()) throw DataError(fmt::format("{}: has no tasks to sample from", dataset.folder().string()));
  require(!dataset.schema().label.empty() || options.negatives > 0,
          "the data set has no label: all rows are alike, and there is nothing to learn from them alone; set "
          "episode.negatives = 4, which draws others");
  if (options.negatives > 0) unseen_.emplace(dataset.training_rows(), options.negatives_power);
  for (const auto task : tasks_) {
    const auto rows = dataset.row_count(task);
    if (rows < 2)
      throw DataError(fmt::format("task {} has {} row; ingest with data.min-rows of at least 2", task, rows));
    const auto per_episode = static_cast<std::uint64_t>(options.rows_per_episode);
    first_slot_.push_back(first_slot_.back() + (per_episode == 0 ? 1 : (rows + per_episode - 1) / per_episode));
  }
  if (unseen_) check_negatives();
}

void Sampler::check_negatives() const {
  check_unseen_rows(dataset_.schema(), "episode.negatives");
  for (const auto task : tasks_) {
    // Only a task of at least as many rows can have one of each entity.
    if (dataset_.row_count(task) < dataset_.entities() || unseen_by(dataset_, task, *unseen_).count() > 0) continue;
    throw DataError(fmt::format(
        "{}: {} '{}' has rows of all {} {}, so episode.negatives has none to draw; set episode.negatives = 0, or "
        "leave the task out",
        dataset_.folder().string(), dataset_.schema().task, dataset_.task(task).key(), dataset_.entities(),
        plural_of(dataset_.schema().entity)));
  }
}

Episode Sampler::episode(std::uint64_t step, std::uint64_t position) const {
  const Permutation order(epoch_episodes(), seed_, Purpose::kTaskOrder, position / epoch_episodes());
  const auto slot = order(position % epoch_episodes());
  const auto after = std::upper_bound(first_slot_.begin(), first_slot_.end(), slot);
  const auto task = tasks_[static_cast<std::size_t>(after - first_slot_.begin()) - 1];
  const auto rows = dataset_.row_count(task);

  RandomStream shared(seed_, Purpose::kSupportSize, step, 0);
  RandomStream own(seed_, Purpose::kSupportSize, position, 1);
  const auto largest = std::min<std::uint64_t>(rows - 1, static_cast<std::uint64_t>(options_.support_max));
  auto support = own.below(largest + 1);
  if (!options_.support_common.empty() && shared.uniform() < options_.support_common_share) {
    support = static_cast<std::uint64_t>(options_.support_common[shared.below(options_.support_common.size())]);
  }
  const auto kept_for_query = std::min<std::uint64_t>(rows - 1, static_cast<std::uint64_t>(options_.query_min));
  support = std::min<std::uint64_t>(support, rows - kept_for_query);
  const auto query = std::min<std::uint64_t>(rows - support, static_cast<std::uint64_t>(options_.query_max));
  const auto with_negatives = query * (1 + static_cast<std::uint64_t>(options_.negatives));
  return {task, position, static_cast<std::uint32_t>(support), static_cast<std::uint32_t>(with_negatives)};
}

std::vector<std::vector<Episode>> Sampler::meta_batch(std::uint64_t step) const {
  std::vector<Episode> episodes;
  for (std::int64_t i = 0; i < tasks_per_step_; ++i) {
    episodes.push_back(
        episode(step, step * static_cast<std::uint64_t>(tasks_per_step_) + static_cast<std::uint64_t>(i)));
  }
  std::vector<std::vector<Episode>> chunks;
  cut(episodes, microbatches_, chunks);
  std::sort(chunks.begin(), chunks.end(), [](const auto& a, const auto& b) {
    return std::pair(padded_places(a), a[0].position) < std::pair(padded_places(b), b[0].position);
  });
  std::vector<std::vector<Episode>> parts;
  for (const auto chunk : balanced_order(microbatches_))
    parts.push_back(std::move(chunks[static_cast<std::size_t>(chunk)]));
  return parts;
}

EpisodeRows Sampler::rows(const Episode& episode) const {
  auto rows = rows_with_labels(episode, episode.query_size / static_cast<std::uint32_t>(1 + options_.negatives));
  if (unseen_) rows.unseen = negatives(episode, rows.query);
  return rows;
}

std::vector<UnseenRow> Sampler::negatives(const Episode& episode, const std::vector<std::uint32_t>& query) const {
  RandomStream random(seed_, Purpose::kUnseen, episode.position);
  const auto unseen = unseen_by(dataset_, episode.task, *unseen_);
  std::vector<UnseenRow> drawn;
  drawn.reserve(query.size() * static_cast<std::size_t>(options_.negatives));
  for (const auto row : query)
    for (std::int64_t i = 0; i < options_.negatives; ++i) drawn.push_back({unseen.draw(random), row});
  return drawn;
}

EpisodeRows Sampler::rows_with_labels(const Episode& episode, std::uint32_t query) const {
  RandomStream random(seed_, Purpose::kEpisodeRows, episode.position);
  const auto count = dataset_.row_count(episode.task);
  if (options_.order == RowOrder::kTime) {
    EpisodeRows rows{first_rows(episode.support_size),
                     sample_without_replacement(random, count - episode.support_size, query)};
    for (auto& row : rows.query) row += episode.support_size;
    return rows;
  }
  const auto rows = sample_without_replacement(random, count, episode.support_size + query);
  const auto middle = rows.begin() + episode.support_size;
  return in_order({{rows.begin(), middle}, {middle, rows.end()}}, options_.order);
}

UnseenEntities::OfTask unseen_by(const Dataset& dataset, std::int64_t task, const UnseenEntities& all) {
  const auto entities = dataset.task(task).rows.entity;
  return {all, {entities.begin(), entities.end()}};
}

void check_unseen_rows(const Schema& schema, const std::string& option) {
  require(
      !tasks_are_of_classes(schema),
      fmt::format("{} draws entities that a task has no row of, and data.task = class has none; leave it out", option));
  require(
      schema.label_min <= 0.0 && schema.label_max > 0.0,
      fmt::format("{} draws rows of label 0, and labels are from {} to {}; ingest with data.label-min = 0, or with a "
                  "label of 0 and 1",
                  option, schema.label_min, schema.label_max));
}

EpisodeRows evaluation_rows(std::int64_t task, std::uint32_t count, std::uint32_t support, std::uint32_t query,
                            RowOrder order, std::uint64_t seed) {
  auto rows = first_rows(count);
  if (order != RowOrder::kTime) {
    RandomStream random(seed, Purpose::kEpisodeRows, static_cast<std::uint64_t>(task));
    rows = sample_without_replacement(random, count, count);
  }
  const auto end = rows.end() - std::min(query, count);
  const auto kept = rows.begin() + std::min<std::ptrdiff_t>(support, end - rows.begin());
  return in_order({{rows.begin(), kept}, {end, rows.end()}}, order);
}

}  // namespace warmstart
