#pragma once

#include <ATen/core/Tensor.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "data/batch.h"
#include "serving/request_inputs.h"

namespace warmstart {

// What a row says in one field: ids, or a number as it came.
struct RequestCell {
  std::vector<std::int64_t> ids;  // 0 is unknown
  float value = NAN;              // not a number is missing
};
using RequestRow = std::vector<RequestCell>;  // one for each field of the part, in the order of its inputs

// A task as a request tells of it.
struct RequestTask {
  RequestRow fields;
  std::vector<RequestRow> support;
  std::vector<float> labels;  // of the support
  std::vector<RequestRow> candidates;
};

// Tensors by name, contiguous and on the host.
using NamedValues = std::map<std::string, at::Tensor>;

// The inputs of the three parts, padded to the longest task.
NamedValues request_of(const Schema& schema, const std::vector<RequestTask>& tasks);

// Cells of stored columns.
RequestRow request_row(const Schema& schema, FieldOwner owner, const std::vector<StoredColumn>& columns,
                       std::size_t index);

// A task of a data set, its episode's query rows as candidates.
RequestTask request_task(const Dataset& dataset, const TaskEpisode& episode);

}  // namespace warmstart
