#include "tests/support/random_request.h"

#include <ATen/ATen.h>

#include <cmath>

#include "base/random.h"

namespace warmstart {
namespace {

constexpr std::int64_t kItems = 6, kGenres = 4, kGroups = 3, kMostGenres = 3;

class Maker {
 public:
  Maker(std::int64_t tasks, std::int64_t candidates, bool binary, std::uint64_t seed)
      : random_(seed, Purpose::kSynthesize), tasks_(tasks), candidates_(candidates), binary_(binary) {}

  RandomRequest make(std::int64_t support) {
    made_.batch.tasks = tasks_;
    made_.batch.first_rows = {0};
    made_.batch.rows.dense_width = 2;
    add_descriptions();
    add_rows("support", support, true, made_.batch.support);
    add_rows("candidates", candidates_, false, made_.batch.query);
    made_.batch.rows.count = static_cast<std::int64_t>(made_.batch.key.size());
    made_.batch.first_rows.push_back(made_.batch.rows.count);
    find_distinct_ids(made_.batch);
    return std::move(made_);
  }

 private:
  std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(end)));
  }

  void add_descriptions() {
    auto groups = at::zeros({tasks_}, at::kLong);
    auto& features = made_.batch.descriptions;
    for (std::int64_t task = 0; task < tasks_; ++task) {
      const auto group = below(kGroups + 1);
      groups[task].fill_(group);
      made_.batch.task.push_back(task);
      features.offsets.push_back(static_cast<std::int64_t>(features.ids.size()));
      if (group == 0) continue;
      features.ids.push_back(group);
      features.weights.push_back(1.0f);
    }
    features.count = tasks_;
    made_.inputs["task.group"] = groups;
  }

  void add_rows(const std::string& part, std::int64_t width, bool ragged, PaddedRows& padded) {
    padded.width = width;
    items_ = at::zeros({tasks_, width}, at::kLong);
    genres_ = at::zeros({tasks_, width, kMostGenres}, at::kLong);
    price_ = at::full({tasks_, width}, NAN, at::kFloat);
    hour_ = at::full({tasks_, width}, NAN, at::kFloat);
    auto labels = at::full({tasks_, width}, NAN, at::kFloat), mask = at::zeros({tasks_, width}, at::kFloat);
    for (std::int64_t task = 0; task < tasks_; ++task) {
      const auto rows = !ragged || task == 0 ? width : task == 1 ? 0 : below(width + 1);
      for (std::int64_t row = 0; row < width; ++row) {
        const bool real = row < rows;
        const auto label = !real ? 0.0f : binary_ ? static_cast<float>(below(2)) : static_cast<float>(random_.normal());
        padded.label.push_back(label);
        padded.mask.push_back(real ? 1.0f : 0.0f);
        padded.place.push_back(real ? add_row(task, row) : 0);
        if (!real) continue;
        labels.index({task, row}).fill_(label);
        mask.index({task, row}).fill_(1.0);
      }
    }
    const auto name = [&](const char* field) { return part + "." + field; };
    made_.inputs[name("item.item")] = items_;
    made_.inputs[name("item.genre")] = genres_;
    made_.inputs[name("item.price")] = price_;
    made_.inputs[name("row.hour")] = hour_;
    if (!ragged) return;
    made_.inputs[name("label")] = labels;
    made_.inputs[name("mask")] = mask;
  }

  // Returns its place among the batch's rows.
  std::int64_t add_row(std::int64_t task, std::int64_t row) {
    auto& batch = made_.batch;
    auto& features = batch.rows;
    const auto item = below(kItems + 1), genres = below(kMostGenres + 1);
    items_.index({task, row}).fill_(item);
    features.offsets.push_back(static_cast<std::int64_t>(features.ids.size()));
    features.ids.push_back(item);
    features.weights.push_back(item == 0 ? 0.0f : 1.0f);
    for (std::int64_t g = 0; g < genres; ++g) {
      const auto genre = 1 + below(kGenres);
      genres_.index({task, row, g}).fill_(genre);
      features.ids.push_back(kItems + 1 + genre);
      features.weights.push_back(1.0f / std::sqrt(static_cast<float>(genres)));
    }
    for (const auto& values : {price_, hour_}) {
      const bool missing = below(8) == 0;
      const auto value = missing ? 0.0f : static_cast<float>(random_.normal());
      features.dense.push_back(value);
      if (!missing) values.index({task, row}).fill_(value);
    }
    batch.key.push_back(item);
    batch.entity.push_back(static_cast<std::int64_t>(batch.entity.size()));
    return batch.entity.back();
  }

  RandomStream random_;
  std::int64_t tasks_, candidates_;
  bool binary_;
  RandomRequest made_;
  at::Tensor items_, genres_, price_, hour_;
};

}  // namespace

RandomRequest random_request(std::int64_t tasks, std::int64_t support, std::int64_t candidates, bool binary,
                             std::uint64_t seed) {
  return Maker(tasks, candidates, binary, seed).make(support);
}

}  // namespace warmstart
