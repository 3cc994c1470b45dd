#include "trainer/layers/rows.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>
#include <optional>

namespace warmstart {
namespace {

// How much of each of its microbatch's ids each row has: [N, the most ids of a microbatch].
at::Tensor id_weights(const IdBags& bags, const Microbatches& microbatches, std::int64_t rows) {
  const auto& places = bags.lookup.places;
  const auto& firsts = bags.lookup.firsts;
  std::int64_t most = 0;
  std::vector<std::int64_t> first_of_row;
  for (std::size_t m = 0; m + 1 < firsts.size(); ++m) {
    most = std::max(most, firsts[m + 1] - firsts[m]);
    first_of_row.resize(static_cast<std::size_t>(microbatches.first_rows[m + 1]), firsts[m]);
  }
  const auto row = bags.offsets.defined() ? row_of_each_id(bags) : at::arange(rows, places.options());
  const auto column = places - at::tensor(first_of_row, places.options()).index_select(0, row);
  auto weights = at::zeros({rows, most}, bags.weights.options());
  weights.index_put_({row, column}, bags.weights, true);
  return weights;
}

// The products of all pairs of a microbatch's distinct rows' id weights, [N_m, N_m] each.
std::vector<at::Tensor> id_products(const IdBags& bags, const Microbatches& microbatches, std::int64_t rows) {
  const auto weights = microbatches.split(id_weights(bags, microbatches, rows));
  const auto& firsts = bags.lookup.firsts;
  std::vector<at::Tensor> products;
  for (std::size_t m = 0; m < weights.size(); ++m) {
    // A BLAS may take another way, to other bits, by where its operands begin.
    const auto own = weights[m].narrow(1, 0, firsts[m + 1] - firsts[m]).clone(at::MemoryFormat::Contiguous);
    products.push_back(at::mm(own, own.t()));
  }
  return products;
}

// Of rows [T, R, I] and support rows [T, S, I], how much of each id a support row has: [T, R, S, I].
at::Tensor shares_of_padded_ids(const IdBags& rows, const IdBags& support) {
  const auto same = rows.padded.unsqueeze(2).unsqueeze(4).eq(support.padded.unsqueeze(1).unsqueeze(3));
  return (same.to(rows.weights.scalar_type()) * support.weights.unsqueeze(1).unsqueeze(3)).sum(-1);
}

at::Tensor same_padded_ids(const IdBags& rows, const IdBags& support) {  // [T, R, S]
  return (shares_of_padded_ids(rows, support) * rows.weights.unsqueeze(2)).sum(-1);
}

// Which padded ids of a request are those of a field: 1 or 0.
at::Tensor is_of_field(const IdBags& bags, const std::vector<std::int64_t>& first_ids, std::size_t field) {
  auto is_own = bags.padded.gt(first_ids[field]).to(bags.weights.scalar_type());
  if (field + 1 == first_ids.size()) return is_own;
  return is_own * bags.padded.le(first_ids[field + 1]).to(bags.weights.scalar_type());
}

// The field of each id.  The key's id 0, unknown, counts to the key.
at::Tensor field_of_each(const at::Tensor& ids, const std::vector<std::int64_t>& first_ids) {
  return at::bucketize(ids, at::tensor(first_ids, ids.options()), /*out_int32=*/false, /*right=*/true) - 1;
}

// A row's ids stand field by field, so that a bag of them falls into one for each field.
IdBags bags_by_field(const IdBags& bags, const std::vector<std::int64_t>& first_ids) {
  const auto fields = static_cast<std::int64_t>(first_ids.size());
  const auto field = field_of_each(bags.lookup.ids.index_select(0, bags.lookup.places), first_ids);
  const auto bag = row_of_each_id(bags) * fields + field;
  const auto every = at::arange(bags.offsets.size(0) * fields, bags.offsets.options());
  return {bags.lookup, at::searchsorted(bag, every), bags.weights};
}

IdBags padded_by_field(const IdBags& bags, const std::vector<std::int64_t>& first_ids) {
  std::vector<at::Tensor> weights;
  weights.reserve(first_ids.size());
  for (std::size_t f = 0; f < first_ids.size(); ++f)
    weights.push_back((bags.weights * is_of_field(bags, first_ids, f)).unsqueeze(-2));
  return {{}, {}, at::cat(weights, -2), bags.padded};
}

// Whether each field of a row belongs to a part: [fields] of 1 and 0.
at::Tensor is_of_part(const RowPart& part, const at::TensorOptions& options) {
  auto is_own = at::zeros({static_cast<std::int64_t>(part.first_ids.size())}, options);
  for (const auto field : part.fields) is_own[field] = 1;
  return is_own;
}

// The ids of a part's fields of some rows, a bag for each of `rows`, which rise.
IdBags bags_of_part(const IdBags& bags, const RowPart& part, const at::Tensor& rows) {
  const auto& lookup = bags.lookup;
  const auto bag_of_row = at::full({bags.offsets.size(0)}, -1, bags.offsets.options())
                              .index_copy(0, rows, at::arange(rows.size(0), rows.options()));
  const auto bag_of_id = bag_of_row.index_select(0, row_of_each_id(bags));
  const auto of_rows = bag_of_id.ge(0).nonzero().squeeze(1);
  const auto field = field_of_each(lookup.ids.index_select(0, lookup.places.index_select(0, of_rows)), part.first_ids);
  const auto own = is_of_part(part, field.options()).index_select(0, field).nonzero().squeeze(1);
  const auto chosen = of_rows.index_select(0, own);
  auto of_part = lookup;
  of_part.places = lookup.places.index_select(0, chosen);
  const auto every = at::arange(rows.size(0), rows.options());
  return {of_part, at::searchsorted(bag_of_id.index_select(0, chosen), every), bags.weights.index_select(0, chosen)};
}

// By operators that a trace can hold, of which at::tensor() is none.
at::Tensor columns_of(const at::Tensor& dense, const std::vector<std::int64_t>& columns) {
  std::vector<at::Tensor> parts;
  parts.reserve(columns.size());
  for (const auto column : columns) parts.push_back(dense.narrow(-1, column, 1));
  return parts.empty() ? dense.narrow(-1, 0, 0) : at::cat(parts, -1);
}

// As id_products(), of each field by itself: [F, N_m, N_m] each.
std::vector<at::Tensor> id_products_by_field(const IdBags& bags, const Microbatches& microbatches, std::int64_t rows,
                                             const std::vector<std::int64_t>& first_ids) {
  const auto weights = microbatches.split(id_weights(bags, microbatches, rows));
  const auto& firsts = bags.lookup.firsts;
  const auto fields = field_of_each(bags.lookup.ids, first_ids);
  std::vector<at::Tensor> products;
  for (std::size_t m = 0; m < weights.size(); ++m) {
    const auto field_of_column = fields.slice(0, firsts[m], firsts[m + 1]);
    std::vector<at::Tensor> of_fields;
    for (std::size_t f = 0; f < first_ids.size(); ++f) {
      const auto columns = field_of_column.eq(static_cast<std::int64_t>(f)).nonzero().squeeze(1);
      const auto own = weights[m].index_select(1, columns);
      of_fields.push_back(at::mm(own, own.t()));
    }
    products.push_back(at::stack(of_fields));
  }
  return products;
}

// Where each microbatch's ids begin, [microbatches + 1].
std::vector<std::int64_t> first_ids_of_microbatches(const IdBags& bags, const std::vector<std::int64_t>& first_rows) {
  const auto offsets = bags.offsets.to(at::kCPU);
  const auto* first_of_row = offsets.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> firsts;
  firsts.reserve(first_rows.size());
  for (const auto row : first_rows) firsts.push_back(row < offsets.size(0) ? first_of_row[row] : bags.weights.size(0));
  return firsts;
}

// [ids] of 0 and 1: rows that keep their key, where `keep_key` [N] is 1, keep all values, and the others lose some.
at::Tensor kept_values(const TensorBatch& batch, const Dropout& dropout, const at::Tensor& keep_key) {
  const auto& bags = batch.rows.ids;
  const auto ids = bags.lookup.ids.index_select(0, bags.lookup.places).to(at::kCPU);
  const auto kept = dropout.kept_values(ids, first_ids_of_microbatches(bags, batch.microbatches.first_rows));
  return at::maximum(kept.to(keep_key.options()), keep_key.index_select(0, row_of_each_id(bags)));
}

}  // namespace

at::Tensor row_of_each_id(const IdBags& bags) {
  const auto ends = at::cat({bags.offsets.slice(0, 1), at::full({1}, bags.weights.size(0), bags.offsets.options())});
  return at::repeat_interleave(ends - bags.offsets);
}

RowPart row_part(const FeatureLayout& layout, FieldOf of) {
  RowPart part = {of, layout.first_row_ids, {}, {}};
  const auto take = [of](const std::vector<FieldOf>& fields, std::vector<std::int64_t>& own) {
    for (std::size_t i = 0; i < fields.size(); ++i)
      if (fields[i] == of) own.push_back(static_cast<std::int64_t>(i));
  };
  take(layout.row_ids_of, part.fields);
  take(layout.row_dense_of, part.dense);
  return part;
}

struct Rows::Distinct {
  std::int64_t count = 0;
  Microbatches microbatches;
  IdBags fields, keys;
  at::Tensor dense;
  const Dropout* dropout = nullptr;
  bool recorded = false;  // whether autograd goes back through what is computed here, whoever asks first
  std::map<std::string, at::Tensor> computed;
  std::map<const IdBags*, std::vector<at::Tensor>> id_products;
  std::optional<IdBags> by_field;
  RowGroupTensors by_entity = {}, by_user = {};

