#include "measure.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>

#include "network.h"

namespace zaphod {
namespace {

constexpr int kRounds = 5;
// What one claim covers, as in the network.
constexpr size_t kPieceBytes = 64 * 1024;
constexpr size_t kMostCopies = 4096;

double best_rate(double amount, const std::function<void()>& work) {
  work();
  double best = 0.0;
  for (int round = 0; round < kRounds; ++round) {
    auto began = std::chrono::steady_clock::now();
    work();
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    best = std::max(best, amount / seconds);
  }
  return best;
}

// Four streams, so that the sum does not wait for itself.
uint64_t sum_of(const uint64_t* words, size_t count) {
  using Vector = uint64_t __attribute__((vector_size(64), aligned(8)));
  Vector sums[4] = {};
  for (size_t i = 0; i + 32 <= count; i += 32)
    for (int s = 0; s < 4; ++s) {
      Vector part;
      std::memcpy(&part, words + i + 8 * s, sizeof part);
      sums[s] += part;
    }
  Vector all = sums[0] + sums[1] + sums[2] + sums[3];
  uint64_t total = 0;
  for (int i = 0; i < 8; ++i) total += all[i];
  return total;
}

}  // namespace

double read_bandwidth(int threads, size_t bytes) {
  Memory memory(bytes);
  // Written before it is read: untouched pages are all one page of zeros.
  std::memset(memory.data(), 42, memory.size());
  Pool pool(threads);
  const size_t piece = size_t(1) << 18, pieces = bytes / piece;
  std::vector<uint64_t> sums(pieces);
  return best_rate(double(pieces * piece), [&] {
    pool.run(pieces, [&](size_t i, int) { sums[i] = sum_of((const uint64_t*)(memory.data() + i * piece), piece / 8); });
  });
}

double peak_ops(const Ops& ops, Format format, int threads) {
  const size_t rows = 32, cols = format == Format::f32 ? 128 : 256, count = 48, repeats = 400;
  Memory tiles(num_tiles(rows) * tile_bytes(format, cols));
  Matrix w{format, rows, cols, tiles.data(), nullptr};
  Prepared x(count, cols, Prepared::bit(format));
  std::vector<float> ones(cols, 1.0f);
  for (size_t t = 0; t < count; ++t) x.fill(ops, t, ones.data());
  Pool pool(threads);
  std::vector<Memory> out;
  for (int i = 0; i < threads; ++i) out.emplace_back(count * rows * 4);
  return best_rate(2.0 * double(rows * cols * count * repeats), [&] {
    pool.run(repeats, [&](size_t, int thread) {
      ops.matmul(w, 0, num_tiles(rows), x.rows(format), nullptr, count, (float*)out[thread].data(), rows);
    });
  });
}

double product_seconds(const Ops& ops, const Matrix& w, size_t count, int threads, size_t bytes) {
  const size_t copies = std::clamp<size_t>(bytes / w.bytes(), 1, kMostCopies);
  const size_t unit = std::max<size_t>(2, kPieceBytes / w.stride() / 2 * 2), pieces = ceil_div(w.tiles_in(), unit);
  const size_t out_stride = w.tiles_in() * kTileRows;
  Memory tiles(copies * w.bytes()), out(copies * count * out_stride * 4);
  for (size_t i = 0; i < copies; ++i) std::memcpy(tiles.data() + i * w.bytes(), w.tiles, w.bytes());
  Prepared x(count, w.cols, Prepared::bit(w.format));
  std::vector<float> row(w.cols);
  for (size_t t = 0; t < count; ++t) {
    for (size_t c = 0; c < w.cols; ++c) row[c] = float(int((c * 37 + t * 11) % 251) - 125) / 125.0f;
    x.fill(ops, t, row.data());
  }
  Pool pool(threads);
  return 1.0 / best_rate(double(copies), [&] {
    pool.run(copies * pieces, [&](size_t i, int) {
      Matrix copy = w;
      copy.tiles = tiles.data() + i / pieces * w.bytes();
      size_t first = i % pieces * unit, last = std::min(w.tiles_in(), first + unit);
      float* own = (float*)out.data() + i / pieces * count * out_stride;
      ops.matmul(copy, first, last, x.rows(w.format), nullptr, count, own + first * kTileRows, out_stride);
    });
  });
}

}  // namespace zaphod
