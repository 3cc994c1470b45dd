#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "trainer/evaluation/rows_by_task.h"

namespace warmstart {

// Where the query rows of all tasks of a split stand among the entities of a whole catalogue, those left out that a
// task has other rows of.
struct RankedRows {
  static constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

  RowsByTask tasks;                       // which of the rows are each task's
  std::vector<float> labels = {};         // [tasks.rows()]
  std::vector<std::int64_t> places = {};  // [tasks.rows()] from 0
  std::size_t listed = 0;                 // entities that each task's list has
  std::vector<std::uint32_t> lists = {};  // [tasks, listed] the first entities; kNobody where a task has no more
  // Of each entity: minus the binary logarithm of the share of training tasks that have a row of it, in bits.
  std::shared_ptr<const std::vector<double>> self_information = {};

  std::span<const float> labels_of(std::size_t task) const { return tasks.of(task, labels); }
  std::span<const std::int64_t> places_of(std::size_t task) const { return tasks.of(task, places); }
  // The first k of a task's list, without kNobody.
  std::span<const std::uint32_t> list_of(std::size_t task, std::size_t k) const;
};

// One task's share.
struct RankedTask {
  std::vector<std::int64_t> places;  // one a query row
  std::vector<std::uint32_t> list;   // [listed]
};

// By `scores` [entities], the highest first.  `query` are the entities of the query rows, `others` those of the task's
// other rows, which are no candidates unless the query has them, too.  Among equal scores, entities that are not asked
// for stand before those that are, so that scores which tell nothing find nothing; then those with the lower number.
RankedTask ranked(std::span<const float> scores, std::span<const std::uint32_t> query,
                  std::span<const std::uint32_t> others, std::size_t listed);

}  // namespace warmstart
