// Causal attention of whole sequences in bfloat16, with its gradients; only what can be seen is computed.
//
// Products run over packed operands: tiles of 16 columns, in which a lane holds two numbers that follow each other along
// the sum. Sums are float32. Legend: i queries, j keys, d numbers of a head.
#include <cmath>
#include <vector>

#include "kernels.h"
#include "training.h"
#include "training_lanes.h"

namespace zaphod::ZAPHOD_ISA {
namespace {

constexpr size_t kQueries = 32;        // rows of queries whose scores exist at one time, forwards
constexpr size_t kKeysBack = 64;       // keys and queries of a block, backwards
constexpr size_t kQueriesBack = 256;

size_t up_to_16(size_t n) { return (n + 15) / 16 * 16; }

// Columns in tiles of 16; pair p of the sum begins at tile + 32 p.
struct Packed {
  std::vector<uint16_t> numbers;
  size_t tile = 0;  // numbers of a tile

  void resize(size_t columns, size_t depth) {
    tile = 16 * depth;
    numbers.assign(columns / 16 * tile, 0);
  }
  const uint16_t* at(size_t column, size_t depth) const { return numbers.data() + column / 16 * tile + depth * 16; }
  uint16_t* at(size_t column, size_t depth) { return numbers.data() + column / 16 * tile + depth * 16; }
};

// Rows become columns: the sum runs along a row.
void pack_rows(const uint16_t* x, size_t stride, size_t rows, size_t size, Packed& out) {
  out.resize(up_to_16(rows), size);
  for (size_t r = 0; r < rows; ++r)
    for (size_t p = 0; p < size / 2; ++p) std::memcpy(out.at(r, 2 * p) + 2 * (r % 16), x + r * stride + 2 * p, 4);
}

// Columns stay columns: the sum runs over the rows.
void pack_columns(const uint16_t* x, size_t stride, size_t rows, size_t size, Packed& out) {
  out.resize(size, up_to_16(rows));
  for (size_t r = 0; r < rows; ++r)
    for (size_t d = 0; d < size; d += 16) {
      uint16_t* lanes = out.at(d, r / 2 * 2) + r % 2;
      for (size_t i = 0; i < 16; ++i) lanes[2 * i] = x[r * stride + d + i];
    }
}

template <int Rows, int Tiles>
inline void multiply_block(const uint16_t* a, size_t stride, const uint16_t* b, size_t tile, size_t pairs, float* c,
                           size_t c_stride, bool adds) {
  F32 sums[Rows][Tiles];
  for (int r = 0; r < Rows; ++r)
    for (int t = 0; t < Tiles; ++t) sums[r][t] = adds ? load(c + r * c_stride + 16 * t) : zeros();
  for (size_t p = 0; p < pairs; ++p) {
    Bytes columns[Tiles];
    for (int t = 0; t < Tiles; ++t) columns[t] = load_bytes((const uint8_t*)(b + t * tile + 32 * p));
    for (int r = 0; r < Rows; ++r) {
      Pair both = pair(a + r * stride + 2 * p);
      for (int t = 0; t < Tiles; ++t) sums[r][t] = dot_bf16(sums[r][t], columns[t], both);
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int t = 0; t < Tiles; ++t) store(c + r * c_stride + 16 * t, sums[r][t]);
}

template <int Tiles>
void multiply_columns(const uint16_t* a, size_t stride, size_t rows, const uint16_t* b, size_t tile, size_t pairs,
                      float* c, size_t c_stride, bool adds) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4)
    multiply_block<4, Tiles>(a + r * stride, stride, b, tile, pairs, c + r * c_stride, c_stride, adds);
  for (; r < rows; ++r)
    multiply_block<1, Tiles>(a + r * stride, stride, b, tile, pairs, c + r * c_stride, c_stride, adds);
}

// c = a times the packed columns, or added to it.
void multiply(const uint16_t* a, size_t stride, size_t rows, const uint16_t* b, size_t tile, size_t pairs, size_t tiles,
              float* c, size_t c_stride, bool adds) {
  size_t t = 0;
  for (; t + 4 <= tiles; t += 4)
    multiply_columns<4>(a, stride, rows, b + t * tile, tile, pairs, c + 16 * t, c_stride, adds);
  for (; t < tiles; ++t)
    multiply_columns<1>(a, stride, rows, b + t * tile, tile, pairs, c + 16 * t, c_stride, adds);
}

// The softmax of the first n scores, zeros from there to `end`; returns the logarithm of the sum.
float softmax_row(float* scores, size_t n, size_t end, float scale, uint16_t* shares) {
  F32 factor = splat(scale), most = splat(-INFINITY), total = zeros();
  for (size_t j = 0; j < n; j += 16) {
    F32 s = mul(load(scores + j), factor);
    if (n - j < 16) s = keep_lanes(s, 0, int(n - j), splat(-INFINITY));
    store(scores + j, s);
    most = max(s, most);
  }
  float peak = largest(most);
  for (size_t j = 0; j < n; j += 16) {
    F32 power = exp(sub(load(scores + j), splat(peak)));
    store(scores + j, power);
    total = add(total, power);
  }
  float all = sum(total);
  F32 share = splat(1.0f / all);
  for (size_t j = 0; j < end; j += 16) store_bf16(shares + j, j < n ? mul(load(scores + j), share) : zeros());
  return peak + std::log(all);
}

void narrow_row(const float* x, size_t n, uint16_t* out) {
  for (size_t d = 0; d < n; d += 16) store_bf16(out + d, load(x + d));
}

// What one head's gradients need of its queries.
struct HeadBack {
  Packed query_rows, query_columns, dout_rows, dout_columns;
  std::vector<float> ends, deltas;  // logarithms of the sums; dout . out
  std::vector<float> dquery;        // [d, i]

