#pragma once

#include <nlohmann/json.hpp>

namespace warmstart {

// Precision of matrix products in training.  Everything else stays float32.
enum class Precision {
  kFloat32,
  kTf32,      // on GPUs of compute capability 8 and up: operands rounded to 10 bits of mantissa
  kBfloat16,  // in adapted layers: operands and products rounded to 7 bits
};
NLOHMANN_JSON_SERIALIZE_ENUM(Precision, {{Precision::kFloat32, "float32"},
                                         {Precision::kTf32, "tf32"},
                                         {Precision::kBfloat16, "bfloat16"}})

// Whether all products of this process may round operands to TF32 (kTf32).
void allow_tf32(bool allowed);

}  // namespace warmstart
