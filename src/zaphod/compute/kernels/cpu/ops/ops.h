// The operations that exist once for each instruction set, as a table; knows tensors of one call, not the network.
#pragma once

#include "../layout.h"
#include "training.h"

namespace zaphod {

enum class Activation : int { gelu_tanh = 0, gelu_erf = 1, silu = 2 };

// Where a weight's stored numbers come from when tiles are made of them. Row-major, rows consecutive.
enum class Source : int {
  f32 = 0,         // a: float32
  f16 = 1,         // a: float16
  bf16 = 2,        // a: bfloat16
  q4_0 = 3,        // a: GGML blocks of 18 bytes
  q8_0 = 4,        // a: GGML blocks of 34 bytes
  int4 = 5,        // a: two codes a byte, input 2i in the low half; b: float16 scales of 32
  int8 = 6,        // a: codes; b: float16 scales of 32
  int8_row = 7,    // a: codes; the scales of whole rows stay outside the tiles
};

struct AttentionShape {
  float scale;
  float softcap;             // 0 for none
  int temperature_length;    // 0 for none
  int window;                // 0 for none
};

// Query rows of one key/value head of one sequence, and what has been summed for each.
struct QueryRows {
  int count = 0;
  const float* const* queries = nullptr;  // [count] -> head_dim float32
  const int32_t* positions = nullptr;     // [count]
  float* largest = nullptr;               // [count] running maximum
  float* sums = nullptr;                  // [count] running sum of exponentials
  float* outputs = nullptr;               // [count][value_dim] running weighted values
  float* scratch = nullptr;               // [2 * count * kKeysAtOnce]
};

// Softmax state is carried over so many keys by one rescaling; a partition is what is summed on its own.
constexpr int kKeysAtOnce = 64;
constexpr int kPartition = 1024;

struct Ops {
  const char* name;
  int row_tiles;

  // out[t * out_stride + 16 (tile - first)] = rows [16 first, 16 last) of the matrix times row `ids[t]` of x
  // (row t where ids is null). Each output is summed in one order, whatever the number of tokens.
  void (*matmul)(const Matrix& w, size_t first, size_t last, Rows x, const int32_t* ids, size_t count, float* out,
                 size_t out_stride);

  // Prepares one row of `cols` numbers; numbers that no code can hold make the whole block NaN.
  void (*prepare)(Kind kind, const float* x, size_t cols, uint8_t* row);
  // The part [begin, begin + 32) of an int8 row of `cols` columns; begin is a multiple of 32.
  void (*prepare_block)(Kind kind, const float* x, size_t begin, size_t cols, uint8_t* row);
  // x -= what a prepared row of `cols` columns holds.
  void (*subtract)(Kind kind, const uint8_t* row, size_t cols, float* x);

  // out = x / rms(x) * weight over n numbers; x, weight and out may be read and written up to a multiple of 16.
  void (*rms_norm)(const float* x, const float* weight, size_t n, float epsilon, float* out);
  // x += factor * y
  void (*add_scaled)(float* x, const float* y, float factor, size_t n);
  // gate = activation(gate) * up
  void (*gate)(Activation activation, float* gate, const float* up, size_t n);
  // Half-split rotary embedding in place: element i with element i + head_dim / 2.
  void (*rotate)(float* x, const float* cos, const float* sin, size_t head_dim);
  // x = cap tanh(factor x / cap), or factor x where cap is 0.
  void (*scale_and_cap)(float* x, float factor, float cap, size_t n);

  void (*write_key_value)(const CacheLayout& layout, uint8_t* head, int offset, const float* key, const float* value);
  // Attends to keys [begin, end) of a sequence; begin is a multiple of kKeysAtOnce. heads[i] are the bytes of block i.
  void (*attend)(const CacheLayout& layout, const AttentionShape& shape, const uint8_t* const* heads, int begin,
                 int end, QueryRows rows);

  void (*unpack_row)(const Matrix& w, size_t row, float* out);
  // Tiles [first, last) of a matrix from its stored numbers.
  void (*pack)(Format format, Source source, const uint8_t* a, const uint8_t* b, size_t rows, size_t cols,
               size_t first, size_t last, uint8_t* tiles);

  const TrainingOps* training;
};

// The instruction sets that were compiled in and that this processor and its operating system run, best first.
const Ops* const* available(size_t* count);
// By name; null where there is none.
const Ops* find(const char* name);

}  // namespace zaphod
