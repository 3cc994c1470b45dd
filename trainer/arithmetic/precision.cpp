#include "trainer/arithmetic/precision.h"

#include <ATen/Context.h>

namespace warmstart {

void allow_tf32(bool allowed) { at::globalContext().setAllowTF32CuBLAS(allowed); }

}  // namespace warmstart
