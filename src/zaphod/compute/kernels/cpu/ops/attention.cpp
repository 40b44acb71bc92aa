// Softmax attention over a paged cache in one pass (arXiv 2205.14135), 64 keys at a time.
//
// Keys lie 16 to a vector, so scores need no horizontal sums; values are weighted row by row. A row's state changes by
// the same operations whatever other rows are computed with it: keys that it may not see add exact zeros.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "../simd/simd.h"
#include "kernels.h"

namespace zaphod::ZAPHOD_ISA {
namespace {

template <Store kStore>
struct Cell;
template <>
struct Cell<Store::f32> {
  using Type = float;
  static F32 get(const float* p) { return load(p); }
};
template <>
struct Cell<Store::f16> {
  using Type = uint16_t;
  static F32 get(const uint16_t* p) { return load_f16(p); }
};
template <>
struct Cell<Store::bf16> {
  using Type = uint16_t;
  static F32 get(const uint16_t* p) { return load_bf16(p); }
};
template <>
struct Cell<Store::int8> {
  using Type = int8_t;
  static F32 get(const int8_t* p) { return load_i8(p); }
};

// Up to kKeysAtOnce keys from `begin` on, of which those before `end` are read; those before `limit` come later.
struct Keys {
  const CacheLayout& layout;
  const uint8_t* const* heads;
  int begin;
  int end;
  int limit;

  const uint8_t* head(int key) const { return heads[key / layout.block_size]; }
  int offset(int key) const { return key % layout.block_size; }
  const float* key_scales(int key) const {
    return (const float*)(head(key) + layout.key_bytes() + layout.value_bytes()) + offset(key);
  }
  const float* value_scales(int key) const { return key_scales(key) + layout.block_size; }
};

// scores[row][key - begin] for R rows. Two groups of 16 keys at once, so that few rows still keep the units busy.
template <Store kStore, int R>
void score(const Keys& keys, const float* const* queries, float* scores) {
  using C = Cell<kStore>;
  using Type = typename C::Type;
  constexpr int kSets = 2;
  const int head_dim = keys.layout.head_dim;
  for (int key = keys.begin; key < keys.end; key += 16 * kSets) {
    const Type* k[kSets];
    const Type* next[kSets];
    for (int s = 0; s < kSets; ++s) {
      // A set beyond the end is the first one again; nobody reads its scores.
      int at = key + 16 * s < keys.end ? key + 16 * s : key;
      k[s] = (const Type*)keys.head(at) + size_t(keys.offset(at)) * head_dim;
      int later = at + kKeysAtOnce < keys.limit ? at + kKeysAtOnce : at;
      next[s] = (const Type*)keys.head(later) + size_t(keys.offset(later)) * head_dim;
    }
    F32 acc[kSets][R];
    for (int s = 0; s < kSets; ++s)
      for (int r = 0; r < R; ++r) acc[s][r] = zeros();
    for (int d = 0; d < head_dim; ++d) {
      F32 column[kSets];
#pragma GCC unroll 2
      for (int s = 0; s < kSets; ++s) {
        column[s] = C::get(k[s] + 16 * d);
        prefetch(next[s] + 16 * d);
      }
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        F32 query = splat(queries[r][d]);
#pragma GCC unroll 2
        for (int s = 0; s < kSets; ++s) acc[s][r] = fma(column[s], query, acc[s][r]);
      }
    }
    for (int s = 0; s < kSets; ++s) {
      int at = key + 16 * s;
      if (at >= keys.end) break;
      for (int r = 0; r < R; ++r) {
        if constexpr (kStore == Store::int8) acc[s][r] = mul(acc[s][r], load(keys.key_scales(at)));
        store(scores + kKeysAtOnce * r + (at - keys.begin), acc[s][r]);
      }
    }
  }
}

// outputs[row] += sum of weights[row][key] * value[key] for R rows, D vectors of the head at once.
template <Store kStore, int R, int D>
void weigh(const Keys& keys, const float* weights, int column, float* outputs, size_t value_dim) {
  using C = Cell<kStore>;
  using Type = typename C::Type;
  F32 acc[R][D];
  for (int r = 0; r < R; ++r)
    for (int d = 0; d < D; ++d) acc[r][d] = load(outputs + r * value_dim + column + 16 * d);
  auto values = [&](int key) {
    return (const Type*)(keys.head(key) + keys.layout.key_bytes()) + size_t(keys.offset(key)) * value_dim + column;
  };
  for (int key = keys.begin; key < keys.end;) {
    int stop = key + keys.layout.block_size - keys.offset(key);
    if (stop > keys.end) stop = keys.end;
    const Type* v = values(key);
    const Type* next = values(key + kKeysAtOnce < keys.limit ? key + kKeysAtOnce : key);
    const float* w = weights + (key - keys.begin);
    for (; key < stop; ++key, v += value_dim, next += value_dim, ++w) {
      F32 value[D];
      prefetch(next);
#pragma GCC unroll 2
      for (int d = 0; d < D; ++d) value[d] = C::get(v + 16 * d);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        F32 weight = splat(w[kKeysAtOnce * r]);
#pragma GCC unroll 2
        for (int d = 0; d < D; ++d) acc[r][d] = fma(weight, value[d], acc[r][d]);
      }
    }
  }
  for (int r = 0; r < R; ++r)
    for (int d = 0; d < D; ++d) store(outputs + r * value_dim + column + 16 * d, acc[r][d]);
}

