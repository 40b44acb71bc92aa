// What this machine can do at best, measured; knows no model.
#pragma once

#include "ops/ops.h"

namespace zaphod {

// Bytes a second that `threads` threads read together from a buffer of `bytes`, best of a few rounds.
double read_bandwidth(int threads, size_t bytes);

// Operations a second (two for a multiply-add) of products whose operands stay in the first caches.
double peak_ops(const Ops& ops, Format format, int threads);

}  // namespace zaphod
