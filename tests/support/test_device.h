#pragma once

#include <ATen/core/Tensor.h>

#include <cstdlib>

namespace warmstart {

// Where tests of what runs on GPUs, too, put their tensors: as WARMSTART_TEST_DEVICE says (scripts/device_check: cuda),
// else the CPU.
inline at::Device test_device() {
  const char* name = std::getenv("WARMSTART_TEST_DEVICE");
  return at::Device(name ? name : "cpu");
}

}  // namespace warmstart
