// From stored numbers to tiles, and single rows back.
#include <cmath>
#include <cstring>

#include "../simd/simd.h"
#include "kernels.h"

namespace zaphod::ZAPHOD_ISA {
namespace {

constexpr uint16_t kHalfOne = 0x3c00;

// 32 codes as they go into a tile (code + 128, or code + 8) and their float16 scale.
struct Block {
  uint8_t codes[kBlock];
  uint16_t scale;
};

void read_block(Source source, const uint8_t* a, const uint8_t* b, size_t row, size_t cols, size_t block, Block& out) {
  size_t per_row = ceil_div(cols, kBlock), index = row * per_row + block;
  switch (source) {
    case Source::q4_0: {
      const uint8_t* from = a + 18 * index;
      std::memcpy(&out.scale, from, 2);
      for (int i = 0; i < 16; ++i) out.codes[i] = from[2 + i] & 15, out.codes[16 + i] = from[2 + i] >> 4;
      return;
    }
    case Source::q8_0: {
      const uint8_t* from = a + 34 * index;
      std::memcpy(&out.scale, from, 2);
      for (int i = 0; i < 32; ++i) out.codes[i] = from[2 + i] ^ 0x80;
      return;
    }
    case Source::int4: {
      const uint8_t* from = a + 16 * index;
      std::memcpy(&out.scale, b + 2 * index, 2);
      for (int i = 0; i < 16; ++i) out.codes[2 * i] = from[i] & 15, out.codes[2 * i + 1] = from[i] >> 4;
      return;
    }
    default: {
      size_t n = cols - block * kBlock < kBlock ? cols - block * kBlock : kBlock;
      const uint8_t* from = a + row * cols + block * kBlock;
      out.scale = kHalfOne;
      if (source == Source::int8) std::memcpy(&out.scale, b + 2 * index, 2);
      for (size_t i = 0; i < kBlock; ++i) out.codes[i] = i < n ? from[i] ^ 0x80 : 0x80;
    }
  }
}

void pack_codes(Format format, Source source, const uint8_t* a, const uint8_t* b, size_t rows, size_t cols,
                size_t tile, uint8_t* to) {
  size_t blocks = ceil_div(cols, kBlock);
  uint8_t nothing = format == Format::q8 ? 0x80 : 8;
  for (size_t g = 0; g < ceil_div(cols, kGroup); ++g, to += group_bytes(format)) {
    for (size_t r = 0; r < kTileRows; ++r) {
      size_t row = kTileRows * tile + r;
      Block pair[2];
      for (size_t half = 0; half < 2; ++half) {
        if (row < rows && 2 * g + half < blocks) {
          read_block(source, a, b, row, cols, 2 * g + half, pair[half]);
        } else {
          std::memset(pair[half].codes, nothing, kBlock);
          pair[half].scale = 0;
        }
        std::memcpy(to + 32 * half + 2 * r, &pair[half].scale, 2);
      }
      for (size_t v = 0; v < 8; ++v) {
        uint32_t low, high;
        std::memcpy(&low, pair[0].codes + 4 * v, 4);
        std::memcpy(&high, pair[1].codes + 4 * v, 4);
        if (format == Format::q4) {
          low |= high << 4;
          std::memcpy(to + 64 + 64 * v + 4 * r, &low, 4);
        } else {
          std::memcpy(to + 64 + 64 * v + 4 * r, &low, 4);
          std::memcpy(to + 576 + 64 * v + 4 * r, &high, 4);
        }
      }
    }
  }
}

float widened(Source source, const uint8_t* a, size_t index) {
  float out[16];
  uint16_t bits[16] = {};
  if (source == Source::f32) {
    std::memcpy(out, a + 4 * index, 4);
    return out[0];
  }
  std::memcpy(bits, a + 2 * index, 2);
  store(out, source == Source::f16 ? load_f16(bits) : load_bf16(bits));
  return out[0];
}

// Stored bfloat16 keeps its bits; other numbers are rounded.
uint16_t as_bf16(Source source, const uint8_t* a, size_t index) {
  uint16_t bits[16];
  if (source == Source::bf16)
    std::memcpy(bits, a + 2 * index, 2);
  else
    store_bf16(bits, splat(widened(source, a, index)));
  return bits[0];
}

void pack_numbers(Format format, Source source, const uint8_t* a, size_t rows, size_t cols, size_t tile, uint8_t* to) {
  size_t size = format == Format::f32 ? 4 : 2, per_group = group_columns(format);
  std::memset(to, 0, tile_bytes(format, cols));
  for (size_t r = 0; r < kTileRows && kTileRows * tile + r < rows; ++r) {
    size_t start = (kTileRows * tile + r) * cols;
    for (size_t c = 0; c < cols; ++c) {
      uint8_t* place = to + c / per_group * 64 + (r * per_group + c % per_group) * size;
      if (format == Format::f32) {
        float value = widened(source, a, start + c);
        std::memcpy(place, &value, 4);
      } else {
        uint16_t value = as_bf16(source, a, start + c);
        std::memcpy(place, &value, 2);
      }
    }
  }
}

}  // namespace

void pack(Format format, Source source, const uint8_t* a, const uint8_t* b, size_t rows, size_t cols, size_t first,
          size_t last, uint8_t* tiles) {
  size_t stride = tile_bytes(format, cols);
  for (size_t tile = first; tile < last; ++tile, tiles += stride) {
    if (format == Format::q8 || format == Format::q4)
      pack_codes(format, source, a, b, rows, cols, tile, tiles);
    else
      pack_numbers(format, source, a, rows, cols, tile, tiles);
  }
}

namespace {

float from_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

float half_to_float(uint16_t half) {
  uint16_t bits[16] = {half};
  float wide[16];
  store(wide, load_f16(bits));
  return wide[0];
}

void unpack_codes(const Matrix& w, const uint8_t* tile, size_t r, float factor, float* out) {
  for (size_t c = 0; c < w.cols; c += kBlock) {
    const uint8_t* group = tile + c / kGroup * group_bytes(w.format);
    size_t half = c % kGroup / kBlock, n = w.cols - c < kBlock ? w.cols - c : kBlock;
    uint16_t bits;
    std::memcpy(&bits, group + 32 * half + 2 * r, 2);
    float scale = half_to_float(bits);
    const uint8_t* codes = group + 64 + (w.format == Format::q8 ? 512 * half : 0) + 4 * r;
    for (size_t i = 0; i < n; ++i) {
      uint8_t byte = codes[64 * (i / 4) + i % 4];
      int code = w.format == Format::q8 ? int(byte) - 128 : int(byte >> (4 * half) & 15) - 8;
      out[c + i] = float(code) * scale * factor;
    }
  }
}

}  // namespace

void unpack_row(const Matrix& w, size_t row, float* out) {
  const uint8_t* tile = w.tiles + row / kTileRows * w.stride();
  size_t r = row % kTileRows;
  if (w.format == Format::q8 || w.format == Format::q4)
    return unpack_codes(w, tile, r, w.row_scales ? w.row_scales[row] : 1.0f, out);
  for (size_t c = 0; c < w.cols; ++c) {
    uint32_t bits = 0;
    if (w.format == Format::f32) {
      std::memcpy(&bits, tile + 64 * c + 4 * r, 4);
    } else {
      uint16_t half;
      std::memcpy(&half, tile + 64 * (c / 2) + 4 * r + 2 * (c % 2), 2);
      bits = uint32_t(half) << 16;
    }
    out[c] = from_bits(bits);
  }
}

}  // namespace zaphod::ZAPHOD_ISA
