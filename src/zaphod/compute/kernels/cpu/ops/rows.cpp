// Operations on single rows: norm, preparation for a product, gates, rotary embedding, caps.
#include <cmath>
#include <cstring>

#include "../simd/simd.h"
#include "kernels.h"

namespace zaphod::ZAPHOD_ISA {
namespace {

// x where there are 16 numbers, otherwise the first n of them and zeros.
inline F32 load_some(const float* x, size_t n) {
  if (n >= 16) return load(x);
  float part[16] = {};
  std::memcpy(part, x, n * sizeof(float));
  return load(part);
}

inline void store_some(float* out, F32 x, size_t n) {
  if (n >= 16) return store(out, x);
  float part[16];
  store(part, x);
  std::memcpy(out, part, n * sizeof(float));
}

void prepare_int8(const float* x, size_t begin, size_t cols, uint8_t* row) {
  size_t n = cols > begin ? cols - begin : 0, blocks = num_blocks(cols), b = begin / kBlock;
  F32 low = load_some(x, n), high = n > 16 ? load_some(x + 16, n - 16) : zeros();
  int8_t* codes = (int8_t*)row + begin;
  uint8_t* tail = row + round_up(cols, kGroup);
  float* scale = (float*)tail + b;
  float amax = largest(max(abs(low), abs(high)));
  // x * 0 is NaN where x is NaN or infinite; the maximum alone may overlook a NaN.
  float probe = sum(add(mul(low, zeros()), mul(high, zeros())));
  int32_t total = 0;
  // Below this, 127 / amax is infinite: such a block is as good as zero.
  if (probe == 0.0f && amax > 1e-36f) {
    F32 steps = splat(127.0f / amax);
    I32 low_codes = to_i32(round(mul(low, steps))), high_codes = to_i32(round(mul(high, steps)));
    store_i8(codes, low_codes);
    store_i8(codes + 16, high_codes);
    total = sum_i(add_i(low_codes, high_codes));
    *scale = amax / 127.0f;
  } else {
    std::memset(codes, 0, kBlock);
    *scale = probe == 0.0f ? 0.0f : NAN;
  }
  ((int32_t*)tail)[blocks + b] = -8 * total * (b % 2 ? kHighNibble : 1);
  ((int32_t*)tail)[2 * blocks + b] = -kBias8 * total;
}

}  // namespace

void prepare_block(Kind kind, const float* x, size_t begin, size_t cols, uint8_t* row) {
  if (kind == Kind::int8) return prepare_int8(x, begin, cols, row);
  size_t n = cols > begin ? cols - begin : 0;
  for (size_t half = 0; half < 2; ++half, n = n > 16 ? n - 16 : 0) {
    F32 part = load_some(x + (n ? 16 * half : 0), n);
    if (kind == Kind::bf16)
      store_bf16((uint16_t*)row + begin + 16 * half, part);
    else if (n)
      store((float*)row + begin + 16 * half, part);
  }
}

void prepare(Kind kind, const float* x, size_t cols, uint8_t* row) {
  for (size_t begin = 0; begin < cols; begin += kBlock) prepare_block(kind, x + begin, begin, cols, row);
  // The last group has a second block even where no column falls into it.
  if (kind == Kind::int8 && round_up(cols, kBlock) % kGroup) prepare_int8(x, round_up(cols, kBlock), cols, row);
}

void subtract(Kind kind, const uint8_t* row, size_t cols, float* x) {
  const float* scales = (const float*)(row + round_up(cols, kGroup));
  for (size_t i = 0; i < cols; i += 16) {
    F32 held = kind == Kind::f32    ? load((const float*)row + i)
               : kind == Kind::bf16 ? load_bf16((const uint16_t*)row + i)
                                    : mul(load_i8((const int8_t*)row + i), splat(scales[i / kBlock]));
    store_some(x + i, sub(load_some(x + i, cols - i), held), cols - i);
  }
}

void rms_norm(const float* x, const float* weight, size_t n, float epsilon, float* out) {
  F32 sums[4] = {zeros(), zeros(), zeros(), zeros()};
  for (size_t i = 0; i < n; i += 16) {
    F32 part = load_some(x + i, n - i);
    sums[i / 16 % 4] = fma(part, part, sums[i / 16 % 4]);
  }
  float square = sum(add(add(sums[0], sums[1]), add(sums[2], sums[3])));
  F32 scale = splat(1.0f / std::sqrt(square / float(n) + epsilon));
  for (size_t i = 0; i < n; i += 16)
    store_some(out + i, mul(mul(load_some(x + i, n - i), scale), load_some(weight + i, n - i)), n - i);
}

void add_scaled(float* x, const float* y, float factor, size_t n) {
  F32 f = splat(factor);
  for (size_t i = 0; i < n; i += 16)
    store_some(x + i, fma(f, load_some(y + i, n - i), load_some(x + i, n - i)), n - i);
}

void gate(Activation activation, float* gate, const float* up, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    F32 x = load_some(gate + i, n - i);
    F32 y = activation == Activation::silu ? silu(x) : activation == Activation::gelu_tanh ? gelu_tanh(x) : gelu_erf(x);
    store_some(gate + i, mul(y, load_some(up + i, n - i)), n - i);
  }
}

void rotate(float* x, const float* cos, const float* sin, size_t head_dim) {
  size_t half = head_dim / 2;
  for (size_t i = 0; i < half; i += 16) {
    size_t n = half - i;
    F32 first = load_some(x + i, n), second = load_some(x + half + i, n);
    F32 c = load_some(cos + i, n), s = load_some(sin + i, n);
    store_some(x + i, sub(mul(first, c), mul(second, s)), n);
    store_some(x + half + i, add(mul(second, c), mul(first, s)), n);
  }
}

void scale_and_cap(float* x, float factor, float cap, size_t n) {
  F32 f = splat(cap == 0.0f ? factor : factor / cap), c = splat(cap);
  for (size_t i = 0; i < n; i += 16) {
    F32 y = mul(load_some(x + i, n - i), f);
    store_some(x + i, cap == 0.0f ? y : mul(tanh(y), c), n - i);
  }
}

}  // namespace zaphod::ZAPHOD_ISA
