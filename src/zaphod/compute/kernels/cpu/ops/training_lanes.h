// 16 lanes of float32 or bfloat16 rows, and the activations with their slopes; included by the operations of training.
#pragma once

#include <cmath>
#include <cstring>

#include "../simd/simd.h"
#include "ops.h"

namespace zaphod::ZAPHOD_ISA {
namespace {

inline F32 all_lanes(const float* x) { return load(x); }
inline F32 all_lanes(const uint16_t* x) { return load_bf16(x); }
inline void set_lanes(float* out, F32 x) { store(out, x); }
inline void set_lanes(uint16_t* out, F32 x) { store_bf16(out, x); }

// The first n of 16 numbers, zeros behind them.
template <class T>
inline F32 take(const T* x, size_t n) {
  if (n >= 16) return all_lanes(x);
  T part[16] = {};
  std::memcpy(part, x, n * sizeof(T));
  return all_lanes(part);
}

template <class T>
inline void put(T* out, F32 x, size_t n) {
  if (n >= 16) return set_lanes(out, x);
  T part[16];
  set_lanes(part, x);
  std::memcpy(out, part, n * sizeof(T));
}

template <class T>
inline void put_one(T* out, float x) {
  put(out, splat(x), 1);
}

struct Slope {
  F32 value, slope;
};

inline F32 logistic(F32 x) { return div(splat(1.0f), add(splat(1.0f), exp(sub(zeros(), x)))); }

// NOTE: exp saturates at e^88, so x * logistic(x) is tiny but not 0 for the most negative x, as in `silu`.
inline Slope silu_slope(F32 x) {
  F32 open = logistic(x), value = mul(x, open);
  return {value, fma(value, sub(splat(1.0f), open), open)};
}

// x s(2u) with u = c (x + a x^3): the slope is s + x s (1 - s) 2 u'.
inline Slope gelu_tanh_slope(F32 x) {
  F32 square = mul(x, x), c2 = splat(2.0f * 0.7978845608028654f);
  F32 open = logistic(mul(mul(c2, x), fma(square, splat(0.044715f), splat(1.0f))));
  F32 value = mul(x, open), inner = mul(c2, fma(square, splat(3.0f * 0.044715f), splat(1.0f)));
  return {value, fma(mul(value, sub(splat(1.0f), open)), inner, open)};
}

// x P(x): the slope is P + x p, with the normal distribution's P and density p.
inline Slope gelu_erf_slope(F32 x) {
  F32 below = mul(splat(0.5f), add(splat(1.0f), erf(mul(x, splat(0.70710678118654752f)))));
  F32 density = mul(splat(0.3989422804014327f), exp(mul(splat(-0.5f), mul(x, x))));
  return {mul(x, below), fma(x, density, below)};
}

inline Slope slope(Activation activation, F32 x) {
  if (activation == Activation::silu) return silu_slope(x);
  return activation == Activation::gelu_tanh ? gelu_tanh_slope(x) : gelu_erf_slope(x);
}

}  // namespace
}  // namespace zaphod::ZAPHOD_ISA
