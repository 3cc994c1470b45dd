#include "trainer/training/catalogue_encoding.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/plural.h"
#include "cluster/agreement.h"
#include "trainer/learner/memory_estimate.h"
#include "trainer/training/looked_up_ids.h"

namespace warmstart {
namespace {

// Collective.  As many rounds as the rank wants whose host has the least memory.
std::int64_t rounds_of_all(double bytes, const CatalogueCut& cut, Communicator& group) {
  const auto own = at::full({1}, cut.rounds(bytes, group.size()), at::kLong);
  return group.gather_slices(own).max().item<std::int64_t>();
}

std::vector<at::Tensor> ids_of(const Dataset& dataset, EntityRange range, const RowsElsewhere& rows,
                               std::int64_t block) {
  LookedUpIds ids;
  for (auto first = range.first; first < range.end; first += block)
    ids.add(entities_as_rows(dataset, first, std::min(range.end, first + block)));
  return ids.of(rows.kinds);
}

// An encoding as one matrix [entities, numbers], on the host.
at::Tensor packed(const Encoding& encoding) {
  std::vector<at::Tensor> columns = {encoding.features(), encoding.base()};
  for (const auto& [name, part] : encoding.parts()) columns.push_back(part);
  return at::cat(columns, 1).cpu();
}

// The other way, with the columns of `like`, where its tensors are.
Encoding unpacked(const at::Tensor& matrix, const Encoding& like) {
  std::int64_t first = 0;
  const auto next = [&](const at::Tensor& column) {
    const auto width = column.size(1);
    return matrix.narrow(1, std::exchange(first, first + width), width).contiguous().to(column.device());
  };
  auto features = next(like.features()), base = next(like.base());
  std::map<std::string, at::Tensor> parts;
  for (const auto& [name, part] : like.parts()) parts[name] = next(part);
  return {std::move(features), std::move(base), std::move(parts)};
}

at::Tensor room_for(std::int64_t entities, std::int64_t numbers, const Dataset& dataset) {
  const auto bytes = kBytesOfValue * static_cast<double>(entities) * static_cast<double>(numbers);
  require_memory(2 * bytes, fmt::format("evaluate.candidates = all: the encodings of {}, twice",
                                        counted(entities, dataset.schema().entity)));
  return at::empty({entities, numbers}, at::kFloat);
}

}  // namespace

std::shared_ptr<const Encoding> catalogue_encoding(const Learner& learner, const Dataset& dataset,
                                                   const RowsElsewhere& rows, Communicator& group,
                                                   const CatalogueCut& cut) {
  const CatalogueRounds rounds(dataset.entities(), rounds_of_all(rows.bytes, cut, group), group.size(), cut.block);
  std::optional<Encoding> like;
  at::Tensor all;
  for (std::int64_t round = 0; round < rounds.count(); ++round) {
    // A rank without any takes part with what the first one has.
    auto own = rounds.of(round, group.rank());
    if (own.count() == 0) own = rounds.of(round, 0);
    rows.bring(ids_of(dataset, own, rows, cut.block));
    at::Tensor encoded;
    agree(group, [&] {
      like = encoded_entities(learner, dataset, own.first, own.end, cut.block);
      encoded = packed(*like);
      if (!all.defined()) all = room_for(dataset.entities(), encoded.size(1), dataset);
      encoded = at::constant_pad_nd(encoded, {0, 0, 0, rounds.share() - own.count()});
    });
    const auto gathered = group.gather_slices(encoded.flatten()).view({-1, encoded.size(1)});
    for (int rank = 0; rank < group.size(); ++rank) {
      const auto [first, end] = rounds.of(round, rank);
      all.slice(0, first, end).copy_(gathered.narrow(0, rank * rounds.share(), end - first));
    }
  }
  return std::make_shared<const Encoding>(unpacked(all, *like));
}

}  // namespace warmstart
