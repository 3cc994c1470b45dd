#pragma once

namespace warmstart {

// Whether this program was built with CUDA, so that its ranks can compute on GPUs.
bool is_cuda_flavour();

}  // namespace warmstart
