// 16 lanes in two AVX2 registers. Needs AVX2, FMA and F16C; uses AVX-VNNI where the compiler is allowed to.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace zaphod::ZAPHOD_ISA {

struct F32 {
  __m256 a, b;
};
struct I32 {
  __m256i a, b;
};
using Bytes = I32;

// There are 16 registers, and every sum takes two of them.
constexpr int kRowTiles = 1;
constexpr int kFloatTokens = 6;
constexpr int kQueryRows = 2;
#ifdef __AVXVNNI__
constexpr int kTokens = 6;
constexpr int kBias8 = 128;      // dot_u8 sums (code + 128) * activation
constexpr int kHighNibble = 16;  // high_nibbles leaves codes multiplied by this
#else
constexpr int kTokens = 4;
constexpr int kBias8 = 0;  // dot_u8 sums code * activation
constexpr int kHighNibble = 1;
#endif

inline F32 zeros() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
inline F32 splat(float x) {
  __m256 all = _mm256_set1_ps(x);
  return {all, all};
}
inline F32 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(float* p, F32 x) {
  _mm256_storeu_ps(p, x.a);
  _mm256_storeu_ps(p + 8, x.b);
}
inline __m128i half_load(const void* p) { return _mm_loadu_si128((const __m128i*)p); }
inline F32 load_f16(const uint16_t* p) { return {_mm256_cvtph_ps(half_load(p)), _mm256_cvtph_ps(half_load(p + 8))}; }
inline void store_f16(uint16_t* p, F32 x) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  _mm_storeu_si128((__m128i*)p, _mm256_cvtps_ph(x.a, kNearest));
  _mm_storeu_si128((__m128i*)(p + 8), _mm256_cvtps_ph(x.b, kNearest));
}
inline __m256 widened_bf16(__m128i bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
inline F32 load_bf16(const uint16_t* p) { return {widened_bf16(half_load(p)), widened_bf16(half_load(p + 8))}; }
inline F32 load_i8(const int8_t* p) {
  __m128i all = half_load(p);
  return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(all)), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(all, 8)))};
}
// Upper halves of the lanes, rounded to nearest, ties to even.
inline __m256i rounded_bf16(__m256 x) {
  __m256i bits = _mm256_castps_si256(x);
  __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  __m256 nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
  __m256 quiet = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000));
  return _mm256_srli_epi32(_mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(rounded), quiet, nan)), 16);
}
inline void store_bf16(uint16_t* p, F32 x) {
  // Packing goes on within 128 bits; the permutation puts the quarters in order again.
  __m256i packed = _mm256_packus_epi32(rounded_bf16(x.a), rounded_bf16(x.b));
  _mm256_storeu_si256((__m256i*)p, _mm256_permute4x64_epi64(packed, 0xd8));
}

inline F32 add(F32 x, F32 y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
inline F32 sub(F32 x, F32 y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
inline F32 mul(F32 x, F32 y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
inline F32 div(F32 x, F32 y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
inline F32 fma(F32 x, F32 y, F32 z) { return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)}; }
// NOTE: where one is NaN, the second is returned.
inline F32 max(F32 x, F32 y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
inline F32 min(F32 x, F32 y) { return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)}; }
inline F32 abs(F32 x) {
  __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b)};
}
inline F32 root(F32 x) { return {_mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b)}; }
inline F32 round(F32 x) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(x.a, kNearest), _mm256_round_ps(x.b, kNearest)};
}
// x < y ? p : q, lane by lane; false where one is NaN.
inline F32 where_less(F32 x, F32 y, F32 p, F32 q) {
  return {_mm256_blendv_ps(q.a, p.a, _mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ)),
          _mm256_blendv_ps(q.b, p.b, _mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ))};
}
// x * 2^n for whole n in [-126, 127].
inline __m256 power_of_two(__m256 n) {
  __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}
inline F32 scale_by_power(F32 x, F32 n) {
  return {_mm256_mul_ps(x.a, power_of_two(n.a)), _mm256_mul_ps(x.b, power_of_two(n.b))};
}
// Lanes [first, last) of x, `other` elsewhere.
inline __m256 keep_half(__m256 x, __m256i lanes, int first, int last, __m256 other) {
  __m256i from = _mm256_cmpgt_epi32(lanes, _mm256_set1_epi32(first - 1));
  __m256i to = _mm256_cmpgt_epi32(_mm256_set1_epi32(last), lanes);
  return _mm256_blendv_ps(other, x, _mm256_castsi256_ps(_mm256_and_si256(from, to)));
}
inline F32 keep_lanes(F32 x, int first, int last, F32 other) {
  if (first < 0) first = 0;
  return {keep_half(x.a, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), first, last, other.a),
          keep_half(x.b, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15), first, last, other.b)};
}
inline float sum(F32 x) {
  __m256 eight = _mm256_add_ps(x.a, x.b);
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float largest(F32 x) {
  __m256 eight = _mm256_max_ps(x.a, x.b);
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

inline I32 splat_i(int32_t x) {
  __m256i all = _mm256_set1_epi32(x);
  return {all, all};
}
inline I32 to_i32(F32 x) { return {_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b)}; }
inline F32 to_f32(I32 x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
inline I32 add_i(I32 x, I32 y) { return {_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)}; }
inline int32_t sum_i(I32 x) {
  __m256i eight = _mm256_add_epi32(x.a, x.b);
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}
// Lanes must lie in [-128, 127].
inline void store_i8(int8_t* p, I32 x) {
  __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(x.a, x.b), 0xd8);
  __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128((__m128i*)p, bytes);
}

