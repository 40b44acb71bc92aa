// Matrix times few or many prepared rows. Sums of integers are exact within a block; blocks are added in order, so a
// result depends on its own row and token alone, never on how many tokens are computed together.
#include "../simd/simd.h"
#include "kernels.h"

namespace zaphod::ZAPHOD_ISA {
namespace {

// How far ahead of its use a line of weights is asked for.
constexpr size_t kAhead = 2048;
// For so few tokens memory alone decides, and one stream of weights is read faster than several.
constexpr size_t kStreamTokens = 2;

struct Int8Row {
  const int8_t* codes;
  const float* scales;
  const int32_t* start_q4;
  const int32_t* start_q8;
};

inline Int8Row int8_row(const uint8_t* row, size_t cols) {
  size_t blocks = num_blocks(cols);
  const uint8_t* scales = row + round_up(cols, kGroup);
  return {(const int8_t*)row, (const float*)scales, (const int32_t*)(scales + 4 * blocks),
          (const int32_t*)(scales + 8 * blocks)};
}

template <int R>
inline void ask_ahead(const uint8_t* const (&w)[R], size_t bytes, size_t ahead) {
  for (int r = 0; r < R; ++r)
    for (size_t line = 0; line < bytes; line += 64) prefetch(w[r] + ahead + line);
}

template <int R, int T>
inline void finish_block(F32 (&acc)[R][T], const I32 (&block)[R][T], const F32 (&scale)[R], const Int8Row (&x)[T],
                         size_t b) {
#pragma GCC unroll 8
  for (int t = 0; t < T; ++t) {
    F32 activation = splat(x[t].scales[b]);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) acc[r][t] = fma(to_f32(block[r][t]), mul(scale[r], activation), acc[r][t]);
  }
}

// Two forms of coded weights: where a group's vectors lie, how they are multiplied, what the sums begin with.
struct EightBits {
  static constexpr size_t kBytes = 1088;
  static constexpr float kFactor[2] = {1.0f, 1.0f};
  static Bytes load(const uint8_t* group, int half, int v) { return load_bytes(group + 64 + 512 * half + 64 * v); }
  static I32 dot(I32 acc, Bytes weights, Quad activations) { return dot_u8(acc, weights, activations); }
  static int32_t start(const Int8Row& x, size_t b) { return x.start_q8[b]; }
};

struct FourBits {
  static constexpr size_t kBytes = 576;
  static constexpr float kFactor[2] = {1.0f, 1.0f / kHighNibble};
  static Bytes load(const uint8_t* group, int half, int v) {
    Bytes both = load_bytes(group + 64 + 64 * v);
    return half ? high_nibbles(both) : low_nibbles(both);
  }
  static I32 dot(I32 acc, Bytes weights, Quad activations) { return dot_u4(acc, weights, activations); }
  static int32_t start(const Int8Row& x, size_t b) { return x.start_q4[b]; }
};

template <class Weights, int R, int T>
void multiply_codes(const uint8_t* const (&tiles)[R], size_t cols, const uint8_t* const (&rows)[T], size_t ahead,
                    F32 (&acc)[R][T]) {
  const uint8_t* w[R];
  Int8Row x[T];
  for (int r = 0; r < R; ++r) w[r] = tiles[r];
  for (int t = 0; t < T; ++t) x[t] = int8_row(rows[t], cols);
  size_t groups = ceil_div(cols, kGroup);
  for (size_t g = 0; g < groups; ++g) {
    if (ahead) ask_ahead(w, Weights::kBytes, ahead);
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      size_t b = 2 * g + half;
      I32 block[R][T];
#pragma GCC unroll 8
      for (int t = 0; t < T; ++t)
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) block[r][t] = splat_i(Weights::start(x[t], b));
#pragma GCC unroll 8
      for (int v = 0; v < 8; ++v) {
        Bytes weights[R];
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) weights[r] = Weights::load(w[r], half, v);
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) {
          Quad activations = quad(x[t].codes + 64 * g + 32 * half + 4 * v);
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) block[r][t] = Weights::dot(block[r][t], weights[r], activations);
        }
      }
      F32 scale[R];
      for (int r = 0; r < R; ++r) {
        scale[r] = load_f16((const uint16_t*)(w[r] + 32 * half));
        if (Weights::kFactor[half] != 1.0f) scale[r] = mul(scale[r], splat(Weights::kFactor[half]));
      }
      finish_block<R, T>(acc, block, scale, x, b);
    }
    for (int r = 0; r < R; ++r) w[r] += Weights::kBytes;
  }
}

template <int R, int T>
struct Q8 {
  static void run(const uint8_t* const (&tiles)[R], size_t cols, const uint8_t* const (&rows)[T], size_t ahead,
                  F32 (&acc)[R][T]) {
    multiply_codes<EightBits, R, T>(tiles, cols, rows, ahead, acc);
  }
};

template <int R, int T>
struct Q4 {
  static void run(const uint8_t* const (&tiles)[R], size_t cols, const uint8_t* const (&rows)[T], size_t ahead,
                  F32 (&acc)[R][T]) {
    multiply_codes<FourBits, R, T>(tiles, cols, rows, ahead, acc);
  }
};

