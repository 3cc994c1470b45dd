#pragma once

#include <nlohmann/json.hpp>

namespace warmstart {

// Of the products in training; parameters, sums and all else are float32.
enum class Precision {
  kFloat32,
  kTf32,      // on GPUs of compute capability 8 and up: operands rounded to 10 bits of mantissa
  kBfloat16,  // in adapted layers: operands and products rounded to 7 bits
};
NLOHMANN_JSON_SERIALIZE_ENUM(Precision, {{Precision::kFloat32, "float32"},
                                         {Precision::kTf32, "tf32"},
                                         {Precision::kBfloat16, "bfloat16"}})

// Makes kTf32 hold for all of the process's products, or not.
void allow_tf32(bool allowed);

}  // namespace warmstart