// Scores of one row to weights: scale, cap, temperature, mask, exponentials; rescales what was summed before.
void softmax(const Keys& keys, const AttentionShape& shape, float* scores, int position, float& largest_so_far,
             float& sum_so_far, float* output, size_t value_dim) {
  int width = keys.end - keys.begin;
  int vectors = (width + 15) / 16;
  int last = position + 1 - keys.begin, first = shape.window ? position + 1 - shape.window - keys.begin : 0;
  if (last > width) last = width;
  F32 infinite = splat(-INFINITY), best = infinite, x[kKeysAtOnce / 16];
  float factor = shape.scale, temperature = 1.0f;
  if (shape.temperature_length && position > shape.temperature_length)
    temperature = std::log(float(position)) / std::log(float(shape.temperature_length));
  for (int i = 0; i < vectors; ++i) {
    x[i] = mul(load(scores + 16 * i), splat(factor));
    if (shape.softcap != 0.0f) x[i] = mul(tanh(mul(x[i], splat(1.0f / shape.softcap))), splat(shape.softcap));
    if (temperature != 1.0f) x[i] = mul(x[i], splat(temperature));
    x[i] = keep_lanes(x[i], first - 16 * i, last - 16 * i, infinite);
    best = max(best, x[i]);
  }
  float maximum = largest(best);
  if (!(maximum > largest_so_far)) maximum = largest_so_far;
  if (maximum == -INFINITY) {  // nothing is visible yet, unless the maximum has overlooked a NaN
    F32 bad = zeros();
    for (int i = 0; i < vectors; ++i) {
      bad = add(bad, where_less(x[i], splat(INFINITY), zeros(), splat(1.0f)));
      store(scores + 16 * i, zeros());
    }
    // The row is lost, and its state must say that it has seen something.
    if (sum(bad) != 0.0f) largest_so_far = 0.0f, sum_so_far = NAN;
    return;
  }
  float kept = 1.0f;
  if (maximum != largest_so_far) {
    float powers[16];
    store(powers, exp(splat(largest_so_far - maximum)));
    kept = powers[0];
    for (size_t d = 0; d < value_dim; d += 16) store(output + d, mul(load(output + d), splat(kept)));
  }
  F32 total = zeros();
  for (int i = 0; i < vectors; ++i) {
    F32 p = exp(sub(x[i], splat(maximum)));
    total = add(total, p);
    if (keys.layout.store == Store::int8) p = mul(p, load(keys.value_scales(keys.begin + 16 * i)));
    store(scores + 16 * i, p);
  }
  sum_so_far = sum_so_far * kept + sum(total);
  largest_so_far = maximum;
}

template <Store kStore, int R>
void rows_of(const Keys& keys, const AttentionShape& shape, QueryRows rows, int row) {
  size_t value_dim = keys.layout.value_dim();
  float* scores = rows.scratch;
  score<kStore, R>(keys, rows.queries + row, scores);
  for (int r = 0; r < R; ++r)
    softmax(keys, shape, scores + kKeysAtOnce * r, rows.positions[row + r], rows.largest[row + r],
            rows.sums[row + r], rows.outputs + (row + r) * value_dim, value_dim);
  float* outputs = rows.outputs + row * value_dim;
  size_t column = 0;
  for (; column + 32 <= value_dim; column += 32) weigh<kStore, R, 2>(keys, scores, column, outputs, value_dim);
  if (column < value_dim) weigh<kStore, R, 1>(keys, scores, column, outputs, value_dim);
}

template <Store kStore, int R>
void up_to(const Keys& keys, const AttentionShape& shape, const QueryRows& rows, int row, int n) {
  if (n == R) return rows_of<kStore, R>(keys, shape, rows, row);
  if constexpr (R > 1) up_to<kStore, R - 1>(keys, shape, rows, row, n);
}

