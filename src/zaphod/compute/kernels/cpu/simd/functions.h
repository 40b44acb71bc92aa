// exp, tanh, erf and the activations over 16 lanes, to about two units in the last place of float32.
#pragma once

namespace zaphod::ZAPHOD_ISA {

// e^x; 0 below -87, saturating above 88; NaN stays NaN. Cody-Waite reduction, polynomial of degree 6 (Cephes expf).
inline F32 exp(F32 x) {
  F32 bounded = min(splat(88.02f), max(splat(-87.33654f), x));
  F32 n = round(mul(bounded, splat(1.44269504088896341f)));
  F32 r = fma(n, splat(-0.693359375f), bounded);
  r = fma(n, splat(2.12194440e-4f), r);
  F32 p = splat(1.9875691500e-4f);
  p = fma(p, r, splat(1.3981999507e-3f));
  p = fma(p, r, splat(8.3334519073e-3f));
  p = fma(p, r, splat(4.1665795894e-2f));
  p = fma(p, r, splat(1.6666665459e-1f));
  p = fma(p, r, splat(5.0000001201e-1f));
  F32 value = add(fma(mul(r, r), p, r), splat(1.0f));
  return where_less(x, splat(-87.33654f), zeros(), scale_by_power(value, n));
}

// Odd polynomial near 0 (Cephes tanhf), 1 - 2 / (e^2x + 1) elsewhere.
inline F32 tanh(F32 x) {
  F32 square = mul(x, x);
  F32 p = splat(-5.70498872745e-3f);
  p = fma(p, square, splat(2.06390887954e-2f));
  p = fma(p, square, splat(-5.37397155531e-2f));
  p = fma(p, square, splat(1.33314422036e-1f));
  p = fma(p, square, splat(-3.33332819422e-1f));
  F32 near = fma(mul(p, square), x, x);
  F32 size = abs(x);
  F32 far = sub(splat(1.0f), div(splat(2.0f), add(exp(add(size, size)), splat(1.0f))));
  far = where_less(x, zeros(), sub(zeros(), far), far);
  return where_less(size, splat(0.625f), near, far);
}

// Abramowitz and Stegun 7.1.26, absolute error 1.5e-7.
inline F32 erf(F32 x) {
  F32 size = abs(x);
  F32 t = div(splat(1.0f), fma(splat(0.3275911f), size, splat(1.0f)));
  F32 p = splat(1.061405429f);
  p = fma(p, t, splat(-1.453152027f));
  p = fma(p, t, splat(1.421413741f));
  p = fma(p, t, splat(-0.284496736f));
  p = fma(p, t, splat(0.254829592f));
  F32 value = sub(splat(1.0f), mul(mul(p, t), exp(sub(zeros(), mul(size, size)))));
  return where_less(x, zeros(), sub(zeros(), value), value);
}

inline F32 silu(F32 x) { return div(x, add(splat(1.0f), exp(sub(zeros(), x)))); }

// x / (1 + e^-2u) is x (1 + tanh u) / 2.
inline F32 gelu_tanh(F32 x) {
  F32 u = mul(mul(splat(0.7978845608028654f), x), fma(mul(x, x), splat(0.044715f), splat(1.0f)));
  return div(x, add(splat(1.0f), exp(mul(splat(-2.0f), u))));
}

inline F32 gelu_erf(F32 x) {
  return mul(mul(splat(0.5f), x), add(splat(1.0f), erf(mul(x, splat(0.70710678118654752f)))));
}

}  // namespace zaphod::ZAPHOD_ISA
