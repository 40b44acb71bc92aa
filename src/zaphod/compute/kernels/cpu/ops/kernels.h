// Declarations of the operations of one instruction set; see `Ops` for what they do.
#pragma once

#include "ops.h"

namespace zaphod::ZAPHOD_ISA {

void matmul(const Matrix& w, size_t first, size_t last, Rows x, const int32_t* ids, size_t count, float* out,
            size_t out_stride);
void prepare(Kind kind, const float* x, size_t cols, uint8_t* row);
void prepare_block(Kind kind, const float* x, size_t begin, size_t cols, uint8_t* row);
void subtract(Kind kind, const uint8_t* row, size_t cols, float* x);
void rms_norm(const float* x, const float* weight, size_t n, float epsilon, float* out);
void add_scaled(float* x, const float* y, float factor, size_t n);
void gate(Activation activation, float* gate, const float* up, size_t n);
void rotate(float* x, const float* cos, const float* sin, size_t head_dim);
void scale_and_cap(float* x, float factor, float cap, size_t n);
void write_key_value(const CacheLayout& layout, uint8_t* head, int offset, const float* key, const float* value);
void attend(const CacheLayout& layout, const AttentionShape& shape, const uint8_t* const* heads, int begin, int end,
            QueryRows rows);
void unpack_row(const Matrix& w, size_t row, float* out);
void pack(Format format, Source source, const uint8_t* a, const uint8_t* b, size_t rows, size_t cols, size_t first,
          size_t last, uint8_t* tiles);
void attend_causally(const CausalAttention& shape, const uint16_t* q, const uint16_t* k, const uint16_t* v,
                     uint16_t* out, float* logs);
void attend_causally_backward(const CausalAttention& shape, const uint16_t* q, const uint16_t* k, const uint16_t* v,
                              const uint16_t* out, const uint16_t* dout, const float* logs, uint16_t* dq, uint16_t* dk,
                              uint16_t* dv);

}  // namespace zaphod::ZAPHOD_ISA
