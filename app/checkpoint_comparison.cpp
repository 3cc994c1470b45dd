#include "app/checkpoint_comparison.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "trainer/tables/checkpoint_tables.h"
#include "trainer/training/training_state.h"

namespace warmstart {
namespace {

std::string other_shapes(const std::string& left, const nlohmann::json& left_shape, const std::string& right,
                         const nlohmann::json& right_shape) {
  return fmt::format("parameter '{}' {} against '{}' {}", left, left_shape.dump(), right, right_shape.dump());
}

// The elements of a parameter that differ.
class Differences {
 public:
  // Pieces of both, float32 [n]; `element_of` tells which of the whole parameter's elements one is, and ascends.
  template <typename ElementOf>
  void add(const at::Tensor& left, const at::Tensor& right, const ElementOf& element_of) {
    const auto differs = left.ne(right).nonzero();
    if (differs.numel() == 0) return;
    const auto place = differs[0].item<std::int64_t>();
    if (const auto element = element_of(place); !first_ || element < first_->element)
      first_ = {element, left[place].item<float>(), right[place].item<float>()};
    count_ += differs.size(0);
  }
  // Empty where there are none.
  std::string text(const std::string& name, std::int64_t elements) const {
    if (!first_) return "";
    return fmt::format("parameter '{}', element {}: {} against {} ({} of its {} elements differ)", name,
                       first_->element, first_->left, first_->right, count_, elements);
  }

 private:
  struct Element {
    std::int64_t element;
    float left, right;
  };
  std::optional<Element> first_;
  std::int64_t count_ = 0;
};

std::string first_difference_of(const NamedTensors& a, const NamedTensors& b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const auto& [name, left] = a[i];
    const auto& [other_name, right] = b[i];
    if (name != other_name || left.sizes() != right.sizes())
      return other_shapes(name, left.sizes().vec(), other_name, right.sizes().vec());
    Differences differences;
    differences.add(left.reshape({-1}), right.reshape({-1}), [](auto place) { return place; });
    if (auto text = differences.text(name, left.numel()); !text.empty()) return text;
  }
  return "";
}

// A table of both, whose rows come shard by shard.  Growing tables may have other numbers of rows in a shard, so rows
// of one wait for those of the other; tables by id have as many in each shard, or are not compared.
class TableComparison {
 public:
  explicit TableComparison(std::array<std::string, 2> names) : names_(std::move(names)) {}

  void add(const RowsOfShard& left, const RowsOfShard& right) {
    add(left, sides_[0]);
    add(right, sides_[1]);
    are_alike_ &= sides_[0].grows == sides_[1].grows && sides_[0].width() == sides_[1].width() &&
                  (sides_[0].grows || left.values.size(0) == right.values.size(0));
    const auto rows = std::min(sides_[0].waiting.size(0), sides_[1].waiting.size(0));
    if (are_alike_) compare(rows, left.ids);
    for (auto& side : sides_) side.waiting = side.waiting.slice(0, are_alike_ ? rows : side.waiting.size(0));
    compared_ += rows;
  }

  // Empty where the table has the same bits in both.
  std::string difference() const {
    const auto& [left, right] = sides_;
    if (names_[0] != names_[1] || left.shape() != right.shape())
      return other_shapes(names_[0], left.shape(), names_[1], right.shape());
    if (left.grows != right.grows)
      return fmt::format("parameter '{}' is a table that grows in one of them and not in the other", names_[0]);
    return differences_.text(names_[0], left.rows * left.width());
  }

 private:
  struct Side {
    bool grows = false;
    std::int64_t rows = 0;
    at::Tensor waiting = {};  // [n, width], those that are yet to be compared
    std::int64_t width() const { return waiting.size(1); }
    nlohmann::json shape() const { return {rows, width()}; }
  };
  static void add(const RowsOfShard& more, Side& side) {
    side.grows = !more.ids.defined();
    side.rows += more.values.size(0);
    side.waiting =
        side.waiting.defined() && side.waiting.size(0) > 0 ? at::cat({side.waiting, more.values}) : more.values;
  }
  void compare(std::int64_t rows, const at::Tensor& ids) {
    const auto width = sides_[0].width();
    const auto first_of = [&](const Side& side) { return side.waiting.narrow(0, 0, rows).reshape({-1}); };
    differences_.add(first_of(sides_[0]), first_of(sides_[1]), [&](std::int64_t place) {
      const auto row = place / width;
      const auto of_table = ids.defined() ? ids.const_data_ptr<std::int64_t>()[row] : compared_ + row;
      return of_table * width + place % width;
    });
  }

  std::array<std::string, 2> names_;
  std::array<Side, 2> sides_;
  bool are_alike_ = true;
  std::int64_t compared_ = 0;  // rows
  Differences differences_;
};

std::vector<std::string> names_in(const Checkpoint& checkpoint) {
  return names_of_tables(checkpoint.files.value().manifest.tables);
}

std::string first_difference_of_tables(const Checkpoint& a, const Checkpoint& b) {
  const auto left = names_in(a), right = names_in(b);
  std::vector<TableComparison> tables;
  for (std::size_t t = 0; t < left.size(); ++t) tables.emplace_back(std::array{left[t], right[t]});
  for (std::int64_t number = 0; number < kVirtualShards && !tables.empty(); ++number) {
    const auto of_a = read_shard(*a.files, number), of_b = read_shard(*b.files, number);
    for (std::size_t t = 0; t < tables.size(); ++t)
      tables[t].add(rows_of_shard(of_a, left[t], a.has_best()), rows_of_shard(of_b, right[t], b.has_best()));
  }
  for (const auto& table : tables)
    if (auto text = table.difference(); !text.empty()) return text;
  return "";
}

}  // namespace

std::string first_difference_of_parameters(const Checkpoint& a, const Checkpoint& b) {
  const auto left = trained_parameters(a), right = trained_parameters(b);
  const auto left_tables = names_in(a).size(), right_tables = names_in(b).size();
  const auto all = left.size() + left_tables, all_of_other = right.size() + right_tables;
  if (all != all_of_other) return fmt::format("{} parameters against {}", all, all_of_other);
  if (auto text = first_difference_of(left, right); !text.empty()) return text;
  if (left_tables != right_tables) return fmt::format("{} sharded tables against {}", left_tables, right_tables);
  return first_difference_of_tables(a, b);
}

}  // namespace warmstart
