// What a request to an exported model holds: a tensor for each field, with raw ids and values, padded.

#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

#include "data/schema.h"
#include "trainer/layers/tensor_batch.h"

namespace warmstart {

enum class RequestPart { kTask, kSupport, kCandidates };

// Sizes that requests choose freely, by the names that exported graphs give them.
constexpr const char* kTasksSize = "tasks";
constexpr const char* kSupportSize = "support";
constexpr const char* kCandidatesSize = "candidates";

// A tensor of a request.
struct RequestInput {
  std::string name;
  bool is_ids = false;  // int64, 0 if unknown or padded; else float32
  std::vector<std::string>
      sizes;  // [tasks], [tasks, support] or [tasks, candidates]; ids of several values end in their number
  const Field* field = nullptr;  // null for labels and the mask
};

constexpr const char* kSupportLabel = "support.label";
constexpr const char* kSupportMask = "support.mask";  // 1 for a row, 0 for padding

// The fields of a part, as "support.item.genres", "candidates.row.hour" or "task.gender"; of the support, labels and
// mask, too.  `schema` outlives them.  Throws DataError when two fields would share a name.
std::vector<RequestInput> request_inputs(const Schema& schema, RequestPart part);

// The features of a part's rows by the values of its inputs, made by operators alone, whatever the sizes: ids out of
// the vocabulary count as unknown, and a dense value that is not a number as the mean.  Of a
// part without any field they are undefined.
FeatureTensors request_features(const Schema& schema, RequestPart part, std::span<const at::Tensor> values);

// Lets support rows join a request, likewise, by the values of the inputs of kSupport, in order; and a task with its
// own fields, by those of kTask, too.
void add_support(Request& request, const Schema& schema, std::span<const at::Tensor> support);
void add_task(Request& request, const Schema& schema, std::span<const at::Tensor> support,
              std::span<const at::Tensor> task);

}  // namespace warmstart
