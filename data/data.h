// data/: from tables to episodes: reading and cleaning, vocabularies, sharded
// HDF5, the sampler and its batches.  It knows only base/.
//
//   tables --ingest--> dataset --Sampler--> episodes --make_batch--> EpisodeBatch

#pragma once

#include "data/batch.h"
#include "data/dataset.h"
#include "data/ingest.h"
#include "data/prefetch.h"
#include "data/sampler.h"
#include "data/synthetic.h"
