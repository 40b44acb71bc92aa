// What training computes beside matrix products, once for each instruction set; knows rows of numbers, not networks.
//
// Rows are consecutive and of `cols` numbers; no size need be a multiple of anything. Sums run in float32.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zaphod {

enum class Activation : int;

enum class Element : int { f32 = 0, bf16 = 1 };

struct CrossEntropy {
  size_t cols;
  float multiplier;
  float cap;  // 0 for none
};

struct AdamW {
  float rate, beta1, beta2, epsilon, decay;
  float correction1, correction2;  // 1 - beta^step
  float gradient_scale;
};

// One sequence: queries [length, heads, size], keys and values [length, groups, size]; size is a multiple of 16.
struct CausalAttention {
  size_t length, heads, groups, size;
  float scale;
};

struct TrainingOps {
  // y = x / rms(x) * weight; scales[row] = 1 / rms(x).
  void (*norm)(Element element, const void* x, const float* weight, size_t rows, size_t cols, float epsilon, void* y,
               float* scales);
  // dx, and weight_gradient += its part of these rows.
  void (*norm_backward)(Element element, const void* dy, const void* x, const float* weight, const float* scales,
                        size_t rows, size_t cols, void* dx, float* weight_gradient);
  // Half-split rotary embedding of [tokens, heads, 2 half]; cos and sin are [tokens, half]. Backwards with -1 as `way`.
  void (*turn)(Element element, const void* x, const float* cos, const float* sin, size_t tokens, size_t heads,
               size_t half, float way, void* y);
  // hidden = activation(gate) * up * row_scales[row]; without row_scales by 1.
  void (*gated)(Element element, Activation activation, const void* gate, const void* up, const float* row_scales,
                size_t rows, size_t cols, void* hidden);
  // From the gradient of `hidden`: those of gate and up and, with row_scales, of these; and `hidden` once more.
  void (*gated_backward)(Element element, Activation activation, const void* dhidden, const void* gate, const void* up,
                         const float* row_scales, size_t rows, size_t cols, void* dgate, void* dup, void* hidden,
                         float* drow_scales);
  // y[row] = x[sources[row]], zeros where that is negative.
  void (*gather)(Element element, const void* x, const int32_t* sources, size_t rows, size_t cols, void* y);
  // y[row] = the sum of x[places[row * per_row + i]].
  void (*sum_rows)(Element element, const void* x, const int32_t* places, size_t rows, size_t per_row, size_t cols,
                   void* y);
  // losses[row] = -log softmax(cap tanh(multiplier x / cap))[target]; where `weights` are given, x becomes the gradient
  // of the losses' sum so weighted. `scratch` has `cols` numbers, filled up to a multiple of 16.
  void (*cross_entropy)(Element element, const CrossEntropy& shape, void* x, const int64_t* targets, const float* weights,
                        size_t rows, float* losses, float* scratch);
  // sums = x + y
  void (*add)(Element element, const void* x, const void* y, size_t n, float* sums);
  // sums += x
  void (*accumulate)(Element element, const void* x, size_t n, float* sums);
  // One step of n numbers; the gradient has type `element`, and so has the copy of the master, where one is wanted.
  void (*adamw)(Element gradient_element, const AdamW& step, const void* gradient, size_t n, float* master, float* first,
                float* second, Element copy_element, void* copy);
  // moment moves to the gradient by 1 - momentum; `towards` becomes what lies between them, by momentum from the
  // gradient (Nesterov), rounded to bfloat16.
  void (*muon_direction)(Element gradient_element, const void* gradient, size_t n, float gradient_scale, float momentum,
                         float* moment, uint16_t* towards);
  // master = master * kept - direction * rate, and its copy.
  void (*muon_move)(const uint16_t* direction, size_t n, float kept, float rate, float* master, Element copy_element,
                    void* copy);
  // bfloat16; logs are [heads, length], the logarithms of the softmax's sums.
  void (*attend)(const CausalAttention& shape, const uint16_t* q, const uint16_t* k, const uint16_t* v, uint16_t* out,
                 float* logs);
  void (*attend_backward)(const CausalAttention& shape, const uint16_t* q, const uint16_t* k, const uint16_t* v,
                          const uint16_t* out, const uint16_t* dout, const float* logs, uint16_t* dq, uint16_t* dk,
                          uint16_t* dv);
};

}  // namespace zaphod