inline int32_t four_bytes(const void* p) {
  int32_t word;
  std::memcpy(&word, p, 4);
  return word;
}

inline Bytes load_bytes(const uint8_t* p) {
  return {_mm256_loadu_si256((const __m256i*)p), _mm256_loadu_si256((const __m256i*)(p + 32))};
}
inline Bytes low_nibbles(Bytes x) {
  __m256i mask = _mm256_set1_epi8(0x0f);
  return {_mm256_and_si256(x.a, mask), _mm256_and_si256(x.b, mask)};
}
inline Bytes high_nibbles(Bytes x) {
#ifdef __AVXVNNI__
  __m256i mask = _mm256_set1_epi8((char)0xf0);
  return {_mm256_and_si256(x.a, mask), _mm256_and_si256(x.b, mask)};
#else
  return low_nibbles({_mm256_srli_epi16(x.a, 4), _mm256_srli_epi16(x.b, 4)});
#endif
}

// Four activations, repeated for 8 rows.
using Quad = __m256i;
inline Quad quad(const int8_t* p) { return _mm256_set1_epi32(four_bytes(p)); }
// Each lane: acc + the products of its four weights with the four activations, which lie in [-127, 127]. dot_u4 takes
// nibble codes, dot_u8 bytes as they are stored (code + 128); what the latter sums is said at kBias8.
#ifdef __AVXVNNI__
inline I32 dot_u4(I32 acc, Bytes weights, Quad activations) {
  return {_mm256_dpbusd_avx_epi32(acc.a, weights.a, activations), _mm256_dpbusd_avx_epi32(acc.b, weights.b, activations)};
}
inline I32 dot_u8(I32 acc, Bytes weights, Quad activations) { return dot_u4(acc, weights, activations); }
#else
// _mm256_maddubs_epi16 saturates at 32767: pairs of products may reach 15 * 127 * 2 or 128 * 127 * 2 = 32512, no more.
inline __m256i quad_sums(__m256i acc, __m256i unsigned_bytes, __m256i signed_bytes) {
  __m256i pairs = _mm256_maddubs_epi16(unsigned_bytes, signed_bytes);
  return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
inline I32 dot_u4(I32 acc, Bytes weights, Quad activations) {
  return {quad_sums(acc.a, weights.a, activations), quad_sums(acc.b, weights.b, activations)};
}
// |w| times a with the sign of w: exact, because |-128| is 128 as an unsigned byte and no activation is -128.
inline __m256i signed_sums(__m256i acc, __m256i stored, __m256i activations) {
  __m256i codes = _mm256_xor_si256(stored, _mm256_set1_epi8((char)0x80));
  return quad_sums(acc, _mm256_abs_epi8(codes), _mm256_sign_epi8(activations, codes));
}
inline I32 dot_u8(I32 acc, Bytes weights, Quad activations) {
  return {signed_sums(acc.a, weights.a, activations), signed_sums(acc.b, weights.b, activations)};
}
#endif

// Two bfloat16 activations, each repeated for 8 rows.
struct Pair {
  __m256 even, odd;
};
inline __m256 upper(__m256i x) {
  return _mm256_castsi256_ps(_mm256_and_si256(x, _mm256_set1_epi32((int)0xffff0000)));
}
inline __m256 lower(__m256i x) { return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16)); }
inline Pair pair(const uint16_t* p) {
  __m256i both = _mm256_set1_epi32(four_bytes(p));
  return {lower(both), upper(both)};
}
inline __m256 add_pair(__m256 acc, __m256i weights, Pair x) {
  return _mm256_fmadd_ps(upper(weights), x.odd, _mm256_fmadd_ps(lower(weights), x.even, acc));
}
inline F32 dot_bf16(F32 acc, Bytes weights, Pair activations) {
  return {add_pair(acc.a, weights.a, activations), add_pair(acc.b, weights.b, activations)};
}

inline void prefetch(const void* p) { _mm_prefetch((const char*)p, _MM_HINT_T0); }

}  // namespace zaphod::ZAPHOD_ISA
