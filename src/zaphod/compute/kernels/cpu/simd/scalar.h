// 16 lanes in an array: the plain meaning of every operation, and what runs where nothing better does.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace zaphod::ZAPHOD_ISA {

struct F32 {
  float lane[16];
};
struct I32 {
  int32_t lane[16];
};
struct Bytes {
  uint8_t byte[64];
};

constexpr int kRowTiles = 1;
constexpr int kTokens = 4;
constexpr int kFloatTokens = 4;
constexpr int kQueryRows = 4;
constexpr int kBias8 = 128;
constexpr int kHighNibble = 1;

template <class Function>
inline F32 each(Function function) {
  F32 out;
  for (int i = 0; i < 16; ++i) out.lane[i] = function(i);
  return out;
}

inline float float_of(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}
inline uint32_t bits_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits;
}
inline float from_f16(uint16_t h) {
  uint32_t sign = uint32_t(h & 0x8000) << 16, exponent = (h >> 10) & 31, mantissa = h & 0x3ff;
  if (exponent == 31) return float_of(sign | 0x7f800000 | (mantissa << 13));
  if (exponent == 0) return float_of(sign | bits_of(float(mantissa) * 0x1p-24f));
  return float_of(sign | ((exponent + 112) << 23) | (mantissa << 13));
}
inline uint16_t to_f16(float x) {
  uint32_t bits = bits_of(x), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return uint16_t(sign | 0x7e00);
  if (magnitude >= 0x477ff000) return uint16_t(sign | 0x7c00);
  if (magnitude < 0x38800000) return uint16_t(sign | uint32_t(std::nearbyint(float_of(magnitude) * 0x1p24f)));
  return uint16_t(sign | ((magnitude + 0xfff + ((magnitude >> 13) & 1) - 0x38000000) >> 13));
}
inline uint16_t to_bf16(float x) {
  uint32_t bits = bits_of(x);
  if (x != x) return 0x7fc0;
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

inline F32 zeros() { return each([](int) { return 0.0f; }); }
inline F32 splat(float x) { return each([=](int) { return x; }); }
inline F32 load(const float* p) { return each([=](int i) { return p[i]; }); }
inline void store(float* p, F32 x) { std::memcpy(p, x.lane, 64); }
inline F32 load_f16(const uint16_t* p) { return each([=](int i) { return from_f16(p[i]); }); }
inline void store_f16(uint16_t* p, F32 x) {
  for (int i = 0; i < 16; ++i) p[i] = to_f16(x.lane[i]);
}
inline F32 load_bf16(const uint16_t* p) { return each([=](int i) { return float_of(uint32_t(p[i]) << 16); }); }
inline F32 load_i8(const int8_t* p) { return each([=](int i) { return float(p[i]); }); }
inline void store_bf16(uint16_t* p, F32 x) {
  for (int i = 0; i < 16; ++i) p[i] = to_bf16(x.lane[i]);
}

inline F32 add(F32 a, F32 b) { return each([&](int i) { return a.lane[i] + b.lane[i]; }); }
inline F32 sub(F32 a, F32 b) { return each([&](int i) { return a.lane[i] - b.lane[i]; }); }
inline F32 mul(F32 a, F32 b) { return each([&](int i) { return a.lane[i] * b.lane[i]; }); }
inline F32 div(F32 a, F32 b) { return each([&](int i) { return a.lane[i] / b.lane[i]; }); }
inline F32 fma(F32 a, F32 b, F32 c) { return each([&](int i) { return a.lane[i] * b.lane[i] + c.lane[i]; }); }
inline F32 max(F32 a, F32 b) { return each([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; }); }
inline F32 min(F32 a, F32 b) { return each([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; }); }
inline F32 abs(F32 a) { return each([&](int i) { return std::fabs(a.lane[i]); }); }
inline F32 root(F32 a) { return each([&](int i) { return std::sqrt(a.lane[i]); }); }
inline F32 round(F32 a) { return each([&](int i) { return std::nearbyint(a.lane[i]); }); }
inline F32 where_less(F32 a, F32 b, F32 x, F32 y) {
  return each([&](int i) { return a.lane[i] < b.lane[i] ? x.lane[i] : y.lane[i]; });
}
// A power that is NaN belongs to a number that is.
inline F32 scale_by_power(F32 x, F32 n) {
  return each([&](int i) { return n.lane[i] == n.lane[i] ? std::ldexp(x.lane[i], int(n.lane[i])) : n.lane[i]; });
}
inline F32 keep_lanes(F32 x, int first, int last, F32 other) {
  return each([&](int i) { return i >= first && i < last ? x.lane[i] : other.lane[i]; });
}
inline float sum(F32 x) {
  for (int width = 8; width; width /= 2)
    for (int i = 0; i < width; ++i) x.lane[i] += x.lane[i + width];
  return x.lane[0];
}
inline float largest(F32 x) {
  float best = x.lane[0];
  for (float lane : x.lane) best = lane > best ? lane : best;
  return best;
}

inline I32 splat_i(int32_t x) {
  I32 out;
  for (int32_t& lane : out.lane) lane = x;
  return out;
}
inline I32 to_i32(F32 x) {
  I32 out;
  for (int i = 0; i < 16; ++i) out.lane[i] = int32_t(std::nearbyint(x.lane[i]));
  return out;
}
inline F32 to_f32(I32 x) { return each([&](int i) { return float(x.lane[i]); }); }
inline I32 add_i(I32 a, I32 b) {
  for (int i = 0; i < 16; ++i) a.lane[i] += b.lane[i];
  return a;
}
inline int32_t sum_i(I32 x) {
  int32_t total = 0;
  for (int32_t lane : x.lane) total += lane;
  return total;
}
inline void store_i8(int8_t* p, I32 x) {
  for (int i = 0; i < 16; ++i) p[i] = int8_t(x.lane[i]);
}

inline Bytes load_bytes(const uint8_t* p) {
  Bytes out;
  std::memcpy(out.byte, p, 64);
  return out;
}
inline Bytes low_nibbles(Bytes x) {
  for (uint8_t& byte : x.byte) byte &= 15;
  return x;
}
inline Bytes high_nibbles(Bytes x) {
  for (uint8_t& byte : x.byte) byte >>= 4;
  return x;
}

struct Quad {
  int8_t value[4];
};
inline Quad quad(const int8_t* p) {
  Quad out;
  std::memcpy(out.value, p, 4);
  return out;
}
inline I32 dot_u8(I32 acc, Bytes weights, Quad activations) {
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 4; ++j) acc.lane[i] += int32_t(weights.byte[4 * i + j]) * activations.value[j];
  return acc;
}
inline I32 dot_u4(I32 acc, Bytes weights, Quad activations) { return dot_u8(acc, weights, activations); }

struct Pair {
  float even, odd;
};
inline Pair pair(const uint16_t* p) { return {float_of(uint32_t(p[0]) << 16), float_of(uint32_t(p[1]) << 16)}; }
inline F32 dot_bf16(F32 acc, Bytes weights, Pair activations) {
  uint16_t bits[32];
  std::memcpy(bits, weights.byte, 64);
  for (int i = 0; i < 16; ++i) {
    acc.lane[i] += float_of(uint32_t(bits[2 * i]) << 16) * activations.even;
    acc.lane[i] += float_of(uint32_t(bits[2 * i + 1]) << 16) * activations.odd;
  }
  return acc;
}

inline void prefetch(const void*) {}

}  // namespace zaphod::ZAPHOD_ISA
