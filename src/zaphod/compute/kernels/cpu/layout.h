// How numbers lie in memory; knows bytes, not operations.
//
// A matrix [rows, cols] is cut into tiles of 16 rows, one after another; a tile is contiguous over all columns. Within a
// tile the same columns of the 16 rows lie side by side, so that one vector holds them and one broadcast activation
// serves 16 rows: no horizontal sums. Rows are filled up with zeros to a multiple of 16, columns to whole groups.
//
//   format  group of columns  bytes of a group, in order
//   f32     1                 16 float32, one a row
//   bf16    2                 16 pairs of bfloat16
//   q8      64                2 x 16 float16 scales (columns 0-31, 32-63), then 16 x 64 bytes: vector v holds columns
//                             4v..4v+3 of each row as code + 128, unsigned
//   q4      64                2 x 16 float16 scales, then 8 x 64 bytes: vector v holds columns 4v..4v+3 in the low
//                             nibbles and columns 32+4v..32+4v+3 in the high ones, as code + 8, unsigned
//
// What a matrix is multiplied with is a "row" prepared in the kind that its format wants:
//   f32     cols float32           bf16    cols bfloat16
//   int8    codes of 32-blocks (64 columns a group), then per block: float32 scale, int32 start value of the sum for q4
//           weights, int32 start value for q8 weights. The start value takes the weights' offset back:
//           sum((w + 128) a) - 128 sum(a) = sum(w a).
#pragma once

#include <cstddef>
#include <cstdint>

namespace zaphod {

enum class Format : int { f32 = 0, bf16 = 1, q8 = 2, q4 = 3 };
enum class Kind : int { f32 = 0, bf16 = 1, int8 = 2 };

constexpr int kTileRows = 16;
constexpr int kGroup = 64;  // columns of a group of q8 and q4
constexpr int kBlock = 32;  // columns that share a scale

inline Kind kind_of(Format format) {
  switch (format) {
    case Format::f32: return Kind::f32;
    case Format::bf16: return Kind::bf16;
    default: return Kind::int8;
  }
}

inline size_t ceil_div(size_t n, size_t d) { return (n + d - 1) / d; }
inline size_t round_up(size_t n, size_t d) { return ceil_div(n, d) * d; }

inline size_t group_columns(Format format) {
  switch (format) {
    case Format::f32: return 1;
    case Format::bf16: return 2;
    default: return kGroup;
  }
}

inline size_t group_bytes(Format format) {
  switch (format) {
    case Format::f32: return 64;
    case Format::bf16: return 64;
    case Format::q8: return 64 + 16 * 64;
    default: return 64 + 8 * 64;
  }
}

inline size_t tile_bytes(Format format, size_t cols) {
  return ceil_div(cols, group_columns(format)) * group_bytes(format);
}

inline size_t num_tiles(size_t rows) { return ceil_div(rows, kTileRows); }

// Blocks of a prepared int8 row.
inline size_t num_blocks(size_t cols) { return 2 * ceil_div(cols, kGroup); }

inline size_t row_bytes(Kind kind, size_t cols) {
  switch (kind) {
    case Kind::f32: return round_up(cols, kTileRows) * 4;
    case Kind::bf16: return round_up(cols, 32) * 2;
    default: return round_up(cols, kGroup) + num_blocks(cols) * 12;
  }
}

struct Matrix {
  Format format = Format::f32;
  size_t rows = 0;
  size_t cols = 0;
  const uint8_t* tiles = nullptr;
  const float* row_scales = nullptr;  // one a row, filled up to whole tiles; null where there are none

  size_t stride() const { return tile_bytes(format, cols); }
  size_t tiles_in() const { return num_tiles(rows); }
  size_t bytes() const { return stride() * tiles_in(); }
};

// Prepared rows of one kind; `stride` in bytes.
struct Rows {
  const uint8_t* data = nullptr;
  size_t stride = 0;
};

// Keys and values of one block of one layer and one key/value head.
//   keys    [block / 16][head_dim][16 keys], so that a vector holds one element of 16 keys
//   values  [block][head_dim filled up to 16]
//   int8 only: float32 scale of each key, then of each value
enum class Store : int { f32 = 0, f16 = 1, bf16 = 2, int8 = 3 };

struct CacheLayout {
  Store store = Store::f16;
  int head_dim = 0;
  int block_size = 0;
  int num_kv_heads = 0;

  size_t element_bytes() const { return store == Store::f32 ? 4 : store == Store::int8 ? 1 : 2; }
  size_t value_dim() const { return round_up(head_dim, 16); }
  size_t key_bytes() const { return size_t(block_size) * head_dim * element_bytes(); }
  size_t value_bytes() const { return size_t(block_size) * value_dim() * element_bytes(); }
  size_t scale_bytes() const { return store == Store::int8 ? size_t(block_size) * 8 : 0; }
  size_t head_bytes() const { return round_up(key_bytes() + value_bytes() + scale_bytes(), 64); }
  size_t block_bytes() const { return head_bytes() * num_kv_heads; }
};

}  // namespace zaphod