template <Store kStore>
void all(const CacheLayout& layout, const AttentionShape& shape, const uint8_t* const* heads, int begin, int end,
         const QueryRows& rows) {
  for (int key = begin; key < end; key += kKeysAtOnce) {
    int stop = key + kKeysAtOnce < end ? key + kKeysAtOnce : end;
    for (int row = 0; row < rows.count; row += kQueryRows) {
      int n = rows.count - row < kQueryRows ? rows.count - row : kQueryRows;
      int latest = 0;
      for (int r = 0; r < n; ++r) latest = rows.positions[row + r] > latest ? rows.positions[row + r] : latest;
      if (key > latest) continue;
      // Later keys are not read at all: what lies there may be anything.
      Keys keys{layout, heads, key, stop < latest + 1 ? stop : latest + 1, end};
      up_to<kStore, kQueryRows>(keys, shape, rows, row, n);
    }
  }
}

template <class Number, class Convert>
void scatter_key(Number* keys, int offset, int head_dim, const float* key, Convert convert) {
  Number* place = keys + size_t(offset / 16) * 16 * head_dim + offset % 16;
  for (int d = 0; d < head_dim; ++d) place[16 * d] = convert(key[d]);
}

// Finite numbers beyond float16 become its largest ones; they would be infinite.
float within_f16(float x) { return x > 65504.0f && x < INFINITY ? 65504.0f : x < -65504.0f && x > -INFINITY ? -65504.0f : x; }

void narrow(Store kind, const float* x, int n, int padded, uint16_t* out) {
  for (int i = 0; i < padded; i += 16) {
    float part[16] = {};
    for (int j = 0; j < 16 && i + j < n; ++j) part[j] = kind == Store::f16 ? within_f16(x[i + j]) : x[i + j];
    if (kind == Store::f16)
      store_f16(out + i, load(part));
    else
      store_bf16(out + i, load(part));
  }
}

// Codes of a whole head with one scale; a vector that no code can hold becomes NaN.
float to_codes(const float* x, int n, int8_t* codes) {
  float amax = 0.0f, probe = 0.0f;
  for (int i = 0; i < n; ++i) amax = std::fabs(x[i]) > amax ? std::fabs(x[i]) : amax, probe += x[i] * 0.0f;
  bool usable = probe == 0.0f && amax > 1e-36f;
  float steps = usable ? 127.0f / amax : 0.0f;
  for (int i = 0; i < n; ++i) codes[i] = usable ? int8_t(std::nearbyint(x[i] * steps)) : int8_t(0);
  return probe != 0.0f ? NAN : usable ? amax / 127.0f : 0.0f;
}

}  // namespace

void write_key_value(const CacheLayout& layout, uint8_t* head, int offset, const float* key, const float* value) {
  int n = layout.head_dim, padded = int(layout.value_dim());
  // A weight of 0 must silence any value, so one that is not finite is kept as a key of NaN: whoever sees it, and
  // nobody else, becomes NaN.
  float probe = 0.0f, lost[1024], nothing[1024];
  for (int i = 0; i < n; ++i) probe += value[i] * 0.0f;
  if (probe != 0.0f) {
    std::fill(lost, lost + n, NAN);
    std::fill(nothing, nothing + n, 0.0f);
    key = lost, value = nothing;
  }
  uint8_t* values = head + layout.key_bytes() + size_t(offset) * padded * layout.element_bytes();
  if (layout.store == Store::f32) {
    scatter_key((float*)head, offset, n, key, [](float x) { return x; });
    std::memset(values, 0, padded * sizeof(float));
    std::memcpy(values, value, n * sizeof(float));
  } else if (layout.store == Store::int8) {
    float* scales = (float*)(head + layout.key_bytes() + layout.value_bytes());
    int8_t codes[1024];
    scales[offset] = to_codes(key, n, codes);
    int8_t* place = (int8_t*)head + size_t(offset / 16) * 16 * n + offset % 16;
    for (int d = 0; d < n; ++d) place[16 * d] = codes[d];
    std::memset(values, 0, padded);
    scales[layout.block_size + offset] = to_codes(value, n, (int8_t*)values);
  } else {
    uint16_t bits[1024];
    narrow(layout.store, key, n, padded, bits);
    uint16_t* place = (uint16_t*)head + size_t(offset / 16) * 16 * n + offset % 16;
    for (int d = 0; d < n; ++d) place[16 * d] = bits[d];
    narrow(layout.store, value, n, padded, (uint16_t*)values);
  }
}

void attend(const CacheLayout& layout, const AttentionShape& shape, const uint8_t* const* heads, int begin, int end,
            QueryRows rows) {
  switch (layout.store) {
    case Store::f32: return all<Store::f32>(layout, shape, heads, begin, end, rows);
    case Store::f16: return all<Store::f16>(layout, shape, heads, begin, end, rows);
    case Store::bf16: return all<Store::bf16>(layout, shape, heads, begin, end, rows);
    case Store::int8: return all<Store::int8>(layout, shape, heads, begin, end, rows);
  }
}

}  // namespace zaphod::ZAPHOD_ISA
