#include "trainer/arithmetic/plain_arithmetic.h"

#include <utility>

namespace warmstart {
namespace {

thread_local bool stands_here = false;

}  // namespace

PlainArithmetic::PlainArithmetic() : stood_before_(std::exchange(stands_here, true)) {}
PlainArithmetic::~PlainArithmetic() { stands_here = stood_before_; }
bool PlainArithmetic::stands() { return stands_here; }

bool takes_own_loops(const at::Tensor& x) { return !stands_here && x.is_cpu() && x.scalar_type() == at::kFloat; }

}  // namespace warmstart
