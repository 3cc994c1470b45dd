// base/: what every other folder may use: errors and their exit codes, random
// numbers that are functions of their position, digests, and files that are
// complete or absent.  It knows no other folder.

#pragma once

#include "base/digest.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/hdf5.h"
#include "base/host.h"
#include "base/lock.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/pending_folder.h"
#include "base/random.h"
#include "base/regular_file.h"
#include "base/utf8.h"
