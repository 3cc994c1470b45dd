#include "trainer/arithmetic/plain_arithmetic.h"

#include <utility>

namespace warmstart {
namespace {

thread_local bool plain = false;

}  // namespace

PlainArithmetic::PlainArithmetic() : stood_before_(std::exchange(plain, true)) {}
PlainArithmetic::~PlainArithmetic() { plain = stood_before_; }
bool PlainArithmetic::stands() { return plain; }

bool takes_own_loops(const at::Tensor& x) { return !plain && x.is_cpu() && x.scalar_type() == at::kFloat; }

}  // namespace warmstart