// Partial sums of 64 columns keep the rounding error of long rows small.
template <int R, int T>
struct Bf16 {
  static void run(const uint8_t* const (&tiles)[R], size_t cols, const uint8_t* const (&rows)[T], size_t ahead,
                  F32 (&acc)[R][T]) {
    size_t pairs = ceil_div(cols, 2);
    for (size_t begin = 0; begin < pairs; begin += 32) {
      size_t end = begin + 32 < pairs ? begin + 32 : pairs;
      F32 part[R][T];
      for (int t = 0; t < T; ++t)
        for (int r = 0; r < R; ++r) part[r][t] = zeros();
      for (size_t p = begin; p < end; ++p) {
        Bytes weights[R];
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          weights[r] = load_bytes(tiles[r] + 64 * p);
          if (ahead) prefetch(tiles[r] + 64 * p + ahead);
        }
#pragma GCC unroll 12
        for (int t = 0; t < T; ++t) {
          Pair activations = pair((const uint16_t*)rows[t] + 2 * p);
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) part[r][t] = dot_bf16(part[r][t], weights[r], activations);
        }
      }
      for (int t = 0; t < T; ++t)
        for (int r = 0; r < R; ++r) acc[r][t] = add(acc[r][t], part[r][t]);
    }
  }
};

template <int R, int T>
struct Float {
  static void run(const uint8_t* const (&tiles)[R], size_t cols, const uint8_t* const (&rows)[T], size_t ahead,
                  F32 (&acc)[R][T]) {
    for (size_t begin = 0; begin < cols; begin += 64) {
      size_t end = begin + 64 < cols ? begin + 64 : cols;
      F32 part[R][T];
      for (int t = 0; t < T; ++t)
        for (int r = 0; r < R; ++r) part[r][t] = zeros();
      for (size_t c = begin; c < end; ++c) {
        F32 weights[R];
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          weights[r] = load((const float*)tiles[r] + 16 * c);
          if (ahead) prefetch(tiles[r] + 64 * c + ahead);
        }
#pragma GCC unroll 12
        for (int t = 0; t < T; ++t) {
          F32 activation = splat(((const float*)rows[t])[c]);
#pragma GCC unroll 4
          for (int r = 0; r < R; ++r) part[r][t] = fma(weights[r], activation, part[r][t]);
        }
      }
      for (int t = 0; t < T; ++t)
        for (int r = 0; r < R; ++r) acc[r][t] = add(acc[r][t], part[r][t]);
    }
  }
};

struct Job {
  const Matrix& w;
  Rows x;
  const int32_t* ids;
  float* out;
  size_t out_stride;

  const uint8_t* row(size_t t) const { return x.data + (ids ? size_t(ids[t]) : t) * x.stride; }
};

template <template <int, int> class Kernel, int R, int T>
void one(const Job& job, size_t tile, size_t column, size_t token) {
  const uint8_t* tiles[R];
  const uint8_t* rows[T];
  F32 acc[R][T];
  size_t stride = job.w.stride();
  for (int r = 0; r < R; ++r) tiles[r] = job.w.tiles + (tile + r) * stride;
  for (int t = 0; t < T; ++t) {
    rows[t] = job.row(token + t);
    for (int r = 0; r < R; ++r) acc[r][t] = zeros();
  }
  // Later groups of tokens find the weights in the cache.
  Kernel<R, T>::run(tiles, job.w.cols, rows, token ? 0 : kAhead, acc);
  for (int r = 0; r < R; ++r) {
    if (job.w.row_scales) {
      F32 scale = load(job.w.row_scales + kTileRows * (tile + r));
      for (int t = 0; t < T; ++t) acc[r][t] = mul(acc[r][t], scale);
    }
    for (int t = 0; t < T; ++t) store(job.out + (token + t) * job.out_stride + column + kTileRows * r, acc[r][t]);
  }
}

template <template <int, int> class Kernel, int R, int T>
void tokens_of(const Job& job, size_t tile, size_t column, size_t token, size_t n) {
  if (n == size_t(T)) return one<Kernel, R, T>(job, tile, column, token);
  if constexpr (T > 1) tokens_of<Kernel, R, T - 1>(job, tile, column, token, n);
}

// All tokens against R tiles, in groups of nearly equal size of at most T.
template <template <int, int> class Kernel, int R, int T>
void tiles_of(const Job& job, size_t tile, size_t column, size_t count) {
  size_t groups = ceil_div(count, T), token = 0;
  for (size_t g = 0; g < groups; ++g) {
    size_t n = (count - token) / (groups - g) + ((count - token) % (groups - g) != 0);
    tokens_of<Kernel, R, T>(job, tile, column, token, n);
    token += n;
  }
}

template <template <int, int> class Kernel, int T>
void all(const Job& job, size_t first, size_t last, size_t count) {
  size_t tile = first;
  for (; count > kStreamTokens && tile + kRowTiles <= last; tile += kRowTiles)
    tiles_of<Kernel, kRowTiles, T>(job, tile, kTileRows * (tile - first), count);
  for (; tile < last; ++tile) tiles_of<Kernel, 1, T>(job, tile, kTileRows * (tile - first), count);
}

}  // namespace

void matmul(const Matrix& w, size_t first, size_t last, Rows x, const int32_t* ids, size_t count, float* out,
            size_t out_stride) {
  Job job{w, x, ids, out, out_stride};
  switch (w.format) {
    case Format::q8: return all<Q8, kTokens>(job, first, last, count);
    case Format::q4: return all<Q4, kTokens>(job, first, last, count);
    case Format::bf16: return all<Bf16, kFloatTokens>(job, first, last, count);
    case Format::f32: return all<Float, kFloatTokens>(job, first, last, count);
  }
}

}  // namespace zaphod::ZAPHOD_ISA
