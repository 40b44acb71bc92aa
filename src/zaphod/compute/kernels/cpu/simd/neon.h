// 16 lanes in four NEON registers, of any 64-bit Arm; uses the dot product instructions where the compiler is allowed to.
#pragma once

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

namespace zaphod::ZAPHOD_ISA {

struct F32 {
  float32x4_t q[4];
};
struct I32 {
  int32x4_t q[4];
};
struct Bytes {
  uint8x16_t q[4];  // 4 rows each
};

// There are 32 registers, and every sum takes four of them.
constexpr int kRowTiles = 1;
constexpr int kTokens = 5;
constexpr int kFloatTokens = 6;
constexpr int kQueryRows = 2;
constexpr int kBias8 = 0;  // dot_u8 sums code * activation
constexpr int kHighNibble = 1;

template <class Function>
inline F32 each(Function function) {
  return {function(0), function(1), function(2), function(3)};
}

inline F32 splat(float x) {
  float32x4_t all = vdupq_n_f32(x);
  return {all, all, all, all};
}
inline F32 zeros() { return splat(0.0f); }
inline F32 load(const float* p) {
  return each([=](int i) { return vld1q_f32(p + 4 * i); });
}
inline void store(float* p, F32 x) {
  for (int i = 0; i < 4; ++i) vst1q_f32(p + 4 * i, x.q[i]);
}
inline F32 load_f16(const uint16_t* p) {
  return each([=](int i) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p + 4 * i))); });
}
inline void store_f16(uint16_t* p, F32 x) {
  for (int i = 0; i < 4; ++i) vst1_u16(p + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(x.q[i])));
}
inline F32 load_bf16(const uint16_t* p) {
  return each([=](int i) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p + 4 * i), 16)); });
}
inline F32 load_i8(const int8_t* p) {
  int8x16_t all = vld1q_s8(p);
  int16x8_t low = vmovl_s8(vget_low_s8(all)), high = vmovl_s8(vget_high_s8(all));
  return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(low))),
          vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(high)))};
}
inline void store_bf16(uint16_t* p, F32 x) {
  for (int i = 0; i < 4; ++i) {
    uint32x4_t bits = vreinterpretq_u32_f32(x.q[i]);
    uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    rounded = vbslq_u32(vceqq_f32(x.q[i], x.q[i]), rounded, vdupq_n_u32(0x7fc00000));
    vst1_u16(p + 4 * i, vshrn_n_u32(rounded, 16));
  }
}

