#pragma once

namespace warmstart {

// Makes the C library keep what is freed instead of giving it back to the kernel: a training step asks for the same
// large blocks as the one before, and having each page cleared anew took a fifth of its time.  Call before the first
// large allocation.
void keep_freed_memory();

}  // namespace warmstart