  // Null where each row is by itself.
  const RowGroupTensors* groups(FieldOf of) const {
    const auto& groups = of == FieldOf::kEntity ? by_entity : by_user;
    return of == FieldOf::kRow || !groups.group.defined() ? nullptr : &groups;
  }
};

Rows::Rows(const TensorBatch& batch, const Dropout* dropout)
    : distinct_(std::make_shared<Distinct>()), gathered_(std::make_shared<std::map<std::string, at::Tensor>>()) {
  const auto count = batch.key.size(0);
  const auto options = batch.rows.ids.weights.options();
  distinct_->recorded = c10::GradMode::is_enabled();
  if (count == 0) return;  // they were encoded elsewhere
  auto weights = batch.rows.ids.weights;
  auto known = batch.key.ne(0).to(options);
  if (dropout) {
    const auto keep_key = dropout->kept_keys(batch.microbatches.first_rows, options);
    known = known * keep_key;
    if (dropout->loses_values()) weights = weights * kept_values(batch, *dropout, keep_key);
    weights = weights.index_copy(0, batch.rows.ids.offsets, known);  // the key comes first in each row
  }
  distinct_->count = count;
  distinct_->microbatches = batch.microbatches;
  distinct_->fields = {batch.rows.ids.lookup, batch.rows.ids.offsets, weights};
  distinct_->keys = {batch.key_lookup, {}, known};
  distinct_->dense = batch.rows.dense;
  distinct_->dropout = dropout;
  distinct_->by_entity = batch.by_entity;
  distinct_->by_user = batch.by_user;
}

Rows::Rows(std::shared_ptr<Distinct> distinct, at::Tensor place, at::Tensor support_place)
    : distinct_(std::move(distinct)),
      place_(std::move(place)),
      support_place_(std::move(support_place)),
      gathered_(std::make_shared<std::map<std::string, at::Tensor>>()) {}

Rows::Rows(const FeatureTensors& rows, const Rows* support_rows)
    : distinct_(std::make_shared<Distinct>()),
      support_(support_rows ? support_rows->distinct_ : distinct_),
      gathered_(std::make_shared<std::map<std::string, at::Tensor>>()) {
  distinct_->recorded = c10::GradMode::is_enabled();
  distinct_->fields = rows.ids;
  distinct_->keys.padded = rows.ids.padded.narrow(-1, 0, 1);  // the key comes first in each row
  distinct_->keys.weights = rows.ids.weights.narrow(-1, 0, 1);
  distinct_->dense = rows.dense;
}

Rows Rows::placed(const at::Tensor& place, const at::Tensor& support_place) const {
  return {distinct_, place, support_place};
}

Rows Rows::part(const RowPart& part) const {
  if (support_) return part_of_request(part);
  const auto* groups = distinct_->groups(part.of);
  const auto rows = groups ? groups->row : at::arange(distinct_->count, distinct_->fields.offsets.options());
  auto own = std::make_shared<Distinct>();
  own->count = rows.size(0);
  own->microbatches = {microbatches().count, groups ? groups->firsts : microbatches().first_rows};
  own->fields = bags_of_part(fields(), part, rows);
  own->keys = keys();
  own->keys.lookup.places = keys().lookup.places.index_select(0, rows);
  own->keys.weights = keys().weights.index_select(0, rows);
  own->dense = columns_of(distinct_->dense.index_select(0, rows), part.dense);
  own->dropout = distinct_->dropout;
  own->recorded = distinct_->recorded;
  return {own, {}, {}};
}

Rows Rows::part_of_request(const RowPart& part) const {
  auto is_own = at::zeros_like(fields().weights);
  for (const auto field : part.fields)
    is_own = is_own + is_of_field(fields(), part.first_ids, static_cast<std::size_t>(field));
  auto own = std::make_shared<Distinct>();
  own->fields = fields();
  own->fields.weights = fields().weights * is_own;
  own->keys = keys();
  own->dense = columns_of(distinct_->dense, part.dense);
  own->recorded = distinct_->recorded;
  Rows rows(own, {}, {});
  rows.support_ = own;
  return rows;
}

at::Tensor Rows::of_part(FieldOf of, const at::Tensor& values) const {
  const auto* groups = support_ ? nullptr : distinct_->groups(of);
  return gathered(groups ? values.index_select(0, groups->group) : values);
}

const Microbatches& Rows::microbatches() const { return distinct_->microbatches; }
const IdBags& Rows::fields() const { return distinct_->fields; }
const IdBags& Rows::keys() const { return distinct_->keys; }

const IdBags& Rows::by_field(const std::vector<std::int64_t>& first_ids) const {
  auto& found = distinct_->by_field;
  if (!found) found = (support_ ? padded_by_field : bags_by_field)(fields(), first_ids);
  return *found;
}

at::Tensor Rows::unknown_keys() const {
  return shared("unknown_keys", [&] {
    const auto unknown = 1.0 - distinct_->keys.weights;
    return support_ ? unknown : unknown.unsqueeze(1);
  });
}

const at::Tensor& Rows::distinct_dense() const { return distinct_->dense; }

at::Tensor Rows::dense() const {
  return shared("dense", [&] { return distinct_->dense; });
}

at::Tensor Rows::shared(const std::string& name, const std::function<at::Tensor()>& compute) const {
  const c10::AutoGradMode mode(distinct_->recorded);
  auto& computed = distinct_->computed[name];
  if (!computed.defined()) computed = compute();
  if (!place_.defined()) return computed;
  auto& gathered = (*gathered_)[name];
  if (!gathered.defined()) gathered = this->gathered(computed);
  return gathered;
}

at::Tensor Rows::of_microbatches(const at::Tensor& values) const {
  if (support_) return values.unsqueeze(1);
  if (!place_.defined()) return microbatches().for_distinct_rows(values);
  return microbatches().for_tasks(values, place_.size(0)).unsqueeze(1);
}

at::Tensor Rows::gathered(const at::Tensor& distinct) const {
  if (!place_.defined()) return distinct;
  auto sizes = place_.sizes().vec();
  sizes.insert(sizes.end(), distinct.sizes().begin() + 1, distinct.sizes().end());
  return distinct.index_select(0, place_.reshape({-1})).view(sizes);
}

at::Tensor Rows::mask(std::uint64_t number, std::int64_t width) const {
  if (!distinct_->dropout) return {};
  // Rows have the even masks, tasks the odd ones.
  return shared("mask." + std::to_string(number), [&] {
    return distinct_->dropout->mask(2 * number, microbatches().first_rows, width, distinct_->dense.options());
  });
}

at::Tensor Rows::same_ids(const IdBags& bags) const {
  if (support_) return same_padded_ids(bags, &bags == &distinct_->keys ? support_->keys : support_->fields);
  auto& products = distinct_->id_products[&bags];
  if (products.empty()) products = id_products(bags, microbatches(), distinct_->count);
  auto& same = (*gathered_)[&bags == &distinct_->keys ? "same_keys" : "same_ids"];
  if (!same.defined()) same = at::cat(of_pairs(products));
  return same;
}

at::Tensor Rows::same_ids_by_field(const std::vector<std::int64_t>& first_ids) const {
  const auto& bags = by_field(first_ids);
  if (support_) {
    const auto of_rows = shares_of_padded_ids(fields(), support_->fields);
    return at::matmul(of_rows, bags.weights.transpose(2, 3)).transpose(2, 3).transpose(1, 2);
  }
  auto& products = distinct_->id_products[&bags];
  if (products.empty()) products = id_products_by_field(fields(), microbatches(), distinct_->count, first_ids);
  auto& same = (*gathered_)["same_ids_by_field"];
  if (!same.defined()) same = at::cat(of_pairs(products), 1).transpose(0, 1).contiguous();
  return same;
}

std::vector<at::Tensor> Rows::of_pairs(const std::vector<at::Tensor>& products) const {
  std::vector<at::Tensor> parts;
  parts.reserve(products.size());
  for (std::size_t m = 0; m < products.size(); ++m) {
    const auto own = [&](const at::Tensor& place) {
      return place.chunk(microbatches().count)[m] - microbatches().first_rows[m];
    };
    parts.push_back(
        products[m].index({at::indexing::Ellipsis, own(place_).unsqueeze(2), own(support_place_).unsqueeze(1)}));
  }
  return parts;
}

}  // namespace warmstart