  void prepare(const CausalAttention& shape, const uint16_t* query, const uint16_t* out, const uint16_t* dout,
               const float* logs) {
    size_t stride = shape.heads * shape.size, padded = up_to_16(shape.length);
    pack_rows(query, stride, shape.length, shape.size, query_rows);
    pack_columns(query, stride, shape.length, shape.size, query_columns);
    pack_rows(dout, stride, shape.length, shape.size, dout_rows);
    pack_columns(dout, stride, shape.length, shape.size, dout_columns);
    ends.assign(padded, INFINITY);
    deltas.assign(padded, 0.0f);
    dquery.assign(padded * shape.size, 0.0f);
    for (size_t i = 0; i < shape.length; ++i) {
      F32 along = zeros();
      for (size_t d = 0; d < shape.size; d += 16)
        along = fma(load_bf16(out + i * stride + d), load_bf16(dout + i * stride + d), along);
      deltas[i] = sum(along);
      ends[i] = logs[i];
    }
  }
};

// A block of keys against a block of queries, transposed: a row is a key, lanes are queries.
struct BlockBack {
  std::vector<float> scores = std::vector<float>(kKeysBack * kQueriesBack);
  std::vector<float> dshares = std::vector<float>(kKeysBack * kQueriesBack);
  std::vector<uint16_t> shares = std::vector<uint16_t>(kKeysBack * kQueriesBack);
  std::vector<uint16_t> dscores = std::vector<uint16_t>(kKeysBack * kQueriesBack);
  Packed dscore_pairs;

  // From scores and dshares of keys [j0, j0 + rows) and queries [i0, i0 + cols).
  void differentiate(const HeadBack& head, size_t j0, size_t rows, size_t i0, size_t cols, float scale) {
    dscore_pairs.resize(kQueriesBack, kKeysBack);
    F32 factor = splat(scale);
    for (size_t r = 0; r < rows; ++r)
      for (size_t c = 0; c < cols; c += 16) {
        size_t i = i0 + c, j = j0 + r, at = r * kQueriesBack + c;
        F32 p = exp(fma(load(scores.data() + at), factor, sub(zeros(), load(head.ends.data() + i))));
        if (i < j) p = keep_lanes(p, int(j - i < 16 ? j - i : 16), 16, zeros());
        F32 d = mul(mul(p, sub(load(dshares.data() + at), load(head.deltas.data() + i))), factor);
        store_bf16(shares.data() + at, p);
        store_bf16(dscores.data() + at, d);
        uint16_t* lanes = dscore_pairs.at(c, r / 2 * 2) + r % 2;
        for (size_t lane = 0; lane < 16; ++lane) lanes[2 * lane] = dscores[at + lane];
      }
  }
};

}  // namespace

