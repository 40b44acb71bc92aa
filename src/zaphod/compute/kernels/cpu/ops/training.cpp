// Norms, rotary embedding, gates, gathering, cross-entropy and AdamW with their gradients, over rows.
#include "training.h"

#include <cmath>
#include <cstring>

#include "../simd/simd.h"
#include "kernels.h"
#include "training_lanes.h"

namespace zaphod::ZAPHOD_ISA {
namespace {

template <class T>
void norm_rows(const T* x, const float* weight, size_t rows, size_t cols, float epsilon, T* y, float* scales) {
  for (size_t r = 0; r < rows; ++r, x += cols, y += cols) {
    F32 squares[2] = {zeros(), zeros()};
    for (size_t i = 0; i < cols; i += 16) {
      F32 part = take(x + i, cols - i);
      squares[i / 16 % 2] = fma(part, part, squares[i / 16 % 2]);
    }
    scales[r] = 1.0f / std::sqrt(sum(add(squares[0], squares[1])) / float(cols) + epsilon);
    F32 scale = splat(scales[r]);
    for (size_t i = 0; i < cols; i += 16)
      put(y + i, mul(mul(take(x + i, cols - i), scale), take(weight + i, cols - i)), cols - i);
  }
}

// With s = 1 / rms(x) and g = dy * weight: dx = s g - x s^3 (g . x) / cols.
template <class T>
void norm_rows_backward(const T* dy, const T* x, const float* weight, const float* scales, size_t rows, size_t cols,
                        T* dx, float* weight_gradient) {
  for (size_t r = 0; r < rows; ++r, x += cols, dy += cols, dx += cols) {
    F32 scale = splat(scales[r]), dots[2] = {zeros(), zeros()};
    for (size_t i = 0; i < cols; i += 16) {
      size_t n = cols - i;
      F32 along = mul(take(dy + i, n), take(x + i, n));
      put(weight_gradient + i, fma(along, scale, take(weight_gradient + i, n)), n);
      dots[i / 16 % 2] = fma(along, take(weight + i, n), dots[i / 16 % 2]);
    }
    float dot = sum(add(dots[0], dots[1]));
    F32 back = splat(-dot * scales[r] * scales[r] * scales[r] / float(cols));
    for (size_t i = 0; i < cols; i += 16) {
      size_t n = cols - i;
      F32 g = mul(mul(take(dy + i, n), take(weight + i, n)), scale);
      put(dx + i, fma(take(x + i, n), back, g), n);
    }
  }
}

template <class T>
void turn_rows(const T* x, const float* cos, const float* sin, size_t tokens, size_t heads, size_t half, float way,
               T* y) {
  F32 direction = splat(way);
  for (size_t t = 0; t < tokens; ++t, cos += half, sin += half)
    for (size_t h = 0; h < heads; ++h, x += 2 * half, y += 2 * half)
      for (size_t i = 0; i < half; i += 16) {
        size_t n = half - i;
        F32 first = take(x + i, n), second = take(x + half + i, n);
        F32 c = take(cos + i, n), s = mul(take(sin + i, n), direction);
        put(y + i, sub(mul(first, c), mul(second, s)), n);
        put(y + half + i, add(mul(second, c), mul(first, s)), n);
      }
}

template <class T>
void gated_rows(Activation activation, const T* gate, const T* up, const float* row_scales, size_t rows, size_t cols,
                T* hidden) {
  for (size_t r = 0; r < rows; ++r, gate += cols, up += cols, hidden += cols) {
    F32 scale = splat(row_scales ? row_scales[r] : 1.0f);
    for (size_t i = 0; i < cols; i += 16) {
      Slope at = slope(activation, take(gate + i, cols - i));
      put(hidden + i, mul(mul(at.value, take(up + i, cols - i)), scale), cols - i);
    }
  }
}

template <class T>
void gated_rows_backward(Activation activation, const T* dhidden, const T* gate, const T* up, const float* row_scales,
                         size_t rows, size_t cols, T* dgate, T* dup, T* hidden, float* drow_scales) {
  for (size_t r = 0; r < rows; ++r) {
    F32 scale = splat(row_scales ? row_scales[r] : 1.0f), along = zeros();
    size_t begin = r * cols, end = begin + cols;
    for (size_t i = begin; i < end; i += 16) {
      size_t n = end - i;
      Slope at = slope(activation, take(gate + i, n));
      F32 u = take(up + i, n), d = take(dhidden + i, n), plain = mul(at.value, u), scaled = mul(d, scale);
      put(hidden + i, mul(plain, scale), n);
      put(dgate + i, mul(mul(scaled, u), at.slope), n);
      put(dup + i, mul(scaled, at.value), n);
      along = fma(d, plain, along);
    }
    if (row_scales) drow_scales[r] = sum(along);
  }
}

template <class T>
void gather_rows(const T* x, const int32_t* sources, size_t rows, size_t cols, T* y) {
  for (size_t r = 0; r < rows; ++r, y += cols) {
    if (sources[r] < 0)
      std::memset(y, 0, cols * sizeof(T));
    else
      std::memcpy(y, x + size_t(sources[r]) * cols, cols * sizeof(T));
  }
}

template <class T>
void add_rows(const T* x, const int32_t* places, size_t rows, size_t per_row, size_t cols, T* y) {
  for (size_t r = 0; r < rows; ++r, places += per_row, y += cols)
    for (size_t i = 0; i < cols; i += 16) {
      F32 all = zeros();
      for (size_t k = 0; k < per_row; ++k) all = add(all, take(x + size_t(places[k]) * cols + i, cols - i));
      put(y + i, all, cols - i);
    }
}

// Scaled and capped numbers in `scratch`, -inf behind the last; returns the largest.
template <class T>
float capped_row(const CrossEntropy& shape, const T* x, float* scratch) {
  F32 most = splat(-INFINITY), cap = splat(shape.cap);
  F32 factor = splat(shape.cap == 0.0f ? shape.multiplier : shape.multiplier / shape.cap);
  for (size_t i = 0; i < shape.cols; i += 16) {
    F32 z = mul(take(x + i, shape.cols - i), factor);
    if (shape.cap != 0.0f) z = mul(tanh(z), cap);
    if (shape.cols - i < 16) z = keep_lanes(z, 0, int(shape.cols - i), splat(-INFINITY));
    store(scratch + i, z);
    most = max(z, most);
  }
  return largest(most);
}

template <class T>
void cross_entropy_rows(const CrossEntropy& shape, T* x, const int64_t* targets, const float* weights, size_t rows,
                        float* losses, float* scratch) {
  for (size_t r = 0; r < rows; ++r, x += shape.cols) {
    float most = capped_row(shape, x, scratch), target = scratch[targets[r]];
    F32 shift = splat(most), total = zeros();
    for (size_t i = 0; i < shape.cols; i += 16) {
      F32 power = exp(sub(load(scratch + i), shift));
      total = add(total, power);
      if (weights && shape.cap == 0.0f) store(scratch + i, power);
    }
    float all = sum(total);
    losses[r] = std::log(all) + most - target;
    if (!weights) continue;
    F32 share = splat(weights[r] * shape.multiplier / all), per_cap = splat(shape.cap == 0.0f ? 0.0f : 1.0f / shape.cap);
    float at_target = -weights[r] * shape.multiplier;
    if (shape.cap != 0.0f) at_target *= 1.0f - target / shape.cap * (target / shape.cap);
    float of_target = 0.0f;
    for (size_t i = 0; i < shape.cols; i += 16) {
      F32 p = load(scratch + i), damp = splat(1.0f);
      if (shape.cap != 0.0f) {
        F32 bent = mul(p, per_cap);
        damp = sub(splat(1.0f), mul(bent, bent));
        p = exp(sub(p, shift));
      }
      F32 d = mul(mul(p, share), damp);
      if (size_t(targets[r]) - i < 16) {
        float lanes[16];
        store(lanes, d);
        of_target = lanes[size_t(targets[r]) - i] + at_target;
      }
      put(x + i, d, shape.cols - i);
    }
    put_one(x + targets[r], of_target);
  }
}

template <class G, class C>
void adamw_numbers(const AdamW& step, const G* gradient, size_t n, float* master, float* first, float* second, C* copy) {
  F32 scale = splat(step.gradient_scale), beta1 = splat(step.beta1), beta2 = splat(step.beta2);
  F32 rest1 = splat(1.0f - step.beta1), rest2 = splat(1.0f - step.beta2), kept = splat(1.0f - step.rate * step.decay);
  F32 rate = splat(-step.rate / step.correction1), unbias = splat(1.0f / std::sqrt(step.correction2));
  F32 epsilon = splat(step.epsilon);
  for (size_t i = 0; i < n; i += 16) {
    size_t left = n - i;
    F32 g = mul(take(gradient + i, left), scale);
    F32 m = fma(rest1, g, mul(beta1, take(first + i, left)));
    F32 v = fma(mul(rest2, g), g, mul(beta2, take(second + i, left)));
    F32 w = fma(div(m, add(mul(root(v), unbias), epsilon)), rate, mul(take(master + i, left), kept));
    put(first + i, m, left);
    put(second + i, v, left);
    put(master + i, w, left);
    if (copy) put(copy + i, w, left);
  }
}

template <class G>
void muon_direction_numbers(const G* gradient, size_t n, float gradient_scale, float momentum, float* moment,
                            uint16_t* towards) {
  F32 scale = splat(gradient_scale), rest = splat(1.0f - momentum), back = splat(momentum - 1.0f);
  for (size_t i = 0; i < n; i += 16) {
    size_t left = n - i;
    F32 g = mul(take(gradient + i, left), scale), m = take(moment + i, left);
    m = fma(sub(g, m), rest, m);
    put(moment + i, m, left);
    put(towards + i, fma(sub(m, g), back, m), left);
  }
}

template <class C>
void muon_move_numbers(const uint16_t* direction, size_t n, float kept, float rate, float* master, C* copy) {
  F32 keep = splat(kept), back = splat(-rate);
  for (size_t i = 0; i < n; i += 16) {
    size_t left = n - i;
    F32 w = fma(take(direction + i, left), back, mul(take(master + i, left), keep));
    put(master + i, w, left);
    put(copy + i, w, left);
  }
}

// Calls `function` with pointers of the element's type.
#define ZAPHOD_EACH(element, function) \
  if (element == Element::f32) {       \
    using T = float;                   \
    function;                          \
  } else {                             \
    using T = uint16_t;                \
    function;                          \
  }

void norm(Element element, const void* x, const float* weight, size_t rows, size_t cols, float epsilon, void* y,
          float* scales) {
  ZAPHOD_EACH(element, norm_rows((const T*)x, weight, rows, cols, epsilon, (T*)y, scales))
}

void norm_backward(Element element, const void* dy, const void* x, const float* weight, const float* scales,
                   size_t rows, size_t cols, void* dx, float* weight_gradient) {
  ZAPHOD_EACH(element, norm_rows_backward((const T*)dy, (const T*)x, weight, scales, rows, cols, (T*)dx, weight_gradient))
}

void turn(Element element, const void* x, const float* cos, const float* sin, size_t tokens, size_t heads, size_t half,
          float way, void* y) {
  ZAPHOD_EACH(element, turn_rows((const T*)x, cos, sin, tokens, heads, half, way, (T*)y))
}

void gated(Element element, Activation activation, const void* gate, const void* up, const float* row_scales,
           size_t rows, size_t cols, void* hidden) {
  ZAPHOD_EACH(element, gated_rows(activation, (const T*)gate, (const T*)up, row_scales, rows, cols, (T*)hidden))
}

void gated_backward(Element element, Activation activation, const void* dhidden, const void* gate, const void* up,
                    const float* row_scales, size_t rows, size_t cols, void* dgate, void* dup, void* hidden,
                    float* drow_scales) {
  ZAPHOD_EACH(element, gated_rows_backward(activation, (const T*)dhidden, (const T*)gate, (const T*)up, row_scales, rows,
                                           cols, (T*)dgate, (T*)dup, (T*)hidden, drow_scales))
}

void gather(Element element, const void* x, const int32_t* sources, size_t rows, size_t cols, void* y) {
  ZAPHOD_EACH(element, gather_rows((const T*)x, sources, rows, cols, (T*)y))
}

void sum_rows(Element element, const void* x, const int32_t* places, size_t rows, size_t per_row, size_t cols, void* y) {
  ZAPHOD_EACH(element, add_rows((const T*)x, places, rows, per_row, cols, (T*)y))
}

void cross_entropy(Element element, const CrossEntropy& shape, void* x, const int64_t* targets, const float* weights,
                   size_t rows, float* losses, float* scratch) {
  ZAPHOD_EACH(element, cross_entropy_rows(shape, (T*)x, targets, weights, rows, losses, scratch))
}

template <class T>
void add_numbers(const T* x, const T* y, size_t n, float* sums) {
  for (size_t i = 0; i < n; i += 16) put(sums + i, add(take(x + i, n - i), take(y + i, n - i)), n - i);
}

void add_two(Element element, const void* x, const void* y, size_t n, float* sums) {
  ZAPHOD_EACH(element, add_numbers((const T*)x, (const T*)y, n, sums))
}

template <class T>
void accumulate_numbers(const T* x, size_t n, float* sums) {
  for (size_t i = 0; i < n; i += 16) put(sums + i, add(take(sums + i, n - i), take(x + i, n - i)), n - i);
}

void accumulate(Element element, const void* x, size_t n, float* sums) {
  ZAPHOD_EACH(element, accumulate_numbers((const T*)x, n, sums))
}

void adamw(Element gradient_element, const AdamW& step, const void* gradient, size_t n, float* master, float* first,
           float* second, Element copy_element, void* copy) {
  if (copy_element == Element::f32) {
    ZAPHOD_EACH(gradient_element, adamw_numbers(step, (const T*)gradient, n, master, first, second, (float*)copy))
  } else {
    ZAPHOD_EACH(gradient_element, adamw_numbers(step, (const T*)gradient, n, master, first, second, (uint16_t*)copy))
  }
}

void muon_direction(Element gradient_element, const void* gradient, size_t n, float gradient_scale, float momentum,
                    float* moment, uint16_t* towards) {
  ZAPHOD_EACH(gradient_element,
              muon_direction_numbers((const T*)gradient, n, gradient_scale, momentum, moment, towards))
}

void muon_move(const uint16_t* direction, size_t n, float kept, float rate, float* master, Element copy_element,
               void* copy) {
  ZAPHOD_EACH(copy_element, muon_move_numbers(direction, n, kept, rate, master, (T*)copy))
}

}  // namespace

extern const TrainingOps training_table;
const TrainingOps training_table = {
    .norm = norm,
    .norm_backward = norm_backward,
    .turn = turn,
    .gated = gated,
    .gated_backward = gated_backward,
    .gather = gather,
    .sum_rows = sum_rows,
    .cross_entropy = cross_entropy,
    .add = add_two,
    .accumulate = accumulate,
    .adamw = adamw,
    .muon_direction = muon_direction,
    .muon_move = muon_move,
    .attend = attend_causally,
    .attend_backward = attend_causally_backward,
};

}  // namespace zaphod::ZAPHOD_ISA
