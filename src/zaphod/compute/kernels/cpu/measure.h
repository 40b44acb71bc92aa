// What this machine can do at best, measured; knows no model.
#pragma once

#include "ops/ops.h"

namespace zaphod {

// Bytes a second that `threads` threads read together from a buffer of `bytes`, best of a few rounds.
double read_bandwidth(int threads, size_t bytes);

// Operations a second (two for a multiply-add) of products whose operands stay in the first caches.
double peak_ops(const Ops& ops, Format format, int threads);

// Seconds in which `count` rows are multiplied with a matrix, of the fastest of a few rounds. Each round goes through
// copies of the matrix that fill `bytes`, so that a buffer beyond the caches shows how fast weights come from memory.
double product_seconds(const Ops& ops, const Matrix& w, size_t count, int threads, size_t bytes);

}  // namespace zaphod
