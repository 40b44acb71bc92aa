#include "encode.h"

#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

// The loops below are plain C++ that compilers turn into vectors; where they can, for several instruction sets at once.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define ZAPHOD_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define ZAPHOD_CLONES
#endif

namespace nb = nanobind;
using namespace nb::literals;

namespace zaphod {
namespace {

// The float32 nearest to -share / 8 for shares 1, 0.95, 0.9, 0.85 and 0.8 of the largest value.
constexpr float kCandidates[] = {float(-1.0 / 8), float(-0.95 / 8), float(-0.9 / 8), float(-0.85 / 8), float(-0.8 / 8)};
constexpr uint32_t kInfinity = 0x7f800000;
constexpr uint16_t kHalfInfinity = 0x7c00;
// 1.5 · 2^23: a small number added to it is rounded to the nearest whole one, halves to even.
constexpr float kRounder = 12582912.0f;

inline uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

inline float from_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

// To the nearest float16, halves to even.
inline uint16_t to_half(float value) {
  uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
  if (size >= 0x47800000) return uint16_t(sign | kHalfInfinity);
  // Below 2^-14 a float16 counts steps of 2^-24, as a float32 between 0.5 and 1 does.
  if (size < 0x38800000) return uint16_t(sign | (bits_of(from_bits(size) + 0.5f) - 0x3f000000));
  return uint16_t(sign | ((size + 0xfff + (size >> 13 & 1) - 0x38000000) >> 13));
}

inline float from_half(uint16_t half) {
  uint32_t size = half & 0x7fff;
  float value = size < 0x400 ? float(size) * 0x1p-24f : from_bits((size << 13) + 0x38000000);
  return half & 0x8000 ? -value : value;
}

// Codes less 8, as whole numbers, for one scale. Returns the squared error, summed in the order of the definition.
inline float try_scale(const float* values, float scale, float* steps) {
  float sums[8] = {};
  for (size_t first = 0; first < kInt4Group; first += 8) {
    for (size_t i = 0; i < 8; ++i) {
      float value = values[first + i];
      float step = scale != 0.0f ? value / scale : 0.0f;
      step = step < -8.0f ? -8.0f : step;
      step = step > 7.0f ? 7.0f : step;
      step = (step + kRounder) - kRounder;
      float error = step * scale - value;
      sums[i] += error * error;
      steps[first + i] = step;
    }
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace

ZAPHOD_CLONES
bool encode_int4(const float* values, size_t groups, uint8_t* codes, uint16_t* scales) {
  for (size_t g = 0; g < groups; ++g, values += kInt4Group, codes += kInt4Group / 2) {
    uint32_t largest = 0;
    for (size_t i = 0; i < kInt4Group; ++i) largest = std::max(largest, bits_of(values[i]) & 0x7fffffff);
    if (largest >= kInfinity) return false;
    // The first value of largest magnitude is given code 0.
    size_t at = 0;
    while ((bits_of(values[at]) & 0x7fffffff) != largest) ++at;
    float extreme = values[at], best = std::numeric_limits<float>::infinity();
    float steps[kInt4Group], best_steps[kInt4Group] = {};
    for (float share : kCandidates) {
      uint16_t half = to_half(extreme * share);
      if ((half & 0x7fff) >= kHalfInfinity) return false;
      float error = try_scale(values, from_half(half), steps);
      if (!(error < best)) continue;
      best = error;
      scales[g] = half;
      std::memcpy(best_steps, steps, sizeof steps);
    }
    uint8_t whole[kInt4Group];
    for (size_t i = 0; i < kInt4Group; ++i) whole[i] = uint8_t(int(best_steps[i]) + 8);
    for (size_t i = 0; i < kInt4Group / 2; ++i) codes[i] = uint8_t(whole[2 * i] | whole[2 * i + 1] << 4);
  }
  return true;
}

void bind_encoders(nb::module_& module) {
  using Values = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
  using Codes = nb::ndarray<uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
  using Scales = nb::ndarray<uint16_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
  module.def(
      "encode_int4",
      [](Values values, Codes codes, Scales scales) {
        if (values.size() != scales.size() * kInt4Group || codes.size() != scales.size() * (kInt4Group / 2))
          throw std::invalid_argument("32 values have 16 bytes of codes and one scale");
        nb::gil_scoped_release release;
        return encode_int4(values.data(), scales.size(), codes.data(), scales.data());
      },
      "values"_a, "codes"_a, "scales"_a);
}

}  // namespace zaphod
