// Compares every operation of every instruction set that runs here with `scalar`, on random shapes; needs no Python, so
// that an emulator can run it (`make test-neon`). The thorough tests are those in Python beside it.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "ops/ops.h"

using namespace zaphod;

namespace {

std::mt19937 generator(20261121);
int failures = 0;

size_t number(size_t first, size_t last) { return std::uniform_int_distribution<size_t>(first, last)(generator); }

std::vector<float> normal(size_t n) {
  std::normal_distribution<float> draw;
  std::vector<float> out(n);
  for (float& x : out) x = draw(generator);
  return out;
}

std::vector<uint8_t> noise(size_t n) {
  std::vector<uint8_t> out(n);
  for (uint8_t& x : out) x = uint8_t(number(0, 255));
  return out;
}

// Memory that begins where a cache line does.
struct Line {
  alignas(64) uint8_t bytes[64];
};
using Lines = std::vector<Line>;
Lines lines(size_t bytes) { return Lines(ceil_div(bytes, 64), Line{}); }
uint8_t* at(Lines& x) { return x.empty() ? nullptr : x[0].bytes; }

void expect(bool holds, const Ops& ops, const char* what) {
  if (holds) return;
  ++failures;
  std::printf("%s: %s differs from scalar\n", ops.name, what);
}

// Differences may be `share` of what `sizes` says.
bool close(const std::vector<float>& a, const std::vector<float>& b, const std::vector<float>& sizes, float share) {
  for (size_t i = 0; i < a.size(); ++i)
    if (!(std::fabs(a[i] - b[i]) <= share * std::fabs(sizes[i]) + 1e-37f)) return false;
  return true;
}

// Numbers of a source: random bytes, but scales and stored numbers stay finite.
struct Stored {
  std::vector<uint8_t> a, b;
};

uint16_t half_below_one() { return uint16_t(number(0, 0x3bff) | number(0, 1) << 15); }

Stored stored(Source source, size_t rows, size_t cols) {
  size_t n = rows * cols, blocks = n / kBlock;
  Stored out;
  auto put = [](std::vector<uint8_t>& to, size_t place, uint16_t half) { std::memcpy(to.data() + place, &half, 2); };
  switch (source) {
    case Source::f32: {
      std::vector<float> x = normal(n);
      out.a.resize(4 * n);
      std::memcpy(out.a.data(), x.data(), 4 * n);
      return out;
    }
    case Source::f16:
    case Source::bf16:
      out.a.resize(2 * n);
      for (size_t i = 0; i < n; ++i) put(out.a, 2 * i, half_below_one());
      return out;
    case Source::q4_0:
    case Source::q8_0: {
      size_t size = source == Source::q4_0 ? 18 : 34;
      out.a = noise(blocks * size);
      for (size_t i = 0; i < blocks; ++i) put(out.a, i * size, half_below_one());
      return out;
    }
    default:
      out.a = noise(source == Source::int4 ? n / 2 : n);
      if (source == Source::int8_row) return out;
      out.b.resize(2 * blocks);
      for (size_t i = 0; i < blocks; ++i) put(out.b, 2 * i, half_below_one());
      return out;
  }
}

std::vector<float> product(const Ops& ops, const Matrix& w, const std::vector<float>& x, size_t count) {
  size_t stride = round_up(row_bytes(kind_of(w.format), w.cols), 64), width = w.tiles_in() * kTileRows;
  Lines rows = lines(count * stride);
  for (size_t t = 0; t < count; ++t)
    ops.prepare(kind_of(w.format), x.data() + t * w.cols, w.cols, at(rows) + t * stride);
  std::vector<float> out(count * width);
  ops.matmul(w, 0, w.tiles_in(), {at(rows), stride}, nullptr, count, out.data(), width);
  return out;
}

void check_matrices(const Ops& ops, const Ops& plain, Source source, Format format) {
  bool blocks = source >= Source::q4_0 && source != Source::int8_row;
  size_t rows = number(1, 50), cols = blocks ? kBlock * number(1, 9) : number(1, 300), count = number(1, 15);
  Stored from = stored(source, rows, cols);
  size_t bytes = tile_bytes(format, cols) * num_tiles(rows);
  Lines ours = lines(bytes), theirs = lines(bytes);
  ops.pack(format, source, from.a.data(), from.b.data(), rows, cols, 0, num_tiles(rows), at(ours));
  plain.pack(format, source, from.a.data(), from.b.data(), rows, cols, 0, num_tiles(rows), at(theirs));
  expect(!std::memcmp(at(ours), at(theirs), bytes), ops, "pack");
  Matrix w{format, rows, cols, at(ours), nullptr};
  std::vector<float> a(cols), b(cols), x = normal(count * cols), sizes;
  std::vector<float> weights(rows * cols);
  for (size_t r = 0; r < rows; ++r) {
    ops.unpack_row(w, r, a.data());
    plain.unpack_row(w, r, b.data());
    expect(!std::memcmp(a.data(), b.data(), 4 * cols), ops, "unpack_row");
    std::memcpy(weights.data() + r * cols, b.data(), 4 * cols);
  }
  for (size_t t = 0; t < count; ++t)
    for (size_t r = 0; r < w.tiles_in() * kTileRows; ++r) {
      float size = 0.0f;
      for (size_t c = 0; c < cols && r < rows; ++c) size += std::fabs(weights[r * cols + c] * x[t * cols + c]);
      sizes.push_back(size);
    }
  // Integers and products of bfloat16 are exact; sums of n numbers in two orders differ by 2n roundings at most.
  expect(close(product(ops, w, x, count), product(plain, w, x, count), sizes, 0x1p-23f * float(cols + 8)), ops, "matmul");
}

void check_preparation(const Ops& ops, const Ops& plain) {
  size_t cols = number(1, 200);
  std::vector<float> x = normal(cols);
  for (float& value : x) value *= std::exp2(float(number(0, 60)) - 30.0f);
  for (int kind = 0; kind < 3; ++kind) {
    size_t bytes = row_bytes(Kind(kind), cols);
    Lines ours = lines(bytes), theirs = lines(bytes);
    ops.prepare(Kind(kind), x.data(), cols, at(ours));
    plain.prepare(Kind(kind), x.data(), cols, at(theirs));
    // The start values that follow codes and scales belong to one instruction set.
    size_t common = kind == 2 ? round_up(cols, kGroup) + 4 * num_blocks(cols) : bytes;
    expect(!std::memcmp(at(ours), at(theirs), common), ops, "prepare");
  }
}

void check_rows(const Ops& ops, const Ops& plain) {
  size_t n = number(1, 100);
  std::vector<float> x = normal(n), y = normal(n), a(n), b(n), sizes(n);
  ops.rms_norm(x.data(), y.data(), n, 1e-5f, a.data());
  plain.rms_norm(x.data(), y.data(), n, 1e-5f, b.data());
  expect(close(a, b, b, 1e-5f), ops, "rms_norm");

  for (size_t i = 0; i < n; ++i) sizes[i] = std::fabs(x[i]) + 3.0f * std::fabs(y[i]);
  a = b = x;
  ops.add_scaled(a.data(), y.data(), 3.0f, n);
  plain.add_scaled(b.data(), y.data(), 3.0f, n);
  expect(close(a, b, sizes, 0x1p-22f), ops, "add_scaled");

  for (int activation = 0; activation < 3; ++activation) {
    a = b = x;
    for (size_t i = 0; i < n; ++i) a[i] = b[i] = 5.0f * x[i], sizes[i] = 5.0f * x[i] * y[i];
    ops.gate(Activation(activation), a.data(), y.data(), n);
    plain.gate(Activation(activation), b.data(), y.data(), n);
    expect(close(a, b, sizes, 2e-6f), ops, "gate");
  }

  a = b = x;
  ops.scale_and_cap(a.data(), 2.0f, 1.5f, n);
  plain.scale_and_cap(b.data(), 2.0f, 1.5f, n);
  expect(close(a, b, b, 2e-6f), ops, "scale_and_cap");

  size_t dim = n / 2 * 2;
  a = b = x;
  for (size_t i = 0; i < n; ++i) sizes[i] = 8.0f;
  ops.rotate(a.data(), y.data(), y.data() + dim / 2, dim);
  plain.rotate(b.data(), y.data(), y.data() + dim / 2, dim);
  expect(close(a, b, sizes, 1e-6f), ops, "rotate");
}

struct Attended {
  std::vector<float> outputs, sums;
};

Attended attended(const Ops& ops, const CacheLayout& layout, const AttentionShape& shape, Lines& cache, int length,
                  const std::vector<float>& queries, const std::vector<int32_t>& positions) {
  int count = int(positions.size());
  size_t width = layout.value_dim();
  std::vector<const uint8_t*> heads;
  for (int key = 0; key < length; key += layout.block_size)
    heads.push_back(at(cache) + key / layout.block_size * layout.head_bytes());
  std::vector<const float*> rows;
  for (int r = 0; r < count; ++r) rows.push_back(queries.data() + r * layout.head_dim);
  std::vector<float> largest(count, -INFINITY), scratch(2 * count * kKeysAtOnce);
  Attended out{std::vector<float>(count * width), std::vector<float>(count)};
  ops.attend(layout, shape, heads.data(), 0, length,
             {count, rows.data(), positions.data(), largest.data(), out.sums.data(), out.outputs.data(), scratch.data()});
  return out;
}

void check_attention(const Ops& ops, const Ops& plain, Store store) {
  CacheLayout layout{store, int(2 * number(4, 40)), 32, 1};
  AttentionShape shape{1.0f / std::sqrt(float(layout.head_dim)), number(0, 1) ? 20.0f : 0.0f,
                       number(0, 1) ? 16 : 0, number(0, 1) ? int(number(1, 90)) : 0};
  int length = int(number(1, 200));
  size_t bytes = layout.head_bytes() * ceil_div(length, layout.block_size);
  Lines ours = lines(bytes), theirs = lines(bytes);
  for (int key = 0; key < length; ++key) {
    std::vector<float> k = normal(layout.head_dim), v = normal(layout.head_dim);
    size_t place = key / layout.block_size * layout.head_bytes();
    ops.write_key_value(layout, at(ours) + place, key % layout.block_size, k.data(), v.data());
    plain.write_key_value(layout, at(theirs) + place, key % layout.block_size, k.data(), v.data());
  }
  expect(!std::memcmp(at(ours), at(theirs), bytes), ops, "write_key_value");
  std::vector<int32_t> positions;
  for (int r = 0, count = int(number(1, 11)); r < count; ++r) positions.push_back(int(number(0, length - 1)));
  std::vector<float> queries = normal(positions.size() * layout.head_dim);
  Attended a = attended(ops, layout, shape, ours, length, queries, positions);
  Attended b = attended(plain, layout, shape, theirs, length, queries, positions);
  std::vector<float> sizes;
  for (float sum : b.sums)
    for (size_t d = 0; d < layout.value_dim(); ++d) sizes.push_back(4.0f * sum);
  expect(close(a.sums, b.sums, b.sums, 1e-4f) && close(a.outputs, b.outputs, sizes, 1e-4f), ops, "attend");
}

void check(const Ops& ops, const Ops& plain) {
  for (int round = 0; round < 20; ++round) {
    for (Source source : {Source::f32, Source::f16, Source::bf16})
      for (Format format : {Format::f32, Format::bf16}) check_matrices(ops, plain, source, format);
    for (Source source : {Source::q8_0, Source::int8, Source::int8_row}) check_matrices(ops, plain, source, Format::q8);
    for (Source source : {Source::q4_0, Source::int4}) check_matrices(ops, plain, source, Format::q4);
    check_preparation(ops, plain);
    check_rows(ops, plain);
    for (int store = 0; store < 4; ++store) check_attention(ops, plain, Store(store));
  }
}

}  // namespace

int main() {
  const Ops& plain = *find("scalar");
  size_t count;
  const Ops* const* tables = available(&count);
  for (size_t i = 0; i < count; ++i) {
    if (tables[i] == &plain) continue;
    int before = failures;
    check(*tables[i], plain);
    std::printf("%s: %s\n", tables[i]->name, failures == before ? "every operation agrees with scalar" : "FAILED");
  }
  return failures != 0;
}
