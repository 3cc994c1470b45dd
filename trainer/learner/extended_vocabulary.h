#pragma once

#include <string>
#include <vector>

#include "checkpoints/checkpoint.h"
#include "data/schema.h"
#include "trainer/layers/table_declaration.h"

namespace warmstart {

// By the ids of `schema`, int64 [ids]: the id of one kind in `made_for`, whose vocabularies it extends (see
// difference()): a new key's is that of its field's unknown key.
at::Tensor earlier_ids(const Schema& schema, const Schema& made_for, IdsOf ids);

// The parameters of a model that was made for the schema `made_for`, as those of one for `schema`, whose vocabularies
// may hold more keys (see difference()): of the embedding `tables` [ids, width], rows move to where their ids are now,
// and a new id's row is that of its field's unknown key.  All others stay.
NamedTensors with_vocabularies_of(const Schema& schema, const Schema& made_for, const NamedTensors& parameters,
                                  const std::vector<std::string>& tables);

}  // namespace warmstart
