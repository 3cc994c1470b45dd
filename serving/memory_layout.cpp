#include "serving/memory_layout.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/errors.h"

namespace warmstart {
namespace {

// Two numbers of rows tell how sizes grow with them.
constexpr std::int64_t kFewRows = 2;

// A request of one task with rows of which nothing is known.
NamedValues unknown_rows(const Schema& schema, std::int64_t count) {
  const auto fields = schema.fields_of(FieldOwner::kEntity).size() + schema.fields_of(FieldOwner::kRow).size();
  const auto rows = static_cast<std::size_t>(count);
  RequestTask task = {RequestRow(schema.fields_of(FieldOwner::kTask).size()),
                      std::vector<RequestRow>(rows, RequestRow(fields)),
                      std::vector<float>(rows, static_cast<float>(schema.label_min)),
                      {}};
  return request_of(schema, {task});
}

const at::Tensor& tensor_of(const NamedValues& memory, const std::string& name) {
  const auto found = memory.find(name);
  if (found == memory.end()) throw DataError(fmt::format("the model's graphs do not agree: no memory '{}'", name));
  return found->second;
}

std::int64_t product(const std::vector<std::int64_t>& sizes) {
  std::int64_t count = 1;
  for (const auto size : sizes)
    if (size < 0 || __builtin_mul_overflow(count, size, &count))
      throw DataError("a memory has more numbers than can be counted");
  return count;
}

// How the sizes behind that of the tasks grow, of a memory of kFewRows rows and one of one row more.
MemoryLayout::Part part_of(const std::string& name, const at::Tensor& few, const at::Tensor& more) {
  MemoryLayout::Part part = {name, {}, {}};
  for (std::int64_t d = 1; d < few.dim(); ++d) {
    part.of_row.push_back(more.size(d) - few.size(d));
    part.fixed.push_back(few.size(d) - kFewRows * part.of_row.back());
  }
  return part;
}

void check(const GraphValue& value) {
  if (value.is_ids)
    throw DataError(
        fmt::format("the memory '{}' holds ids of the support rows, since embeddings adapt, and no list of floats "
                    "holds ids exactly: keep the user's rows instead, or let fewer layers adapt (inner.scope)",
                    value.name));
  if (value.sizes.empty() || value.sizes[0] != kTasksSize)
    throw DataError(fmt::format("the memory '{}' is no task's own: keep the user's rows instead", value.name));
}

}  // namespace

std::vector<std::int64_t> MemoryLayout::Part::sizes(std::int64_t rows) const {
  std::vector<std::int64_t> sizes;
  sizes.reserve(fixed.size());
  for (std::size_t d = 0; d < fixed.size(); ++d) sizes.push_back(fixed[d] + rows * of_row[d]);
  return sizes;
}

MemoryLayout::MemoryLayout(const Schema& schema, const TorchScript& adapt, std::int64_t most_support)
    : most_support_(most_support) {
  for (const auto& output : adapt.outputs()) check(output);
  const auto few = adapt.run(unknown_rows(schema, kFewRows)), more = adapt.run(unknown_rows(schema, kFewRows + 1));
  for (const auto& output : adapt.outputs()) {
    const auto& name = output.name;
    const auto &smaller = tensor_of(few, name), &larger = tensor_of(more, name);
    if (smaller.dim() != larger.dim() || smaller.scalar_type() != at::kFloat)
      throw DataError(fmt::format("the memory '{}' is no tensor of float32 with a fixed number of sizes", name));
    auto& part = parts_.emplace_back(part_of(name, smaller, larger));
    part.offset = length_;
    if (__builtin_add_overflow(length_, product(part.sizes(most_support)), &length_))
      throw DataError("a memory has more numbers than can be counted");
  }
}

nlohmann::json MemoryLayout::json() const {
  auto tensors = nlohmann::json::array();
  for (const auto& part : parts_)
    tensors.push_back(
        {{"name", part.name}, {"type", "float32"}, {"sizes", part.sizes(most_support_)}, {"offset", part.offset}});
  return {{"length", length_}, {"tensors", tensors}};
}

at::Tensor MemoryLayout::place(const Part& part, float* list, std::int64_t rows) const {
  auto place = at::from_blob(list + part.offset, part.sizes(most_support_), at::kFloat);
  const auto sizes = part.sizes(rows);
  for (std::size_t d = 0; d < sizes.size(); ++d) place = place.narrow(static_cast<std::int64_t>(d), 0, sizes[d]);
  return place.unsqueeze(0);
}

void MemoryLayout::flatten(const NamedValues& memory, std::int64_t rows, float* to) const {
  for (const auto& part : parts_) {
    const auto& value = tensor_of(memory, part.name);
    const auto target = place(part, to, rows);
    if (value.scalar_type() != at::kFloat || value.sizes() != target.sizes())
      throw DataError(
          fmt::format("the memory '{}' of {} rows has not the sizes that its layout says", part.name, rows));
    if (!value.isfinite().all().item<bool>())
      throw DataError(fmt::format("the memory '{}' holds a number that is not finite", part.name));
    target.copy_(value);
  }
}

NamedValues MemoryLayout::tensors(const std::vector<float>& list, std::int64_t rows) const {
  auto numbers = list;
  NamedValues memory;
  for (const auto& part : parts_)
    memory[part.name] = place(part, numbers.data(), rows).clone(at::MemoryFormat::Contiguous);
  return memory;
}

}  // namespace warmstart