inline F32 add(F32 a, F32 b) {
  return each([&](int i) { return vaddq_f32(a.q[i], b.q[i]); });
}
inline F32 sub(F32 a, F32 b) {
  return each([&](int i) { return vsubq_f32(a.q[i], b.q[i]); });
}
inline F32 mul(F32 a, F32 b) {
  return each([&](int i) { return vmulq_f32(a.q[i], b.q[i]); });
}
inline F32 div(F32 a, F32 b) {
  return each([&](int i) { return vdivq_f32(a.q[i], b.q[i]); });
}
inline F32 fma(F32 a, F32 b, F32 c) {
  return each([&](int i) { return vfmaq_f32(c.q[i], a.q[i], b.q[i]); });
}
// NOTE: where one is NaN, the second is returned; vmaxq_f32 would return NaN.
inline F32 max(F32 a, F32 b) {
  return each([&](int i) { return vbslq_f32(vcgtq_f32(a.q[i], b.q[i]), a.q[i], b.q[i]); });
}
inline F32 min(F32 a, F32 b) {
  return each([&](int i) { return vbslq_f32(vcltq_f32(a.q[i], b.q[i]), a.q[i], b.q[i]); });
}
inline F32 abs(F32 a) {
  return each([&](int i) { return vabsq_f32(a.q[i]); });
}
inline F32 root(F32 a) {
  return each([&](int i) { return vsqrtq_f32(a.q[i]); });
}
inline F32 round(F32 a) {
  return each([&](int i) { return vrndnq_f32(a.q[i]); });
}
// a < b ? x : y, lane by lane; false where one is NaN.
inline F32 where_less(F32 a, F32 b, F32 x, F32 y) {
  return each([&](int i) { return vbslq_f32(vcltq_f32(a.q[i], b.q[i]), x.q[i], y.q[i]); });
}
// x * 2^n for whole n in [-126, 127].
inline F32 scale_by_power(F32 x, F32 n) {
  return each([&](int i) {
    int32x4_t exponent = vaddq_s32(vcvtnq_s32_f32(n.q[i]), vdupq_n_s32(127));
    return vmulq_f32(x.q[i], vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
  });
}
// Lanes [first, last) of x, `other` elsewhere.
inline F32 keep_lanes(F32 x, int first, int last, F32 other) {
  static constexpr int32_t kLanes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return each([&](int i) {
    int32x4_t lanes = vld1q_s32(kLanes + 4 * i);
    uint32x4_t inside = vandq_u32(vcgeq_s32(lanes, vdupq_n_s32(first)), vcltq_s32(lanes, vdupq_n_s32(last)));
    return vbslq_f32(inside, x.q[i], other.q[i]);
  });
}
inline float sum(F32 x) {
  return vaddvq_f32(vaddq_f32(vaddq_f32(x.q[0], x.q[2]), vaddq_f32(x.q[1], x.q[3])));
}
// NaN where a lane is NaN.
inline float largest(F32 x) {
  return vmaxvq_f32(vmaxq_f32(vmaxq_f32(x.q[0], x.q[1]), vmaxq_f32(x.q[2], x.q[3])));
}

inline I32 splat_i(int32_t x) {
  int32x4_t all = vdupq_n_s32(x);
  return {all, all, all, all};
}
inline I32 to_i32(F32 x) {
  return {vcvtnq_s32_f32(x.q[0]), vcvtnq_s32_f32(x.q[1]), vcvtnq_s32_f32(x.q[2]), vcvtnq_s32_f32(x.q[3])};
}
inline F32 to_f32(I32 x) {
  return each([&](int i) { return vcvtq_f32_s32(x.q[i]); });
}
inline I32 add_i(I32 a, I32 b) {
  for (int i = 0; i < 4; ++i) a.q[i] = vaddq_s32(a.q[i], b.q[i]);
  return a;
}
inline int32_t sum_i(I32 x) {
  return vaddvq_s32(vaddq_s32(vaddq_s32(x.q[0], x.q[1]), vaddq_s32(x.q[2], x.q[3])));
}
// Lanes must lie in [-128, 127].
inline void store_i8(int8_t* p, I32 x) {
  int16x8_t low = vcombine_s16(vmovn_s32(x.q[0]), vmovn_s32(x.q[1]));
  int16x8_t high = vcombine_s16(vmovn_s32(x.q[2]), vmovn_s32(x.q[3]));
  vst1q_s8(p, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
}

inline Bytes load_bytes(const uint8_t* p) { return {vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48)}; }
inline Bytes low_nibbles(Bytes x) {
  for (uint8x16_t& bytes : x.q) bytes = vandq_u8(bytes, vdupq_n_u8(0x0f));
  return x;
}
inline Bytes high_nibbles(Bytes x) {
  for (uint8x16_t& bytes : x.q) bytes = vshrq_n_u8(bytes, 4);
  return x;
}

// Four activations, repeated for 4 rows.
using Quad = int8x16_t;
inline Quad quad(const int8_t* p) {
  int32_t word;
  std::memcpy(&word, p, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(word));
}
// acc + the sums of four products each.
inline int32x4_t quad_sums(int32x4_t acc, int8x16_t weights, Quad activations) {
#ifdef __ARM_FEATURE_DOTPROD
  return vdotq_s32(acc, weights, activations);
#else
  // Two products are at most 2 * 128 * 127 = 32512: their sum is exact in 16 bits.
  int16x8_t low = vmull_s8(vget_low_s8(weights), vget_low_s8(activations));
  return vpadalq_s16(acc, vpaddq_s16(low, vmull_high_s8(weights, activations)));
#endif
}
// Each lane: acc + the products of its four weights with the four activations, which lie in [-127, 127]. dot_u4 takes
// nibble codes, dot_u8 bytes as they are stored (code + 128); both sum the codes themselves.
inline I32 dot_u4(I32 acc, Bytes weights, Quad activations) {
  for (int i = 0; i < 4; ++i) acc.q[i] = quad_sums(acc.q[i], vreinterpretq_s8_u8(weights.q[i]), activations);
  return acc;
}
inline I32 dot_u8(I32 acc, Bytes weights, Quad activations) {
  for (uint8x16_t& bytes : weights.q) bytes = veorq_u8(bytes, vdupq_n_u8(0x80));
  return dot_u4(acc, weights, activations);
}

// Two bfloat16 activations.
struct Pair {
  float even, odd;
};
inline Pair pair(const uint16_t* p) {
  float both[2];
  uint32_t bits[2] = {uint32_t(p[0]) << 16, uint32_t(p[1]) << 16};
  std::memcpy(both, bits, 8);
  return {both[0], both[1]};
}
inline F32 dot_bf16(F32 acc, Bytes weights, Pair activations) {
  return each([&](int i) {
    uint32x4_t both = vreinterpretq_u32_u8(weights.q[i]);
    float32x4_t even = vreinterpretq_f32_u32(vshlq_n_u32(both, 16));
    float32x4_t odd = vreinterpretq_f32_u32(vandq_u32(both, vdupq_n_u32(0xffff0000)));
    return vfmaq_n_f32(vfmaq_n_f32(acc.q[i], even, activations.even), odd, activations.odd);
  });
}

inline void prefetch(const void* p) { __builtin_prefetch(p); }

}  // namespace zaphod::ZAPHOD_ISA
