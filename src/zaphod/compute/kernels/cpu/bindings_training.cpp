#include "bindings_training.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "ops/ops.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace zaphod {
namespace {

// Where a tensor's numbers begin; 0 where there is none. The caller answers for type, size and contiguity.
using Address = uintptr_t;

template <class T = void>
T* at(Address address) {
  return reinterpret_cast<T*>(address);
}

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

const TrainingOps& ops_named(const std::string& isa) {
  const Ops* found = find(isa.c_str());
  require(found, "this processor does not run that instruction set");
  return *found->training;
}

Element element_named(int element) {
  require(element == 0 || element == 1, "unknown type of numbers");
  return Element(element);
}

Activation activation_named(int activation) {
  require(activation >= 0 && activation <= 2, "unknown activation");
  return Activation(activation);
}

void norm(const std::string& isa, int element, Address x, Address weight, size_t rows, size_t cols, float epsilon,
          Address y, Address scales) {
  ops_named(isa).norm(element_named(element), at(x), at<float>(weight), rows, cols, epsilon, at(y), at<float>(scales));
}

void norm_backward(const std::string& isa, int element, Address dy, Address x, Address weight, Address scales,
                   size_t rows, size_t cols, Address dx, Address weight_gradient) {
  ops_named(isa).norm_backward(element_named(element), at(dy), at(x), at<float>(weight), at<float>(scales), rows, cols,
                               at(dx), at<float>(weight_gradient));
}

void turn(const std::string& isa, int element, Address x, Address cos, Address sin, size_t tokens, size_t heads,
          size_t half, float way, Address y) {
  ops_named(isa).turn(element_named(element), at(x), at<float>(cos), at<float>(sin), tokens, heads, half, way, at(y));
}

void gated(const std::string& isa, int element, int activation, Address gate, Address up, Address row_scales,
           size_t rows, size_t cols, Address hidden) {
  ops_named(isa).gated(element_named(element), activation_named(activation), at(gate), at(up), at<float>(row_scales),
                       rows, cols, at(hidden));
}

void gated_backward(const std::string& isa, int element, int activation, Address dhidden, Address gate, Address up,
                    Address row_scales, size_t rows, size_t cols, Address dgate, Address dup, Address hidden,
                    Address drow_scales) {
  ops_named(isa).gated_backward(element_named(element), activation_named(activation), at(dhidden), at(gate), at(up),
                                at<float>(row_scales), rows, cols, at(dgate), at(dup), at(hidden),
                                at<float>(drow_scales));
}

void check_rows(const int32_t* rows, size_t count, size_t limit, bool or_none) {
  for (size_t i = 0; i < count; ++i)
    require(rows[i] < int64_t(limit) && (rows[i] >= 0 || or_none), "there is no such row");
}

void gather(const std::string& isa, int element, Address x, size_t rows_in, Address sources, size_t rows, size_t cols,
            Address y) {
  check_rows(at<int32_t>(sources), rows, rows_in, true);
  ops_named(isa).gather(element_named(element), at(x), at<int32_t>(sources), rows, cols, at(y));
}

void sum_rows(const std::string& isa, int element, Address x, size_t rows_in, Address places, size_t rows,
              size_t per_row, size_t cols, Address y) {
  check_rows(at<int32_t>(places), rows * per_row, rows_in, false);
  ops_named(isa).sum_rows(element_named(element), at(x), at<int32_t>(places), rows, per_row, cols, at(y));
}

void cross_entropy(const std::string& isa, int element, Address x, Address targets, Address weights, size_t rows,
                   size_t cols, float multiplier, float cap, Address losses) {
  const int64_t* wanted = at<int64_t>(targets);
  for (size_t r = 0; r < rows; ++r) require(wanted[r] >= 0 && wanted[r] < int64_t(cols), "there is no such target");
  std::vector<float> scratch((cols + 15) / 16 * 16);
  ops_named(isa).cross_entropy(element_named(element), {cols, multiplier, cap}, at(x), wanted, at<float>(weights), rows,
                               at<float>(losses), scratch.data());
}

void add(const std::string& isa, int element, Address x, Address y, size_t n, Address sums) {
  ops_named(isa).add(element_named(element), at(x), at(y), n, at<float>(sums));
}

void accumulate(const std::string& isa, int element, Address x, size_t n, Address sums) {
  ops_named(isa).accumulate(element_named(element), at(x), n, at<float>(sums));
}

void adamw(const std::string& isa, int gradient_element, Address gradient, size_t n, Address master, Address first,
           Address second, int copy_element, Address copy, float rate, float beta1, float beta2, float epsilon,
           float decay, float correction1, float correction2, float gradient_scale) {
  AdamW step{rate, beta1, beta2, epsilon, decay, correction1, correction2, gradient_scale};
  ops_named(isa).adamw(element_named(gradient_element), step, at(gradient), n, at<float>(master), at<float>(first),
                       at<float>(second), element_named(copy_element), at(copy));
}

void muon_direction(const std::string& isa, int gradient_element, Address gradient, size_t n, float gradient_scale,
                    float momentum, Address moment, Address towards) {
  ops_named(isa).muon_direction(element_named(gradient_element), at(gradient), n, gradient_scale, momentum,
                                at<float>(moment), at<uint16_t>(towards));
}

void muon_move(const std::string& isa, Address direction, size_t n, float kept, float rate, Address master,
               int copy_element, Address copy) {
  ops_named(isa).muon_move(at<uint16_t>(direction), n, kept, rate, at<float>(master), element_named(copy_element),
                           at(copy));
}

CausalAttention attention_shape(size_t length, size_t heads, size_t groups, size_t size, float scale) {
  require(length > 0 && size > 0 && size % 16 == 0, "heads must be a multiple of 16");
  require(groups > 0 && heads % groups == 0, "heads must be a multiple of the groups");
  return {length, heads, groups, size, scale};
}

void attend(const std::string& isa, Address q, Address k, Address v, size_t sequences, size_t length, size_t heads,
            size_t groups, size_t size, float scale, Address out, Address logs) {
  CausalAttention shape = attention_shape(length, heads, groups, size, scale);
  const TrainingOps& ops = ops_named(isa);
  size_t queries = length * heads * size, keys = length * groups * size;
  for (size_t b = 0; b < sequences; ++b)
    ops.attend(shape, at<uint16_t>(q) + b * queries, at<uint16_t>(k) + b * keys, at<uint16_t>(v) + b * keys,
               at<uint16_t>(out) + b * queries, at<float>(logs) + b * heads * length);
}

void attend_backward(const std::string& isa, Address q, Address k, Address v, Address out, Address dout, Address logs,
                     size_t sequences, size_t length, size_t heads, size_t groups, size_t size, float scale, Address dq,
                     Address dk, Address dv) {
  CausalAttention shape = attention_shape(length, heads, groups, size, scale);
  const TrainingOps& ops = ops_named(isa);
  size_t queries = length * heads * size, keys = length * groups * size;
  for (size_t b = 0; b < sequences; ++b)
    ops.attend_backward(shape, at<uint16_t>(q) + b * queries, at<uint16_t>(k) + b * keys, at<uint16_t>(v) + b * keys,
                        at<uint16_t>(out) + b * queries, at<uint16_t>(dout) + b * queries,
                        at<float>(logs) + b * heads * length, at<uint16_t>(dq) + b * queries, at<uint16_t>(dk) + b * keys,
                        at<uint16_t>(dv) + b * keys);
}

// Deals assignments (row `a / per_token` to expert ids[a]) out to the experts, in order. Every expert's rows are filled
// up to a multiple. Writes each place's source row, -1 for what fills up, and each assignment's place; returns the
// experts' ends. `sources` has room for count + experts * (multiple - 1) rows.
std::vector<int32_t> deal(Address ids_at, size_t count, size_t per_token, size_t num_experts, size_t multiple,
                          Address sources_at, Address places_at) {
  const int64_t* ids = at<int64_t>(ids_at);
  int32_t *sources = at<int32_t>(sources_at), *places = at<int32_t>(places_at);
  require(per_token > 0 && multiple > 0, "nothing to deal out");
  std::vector<int32_t> next(num_experts), ends(num_experts);
  for (size_t a = 0; a < count; ++a) {
    require(ids[a] >= 0 && ids[a] < int64_t(num_experts), "there is no such expert");
    ++ends[ids[a]];
  }
  int32_t begin = 0;
  for (size_t e = 0; e < num_experts; ++e) {
    next[e] = begin;
    begin += int32_t((ends[e] + multiple - 1) / multiple * multiple);
    ends[e] = begin;
  }
  std::fill(sources, sources + begin, -1);
  for (size_t a = 0; a < count; ++a) {
    places[a] = next[ids[a]]++;
    sources[places[a]] = int32_t(a / per_token);
  }
  return ends;
}

// Lets the C library keep freed memory for the next step instead of giving every large tensor back to the system, which
// would zero its pages anew. Returns whether this library can be told so.
bool keep_freed_memory() {
#if defined(__GLIBC__)
  return mallopt(M_MMAP_MAX, 0) && mallopt(M_TRIM_THRESHOLD, INT32_MAX) && mallopt(M_TOP_PAD, 64 << 20) &&
         mallopt(M_ARENA_MAX, 1);
#else
  return false;
#endif
}

}  // namespace

void bind_training(nb::module_& module) {
  nb::module_ m = module.def_submodule("training", "What training computes beside matrix products, on addresses.");
  auto release = nb::call_guard<nb::gil_scoped_release>();
  m.def("norm", &norm, release);
  m.def("norm_backward", &norm_backward, release);
  m.def("turn", &turn, release);
  m.def("gated", &gated, release);
  m.def("gated_backward", &gated_backward, release);
  m.def("gather", &gather, release);
  m.def("sum_rows", &sum_rows, release);
  m.def("cross_entropy", &cross_entropy, release);
  m.def("add", &add, release);
  m.def("accumulate", &accumulate, release);
  m.def("adamw", &adamw, release);
  m.def("muon_direction", &muon_direction, release);
  m.def("muon_move", &muon_move, release);
  m.def("attend", &attend, release);
  m.def("attend_backward", &attend_backward, release);
  m.def("deal", &deal, release);
  m.def("keep_freed_memory", &keep_freed_memory);
}

}  // namespace zaphod
