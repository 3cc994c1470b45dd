#include "app/exported_memories.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "app/progress_line.h"
#include "base/errors.h"
#include "base/stopwatch.h"
#include "base/text.h"
#include "cluster/agreement.h"
#include "serving/memory_writer.h"
#include "serving/served_model.h"

namespace warmstart {
namespace {

constexpr std::int64_t kNumbersOfRound = std::int64_t{1} << 20;  // a rank's, about: 4 MiB
constexpr std::int64_t kMostTasksOfRound = 16;                   // a rank's

// The model as every rank has it, and what it makes of the data set's tasks.
class MemoryMaking {
 public:
  MemoryMaking(const std::filesystem::path& path, const Dataset& dataset)
      : model_(path, {GraphKind::kAdapt}), format_(model_.memory_format()), dataset_(dataset) {
    const auto& schema = model_.catalogue().schema();
    if (const auto what = difference(schema, dataset.schema()); !what.empty())
      throw DataError(fmt::format("{}: is not the data set that {} was made for: {}", dataset.folder().string(),
                                  path.string(), what));
  }

  const MemoryFormat& format() const { return format_; }

  std::int64_t rows_of(std::int64_t task) const {
    return std::min<std::int64_t>(dataset_.row_count(task), format_.layout.most_support());
  }

  void make(std::int64_t task, float* to) const {
    const auto count = dataset_.row_count(task);
    EpisodeRows rows;
    for (auto row = static_cast<std::uint32_t>(count - rows_of(task)); row < count; ++row) rows.support.push_back(row);
    try {
      const auto memory =
          ServedModel(model_.catalogue(), functions_).memory(request_task(dataset_, {task, std::move(rows)}));
      format_.layout.flatten(memory, rows_of(task), to);
    } catch (const DataError& error) {
      throw DataError(fmt::format("{} '{}': {}", format_.task, printable(dataset_.task(task).key()), error.what()));
    }
  }

 private:
  ExportedModel model_;
  ModelFunctions functions_ = functions_of(model_.graphs());
  MemoryFormat format_;
  const Dataset& dataset_;
};

// Rank 0's: the file, and how far it is.
class MemoryWriting {
 public:
  MemoryWriting(const std::filesystem::path& path, const MemoryMaking& making, const Dataset& dataset)
      : path_(path), making_(making), dataset_(dataset), writer_(path, making.format()) {}

  // The next tasks, as many as there are: `numbers` has a list for each of them, one after another.
  void add(std::int64_t tasks, const float* numbers) {
    const auto length = making_.format().layout.length();
    const auto end = std::min(report_.tasks + tasks, dataset_.tasks());
    for (; report_.tasks < end; ++report_.tasks, numbers += length) {
      const auto view = dataset_.task(report_.tasks);
      const auto time = view.rows.time.empty() ? std::nullopt : std::optional(view.rows.time.back());
      writer_.add({view.key(), time, making_.rows_of(report_.tasks), {numbers, numbers + length}});
    }
    display_.show("memories", report_.tasks, dataset_.tasks());
  }

  MemoriesReport commit() {
    writer_.commit();
    if (const auto count = writer_.without_time(); count > 0)
      spdlog::warn("{} times are out of a timestamp's range, in which they are seconds since 1970: {} is null there",
                   count, kTimeColumn);
    report_.numbers = making_.format().layout.length();
    report_.bytes = std::filesystem::file_size(path_);
    report_.seconds = watch_.seconds();
    return report_;
  }

 private:
  std::filesystem::path path_;
  const MemoryMaking& making_;
  const Dataset& dataset_;
  MemoryWriter writer_;
  Stopwatch watch_;
  ProgressDisplay display_;
  MemoriesReport report_;
};

// The tasks that a rank makes before the ranks meet.
std::int64_t share_of_round(std::int64_t length, std::int64_t tasks, std::int64_t ranks) {
  const auto fitting = std::min(kNumbersOfRound / std::max<std::int64_t>(length, 1), kMostTasksOfRound);
  return std::clamp<std::int64_t>((tasks + ranks - 1) / ranks, 1, std::max<std::int64_t>(fitting, 1));
}

}  // namespace

MemoriesReport export_memories(const std::filesystem::path& file, const std::filesystem::path& model,
                               const Dataset& dataset, Communicator& group) {
  at::set_num_threads(1);  // ranks share a host, and sums of several threads have other bits
  std::unique_ptr<MemoryMaking> making;
  std::unique_ptr<MemoryWriting> writing;
  agree(group, [&] {
    making = std::make_unique<MemoryMaking>(model, dataset);
    if (group.rank() == 0) writing = std::make_unique<MemoryWriting>(file, *making, dataset);
  });
  const auto length = making->format().layout.length();
  const auto share = share_of_round(length, dataset.tasks(), group.size());
  const auto round = share * group.size();
  at::Tensor made;
  const auto write = [&] {
    if (writing && made.defined()) writing->add(round, made.const_data_ptr<float>());
  };
  for (std::int64_t first = 0; first < dataset.tasks(); first += round) {
    auto own = at::zeros({share, length});
    agree(group, [&] {
      write();
      const auto begin = first + group.rank() * share;
      for (auto task = begin; task < std::min(begin + share, dataset.tasks()); ++task)
        making->make(task, own.mutable_data_ptr<float>() + (task - begin) * length);
    });
    made = group.gather_slices(own);
  }
  MemoriesReport report;
  agree(group, [&] {
    write();
    if (writing) report = writing->commit();
  });
  return report;
}

}  // namespace warmstart