void attend_causally(const CausalAttention& shape, const uint16_t* q, const uint16_t* k, const uint16_t* v,
                     uint16_t* out, float* logs) {
  size_t length = shape.length, size = shape.size, padded = up_to_16(length), per_group = shape.heads / shape.groups;
  size_t q_stride = shape.heads * size, k_stride = shape.groups * size;
  Packed keys, values;
  std::vector<float> scores(kQueries * padded), mixed(kQueries * size);
  std::vector<uint16_t> shares(kQueries * padded);
  for (size_t h = 0; h < shape.heads; ++h) {
    if (h % per_group == 0) {
      pack_rows(k + h / per_group * size, k_stride, length, size, keys);
      pack_columns(v + h / per_group * size, k_stride, length, size, values);
    }
    for (size_t begin = 0; begin < length; begin += kQueries) {
      size_t rows = length - begin < kQueries ? length - begin : kQueries, seen = up_to_16(begin + rows);
      multiply(q + begin * q_stride + h * size, q_stride, rows, keys.at(0, 0), keys.tile, size / 2, seen / 16,
               scores.data(), padded, false);
      for (size_t r = 0; r < rows; ++r)
        logs[h * length + begin + r] = softmax_row(scores.data() + r * padded, begin + r + 1, seen, shape.scale,
                                                   shares.data() + r * padded);
      multiply(shares.data(), padded, rows, values.at(0, 0), values.tile, seen / 2, size / 16, mixed.data(), size, false);
      for (size_t r = 0; r < rows; ++r)
        narrow_row(mixed.data() + r * size, size, out + (begin + r) * q_stride + h * size);
    }
  }
}

void attend_causally_backward(const CausalAttention& shape, const uint16_t* q, const uint16_t* k, const uint16_t* v,
                              const uint16_t* out, const uint16_t* dout, const float* logs, uint16_t* dq, uint16_t* dk,
                              uint16_t* dv) {
  size_t length = shape.length, size = shape.size, padded = up_to_16(length), per_group = shape.heads / shape.groups;
  size_t q_stride = shape.heads * size, k_stride = shape.groups * size;
  std::vector<float> dkeys, dvalues, row(size);
  std::vector<uint16_t> keys_across(size * padded);  // [d, j]
  HeadBack head;
  BlockBack block;
  for (size_t h = 0; h < shape.heads; ++h) {
    const uint16_t *key = k + h / per_group * size, *value = v + h / per_group * size;
    if (h % per_group == 0) {
      dkeys.assign(padded * size, 0.0f);
      dvalues.assign(padded * size, 0.0f);
      for (size_t j = 0; j < length; ++j)
        for (size_t d = 0; d < size; ++d) keys_across[d * padded + j] = key[j * k_stride + d];
    }
    head.prepare(shape, q + h * size, out + h * size, dout + h * size, logs + h * length);
    for (size_t j0 = 0; j0 < length; j0 += kKeysBack) {
      size_t rows = length - j0 < kKeysBack ? length - j0 : kKeysBack;
      for (size_t i0 = j0; i0 < padded; i0 += kQueriesBack) {
        size_t cols = padded - i0 < kQueriesBack ? padded - i0 : kQueriesBack;
        multiply(key + j0 * k_stride, k_stride, rows, head.query_rows.at(i0, 0), head.query_rows.tile, size / 2, cols / 16,
                 block.scores.data(), kQueriesBack, false);
        multiply(value + j0 * k_stride, k_stride, rows, head.dout_rows.at(i0, 0), head.dout_rows.tile, size / 2,
                 cols / 16, block.dshares.data(), kQueriesBack, false);
        block.differentiate(head, j0, rows, i0, cols, shape.scale);
        multiply(block.shares.data(), kQueriesBack, rows, head.dout_columns.at(0, i0), head.dout_columns.tile, cols / 2,
                 size / 16, dvalues.data() + j0 * size, size, true);
        multiply(block.dscores.data(), kQueriesBack, rows, head.query_columns.at(0, i0), head.query_columns.tile,
                 cols / 2, size / 16, dkeys.data() + j0 * size, size, true);
        multiply(keys_across.data() + j0, padded, size, block.dscore_pairs.at(0, 0), block.dscore_pairs.tile,
                 (rows + 1) / 2, cols / 16, head.dquery.data() + i0, padded, true);
      }
    }
    for (size_t i = 0; i < length; ++i) {
      for (size_t d = 0; d < size; ++d) row[d] = head.dquery[d * padded + i];
      narrow_row(row.data(), size, dq + i * q_stride + h * size);
    }
    if ((h + 1) % per_group != 0) continue;
    for (size_t j = 0; j < length; ++j) {
      narrow_row(dkeys.data() + j * size, size, dk + j * k_stride + h / per_group * size);
      narrow_row(dvalues.data() + j * size, size, dv + j * k_stride + h / per_group * size);
    }
  }
}

}  // namespace zaphod::ZAPHOD_ISA
