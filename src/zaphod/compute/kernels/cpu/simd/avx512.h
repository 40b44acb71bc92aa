// 16 lanes in one AVX-512 register. Needs F, BW, VL, DQ and VNNI; uses BF16 where the compiler is allowed to.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace zaphod::ZAPHOD_ISA {

using F32 = __m512;
using I32 = __m512i;
using Bytes = __m512i;

// Register budget of the matrix product: row tiles x tokens whose sums are held at once.
constexpr int kRowTiles = 2;
constexpr int kTokens = 6;
constexpr int kFloatTokens = 12;
constexpr int kQueryRows = 8;

constexpr int kBias8 = 128;      // dot_u8 sums (code + 128) * activation
constexpr int kHighNibble = 16;  // high_nibbles leaves codes multiplied by this

inline F32 zeros() { return _mm512_setzero_ps(); }
inline F32 splat(float x) { return _mm512_set1_ps(x); }
inline F32 load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, F32 x) { _mm512_storeu_ps(p, x); }
inline F32 load_f16(const uint16_t* p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p)); }
inline void store_f16(uint16_t* p, F32 x) {
  _mm256_storeu_si256((__m256i*)p, _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
inline F32 load_bf16(const uint16_t* p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)p)), 16));
}
inline F32 load_i8(const int8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i*)p)));
}
inline void store_bf16(uint16_t* p, F32 x) {
  __m512i bits = _mm512_castps_si512(x);
  __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  rounded = _mm512_mask_mov_epi32(rounded, nan, _mm512_set1_epi32(0x7fc00000));
  _mm256_storeu_si256((__m256i*)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
}

inline F32 add(F32 a, F32 b) { return _mm512_add_ps(a, b); }
inline F32 sub(F32 a, F32 b) { return _mm512_sub_ps(a, b); }
inline F32 mul(F32 a, F32 b) { return _mm512_mul_ps(a, b); }
inline F32 div(F32 a, F32 b) { return _mm512_div_ps(a, b); }
inline F32 fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a, b, c); }
// NOTE: where one is NaN, the second is returned.
inline F32 max(F32 a, F32 b) { return _mm512_max_ps(a, b); }
inline F32 min(F32 a, F32 b) { return _mm512_min_ps(a, b); }
inline F32 abs(F32 a) { return _mm512_abs_ps(a); }
inline F32 root(F32 a) { return _mm512_sqrt_ps(a); }
inline F32 round(F32 a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
// a < b ? x : y, lane by lane; false where one is NaN.
inline F32 where_less(F32 a, F32 b, F32 x, F32 y) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x);
}
// x * 2^n for whole n in [-126, 127].
inline F32 scale_by_power(F32 x, F32 n) { return _mm512_scalef_ps(x, n); }
// Lanes [first, last) of x, `other` elsewhere.
inline F32 keep_lanes(F32 x, int first, int last, F32 other) {
  __mmask16 mask = last >= 16 ? 0xffff : last <= 0 ? 0 : (__mmask16)((1u << last) - 1);
  if (first > 0) mask = first >= 16 ? 0 : mask & (__mmask16)~((1u << first) - 1);
  return _mm512_mask_blend_ps(mask, other, x);
}
inline float sum(F32 x) { return _mm512_reduce_add_ps(x); }
inline float largest(F32 x) { return _mm512_reduce_max_ps(x); }

inline I32 splat_i(int32_t x) { return _mm512_set1_epi32(x); }
inline I32 to_i32(F32 x) { return _mm512_cvtps_epi32(x); }
inline F32 to_f32(I32 x) { return _mm512_cvtepi32_ps(x); }
inline I32 add_i(I32 a, I32 b) { return _mm512_add_epi32(a, b); }
inline int32_t sum_i(I32 x) { return _mm512_reduce_add_epi32(x); }
// Lanes must lie in [-128, 127].
inline void store_i8(int8_t* p, I32 x) { _mm_storeu_si128((__m128i*)p, _mm512_cvtepi32_epi8(x)); }

inline int32_t four_bytes(const void* p) {
  int32_t word;
  std::memcpy(&word, p, 4);
  return word;
}

inline Bytes load_bytes(const uint8_t* p) { return _mm512_loadu_si512(p); }
inline Bytes low_nibbles(Bytes x) { return _mm512_and_si512(x, _mm512_set1_epi8(0x0f)); }
inline Bytes high_nibbles(Bytes x) { return _mm512_and_si512(x, _mm512_set1_epi8((char)0xf0)); }

// Four activations, repeated for 16 rows.
using Quad = __m512i;
inline Quad quad(const int8_t* p) { return _mm512_set1_epi32(four_bytes(p)); }
// Each lane: acc + the products of its four weights (nibble codes, or code + 128) with the four activations.
inline I32 dot_u4(I32 acc, Bytes weights, Quad activations) { return _mm512_dpbusd_epi32(acc, weights, activations); }
inline I32 dot_u8(I32 acc, Bytes weights, Quad activations) { return _mm512_dpbusd_epi32(acc, weights, activations); }

// Two bfloat16 activations, repeated for 16 rows.
#ifdef __AVX512BF16__
using Pair = __m512bh;
inline Pair pair(const uint16_t* p) { return (Pair)_mm512_set1_epi32(four_bytes(p)); }
inline F32 dot_bf16(F32 acc, Bytes weights, Pair activations) {
  return _mm512_dpbf16_ps(acc, (__m512bh)weights, activations);
}
#else
struct Pair {
  F32 even, odd;
};
inline F32 upper(__m512i x) { return _mm512_castsi512_ps(_mm512_and_si512(x, _mm512_set1_epi32((int)0xffff0000))); }
inline F32 lower(__m512i x) { return _mm512_castsi512_ps(_mm512_slli_epi32(x, 16)); }
inline Pair pair(const uint16_t* p) {
  __m512i both = _mm512_set1_epi32(four_bytes(p));
  return {lower(both), upper(both)};
}
inline F32 dot_bf16(F32 acc, Bytes weights, Pair activations) {
  return fma(upper(weights), activations.odd, fma(lower(weights), activations.even, acc));
}
#endif

inline void prefetch(const void* p) { _mm_prefetch((const char*)p, _MM_HINT_T0); }

}  // namespace zaphod::ZAPHOD_ISA
