#include "bindings_ops.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "ops/ops.h"
#include "routing.h"
#include "thread_choice.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace zaphod {
namespace {

template <class T, int N>
using In = nb::ndarray<const T, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
template <class T, int N>
using Out = nb::ndarray<nb::numpy, T, nb::ndim<N>>;
using BytesOut = nb::ndarray<uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Floats = In<float, 1>;

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

const Ops& ops_named(const std::string& name) {
  const Ops* found = find(name.c_str());
  require(found, "this processor does not run that instruction set");
  return *found;
}

template <class T>
Out<T, 1> array_of(std::vector<T> values) {
  auto* held = new std::vector<T>(std::move(values));
  nb::capsule owner(held, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return {held->data(), {held->size()}, owner};
}

template <class T>
Out<T, 2> table_of(std::vector<T> values, size_t rows, size_t cols) {
  auto* held = new std::vector<T>(std::move(values));
  nb::capsule owner(held, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return {held->data(), {rows, cols}, owner};
}

// Copies of exactly the size that an operation may touch, so that the address sanitizer sees a step beyond.
template <class T>
std::vector<T> copy_of(const In<T, 1>& x) {
  return {x.data(), x.data() + x.size()};
}

// What rows hold before they are prepared: NaN and nonsense, so that tests see what is not written.
constexpr uint8_t kUnwritten = 0xff;

Kind kind_named(int kind) {
  require(kind >= 0 && kind <= 2, "unknown kind of row");
  return Kind(kind);
}

Out<uint8_t, 1> prepare(const std::string& isa, int kind, Floats x) {
  const Ops& ops = ops_named(isa);
  std::vector<float> numbers = copy_of(x);
  require(!numbers.empty(), "a row needs columns");
  std::vector<uint8_t> row(row_bytes(kind_named(kind), numbers.size()), kUnwritten);
  ops.prepare(Kind(kind), numbers.data(), numbers.size(), row.data());
  return array_of(std::move(row));
}

// As `prepare`, from parts of 32 columns.
Out<uint8_t, 1> prepare_blocks(const std::string& isa, int kind, Floats x) {
  const Ops& ops = ops_named(isa);
  std::vector<uint8_t> row(row_bytes(kind_named(kind), x.size()), kUnwritten);
  size_t end = kind == int(Kind::int8) ? round_up(x.size(), kGroup) : round_up(x.size(), kBlock);
  for (size_t begin = 0; begin < end; begin += kBlock) {
    size_t first = std::min(begin, x.size());
    std::vector<float> part(x.data() + first, x.data() + std::min(begin + kBlock, x.size()));
    part.reserve(1);  // a place even for no numbers
    ops.prepare_block(Kind(kind), part.data(), begin, x.size(), row.data());
  }
  return array_of(std::move(row));
}

Out<float, 1> rms_norm(const std::string& isa, Floats x, Floats weight, float epsilon) {
  require(x.size() == weight.size(), "one weight for each number is needed");
  std::vector<float> out(x.size()), numbers = copy_of(x), weights = copy_of(weight);
  ops_named(isa).rms_norm(numbers.data(), weights.data(), out.size(), epsilon, out.data());
  return array_of(std::move(out));
}

Out<float, 1> add_scaled(const std::string& isa, Floats x, Floats y, float factor) {
  require(x.size() == y.size(), "the rows differ in size");
  std::vector<float> out = copy_of(x), other = copy_of(y);
  ops_named(isa).add_scaled(out.data(), other.data(), factor, out.size());
  return array_of(std::move(out));
}

Out<float, 1> gate(const std::string& isa, int activation, Floats gate, Floats up) {
  require(activation >= 0 && activation <= 2, "unknown activation");
  require(gate.size() == up.size(), "the rows differ in size");
  std::vector<float> out = copy_of(gate), other = copy_of(up);
  ops_named(isa).gate(Activation(activation), out.data(), other.data(), out.size());
  return array_of(std::move(out));
}

Out<float, 1> rotate(const std::string& isa, Floats x, Floats cos, Floats sin) {
  require(x.size() == 2 * cos.size() && cos.size() == sin.size(), "one angle for a pair of numbers is needed");
  std::vector<float> out = copy_of(x), c = copy_of(cos), s = copy_of(sin);
  ops_named(isa).rotate(out.data(), c.data(), s.data(), out.size());
  return array_of(std::move(out));
}

Out<float, 1> scale_and_cap(const std::string& isa, Floats x, float factor, float cap) {
  std::vector<float> out = copy_of(x);
  ops_named(isa).scale_and_cap(out.data(), factor, cap, out.size());
  return array_of(std::move(out));
}

Matrix matrix_of(int format, size_t rows, size_t cols, const In<uint8_t, 1>& tiles, const std::optional<Floats>& scales) {
  require(format >= 0 && format <= 3, "unknown format");
  Matrix w{Format(format), rows, cols, tiles.data(), scales ? scales->data() : nullptr};
  require(rows > 0 && cols > 0 && tiles.size() == w.bytes(), "the tiles have another size than the matrix");
  require(!scales || scales->size() == w.tiles_in() * kTileRows, "one scale a row of every tile is needed");
  return w;
}

// Bytes of a row of stored numbers, and of its scales.
size_t stored_bytes(Source source, size_t cols) {
  switch (source) {
    case Source::f32: return cols * 4;
    case Source::f16:
    case Source::bf16: return cols * 2;
    case Source::q4_0: return cols / 32 * 18;
    case Source::q8_0: return cols / 32 * 34;
    case Source::int4: return cols / 2;
    default: return cols;
  }
}

Out<uint8_t, 1> pack(const std::string& isa, int format, int source, In<uint8_t, 1> numbers,
                     std::optional<In<uint8_t, 1>> scales, size_t rows, size_t cols, size_t first, size_t last) {
  require(format >= 0 && format <= 3 && source >= 0 && source <= 7, "unknown format or source");
  Source from = Source(source);
  bool four = from == Source::q4_0 || from == Source::int4, codes = source >= int(Source::q4_0);
  bool blocks = codes && from != Source::int8_row, scaled = from == Source::int4 || from == Source::int8;
  require(codes ? format == int(four ? Format::q4 : Format::q8) : format <= int(Format::bf16), "cannot be packed so");
  require(!blocks || cols % kBlock == 0, "columns must be a multiple of 32");
  require(numbers.size() == rows * stored_bytes(from, cols), "the numbers have another size than the matrix");
  require(scaled == scales.has_value() && (!scales || scales->size() == rows * cols / kBlock * 2), "wrong scales");
  require(first <= last && last <= num_tiles(rows), "the matrix has no such tiles");
  std::vector<uint8_t> a = copy_of(numbers), b, out(tile_bytes(Format(format), cols) * (last - first), kUnwritten);
  if (scales) b = copy_of(*scales);
  ops_named(isa).pack(Format(format), from, a.data(), b.data(), rows, cols, first, last, out.data());
  return array_of(std::move(out));
}

Out<float, 1> unpack_row(const std::string& isa, int format, size_t rows, size_t cols, In<uint8_t, 1> tiles,
                         std::optional<Floats> scales, size_t row) {
  Matrix w = matrix_of(format, rows, cols, tiles, scales);
  require(row < rows, "the matrix has no such row");
  std::vector<float> out(cols);
  ops_named(isa).unpack_row(w, row, out.data());
  return array_of(std::move(out));
}

// Row ids[t] of x (row t where there are no ids) times the rows of tiles [first, last).
Out<float, 2> matmul(const std::string& isa, int format, size_t rows, size_t cols, In<uint8_t, 1> tiles,
                     std::optional<Floats> scales, In<float, 2> x, std::optional<In<int32_t, 1>> ids, size_t first,
                     size_t last) {
  const Ops& ops = ops_named(isa);
  Matrix w = matrix_of(format, rows, cols, tiles, scales);
  require(x.shape(1) == cols && first <= last && last <= w.tiles_in(), "wrong columns or tiles");
  size_t count = ids ? ids->size() : x.shape(0), width = (last - first) * kTileRows;
  for (size_t i = 0; ids && i < count; ++i) require(size_t(ids->data()[i]) < x.shape(0), "x has no such row");
  size_t stride = round_up(row_bytes(kind_of(w.format), cols), 64);
  std::vector<uint8_t> prepared(x.shape(0) * stride, kUnwritten);
  for (size_t t = 0; t < x.shape(0); ++t)
    ops.prepare(kind_of(w.format), x.data() + t * cols, cols, prepared.data() + t * stride);
  std::vector<float> out(count * width);
  ops.matmul(w, first, last, {prepared.data(), stride}, ids ? ids->data() : nullptr, count, out.data(), width);
  return table_of(std::move(out), count, width);
}

CacheLayout layout_of(int store, int head_dim, int block_size) {
  require(store >= 0 && store <= 3, "unknown kind of cache");
  require(head_dim > 0 && head_dim <= 1024 && head_dim % 2 == 0, "head_dim must be even and at most 1024");
  require(block_size > 0 && block_size % 16 == 0, "block_size must be a multiple of 16");
  return {Store(store), head_dim, block_size, 1};
}

void write_key_value(const std::string& isa, int store, int block_size, BytesOut head, int offset, Floats key,
                     Floats value) {
  CacheLayout layout = layout_of(store, int(key.size()), block_size);
  require(value.size() == key.size() && head.size() == layout.head_bytes(), "wrong size of a block or a value");
  require(offset >= 0 && offset < block_size, "the block has no such place");
  std::vector<float> k = copy_of(key), v = copy_of(value);
  ops_named(isa).write_key_value(layout, head.data(), offset, k.data(), v.data());
}

// Running outputs, sums and maxima of each query after the spans between consecutive `stops`. The cache is one row of
// bytes for each block; `blocks` are those of the sequence.
std::tuple<Out<float, 2>, Out<float, 1>, Out<float, 1>> attend(
    const std::string& isa, int store, int block_size, In<uint8_t, 2> cache, std::vector<int> blocks,
    std::vector<int> stops, In<float, 2> queries, std::vector<int32_t> positions, float scale, float softcap,
    int temperature_length, int window) {
  CacheLayout layout = layout_of(store, int(queries.shape(1)), block_size);
  const Ops& ops = ops_named(isa);
  require(cache.shape(1) == layout.head_bytes(), "wrong size of a block");
  require(positions.size() == queries.shape(0), "one position for each query is needed");
  std::vector<const uint8_t*> heads;
  for (int block : blocks) {
    require(block >= 0 && size_t(block) < cache.shape(0), "the cache has no such block");
    heads.push_back(cache.data() + size_t(block) * cache.shape(1));
  }
  size_t count = positions.size(), width = layout.value_dim();
  std::vector<const float*> rows;
  for (size_t r = 0; r < count; ++r) rows.push_back(queries.data() + r * layout.head_dim);
  std::vector<float> largest(count, -INFINITY), sums(count), outputs(count * width), scratch(2 * count * kKeysAtOnce);
  for (size_t i = 0; i + 1 < stops.size(); ++i) {
    require(stops[i] >= 0 && stops[i] % kKeysAtOnce == 0 && stops[i] <= stops[i + 1], "spans begin at multiples of 64");
    require(size_t(stops[i + 1]) <= blocks.size() * size_t(block_size), "the sequence has too few blocks");
    ops.attend(layout, {scale, softcap, temperature_length, window}, heads.data(), stops[i], stops[i + 1],
               {int(count), rows.data(), positions.data(), largest.data(), sums.data(), outputs.data(), scratch.data()});
  }
  return {table_of(std::move(outputs), count, width), array_of(std::move(sums)), array_of(std::move(largest))};
}

std::tuple<Out<int32_t, 2>, Out<float, 2>> route_tokens(In<float, 2> logits, std::optional<Floats> bias, int top_k,
                                                        bool sigmoid, bool softmax_after_top_k, bool renormalise,
                                                        float scale, int num_groups, int num_groups_kept,
                                                        bool group_score_max) {
  size_t count = logits.shape(0), experts = logits.shape(1);
  require(top_k > 0 && size_t(top_k) <= experts && num_groups > 0 && experts % num_groups == 0, "wrong sizes");
  require(!bias || bias->size() == experts, "one bias for each expert is needed");
  RouterOptions options{int(experts), top_k, sigmoid, softmax_after_top_k, renormalise,
                        scale, num_groups, num_groups_kept, group_score_max};
  std::vector<int32_t> ids(count * top_k);
  std::vector<float> weights(count * top_k);
  for (size_t t = 0; t < count; ++t)
    route(options, logits.data() + t * experts, bias ? bias->data() : nullptr, ids.data() + t * top_k,
          weights.data() + t * top_k);
  return {table_of(std::move(ids), count, size_t(top_k)), table_of(std::move(weights), count, size_t(top_k))};
}

// Tokens, weights, begins and visited of `Assignments`.
std::tuple<Out<int32_t, 1>, Out<float, 1>, Out<int32_t, 1>, Out<int32_t, 1>> sort_assignments(
    int num_experts, In<int32_t, 2> ids, In<float, 2> weights, int extra, std::optional<Floats> extra_weights) {
  size_t count = ids.shape(0), top_k = ids.shape(1);
  require(weights.shape(0) == count && weights.shape(1) == top_k, "one weight for each choice is needed");
  require(!extra_weights || extra_weights->size() == count, "one extra weight for each token is needed");
  for (size_t i = 0; i < ids.size(); ++i)
    require(ids.data()[i] >= 0 && ids.data()[i] < num_experts, "there is no such expert");
  Assignments all;
  all.sort(num_experts, int(top_k), count, ids.data(), weights.data(), extra,
           extra_weights ? extra_weights->data() : nullptr);
  return {array_of(std::move(all.tokens)), array_of(std::move(all.weights)), array_of(std::move(all.begins)),
          array_of(std::move(all.visited))};
}

}  // namespace

void bind_operations(nb::module_& module) {
  nb::module_ m = module.def_submodule("operations", "Every operation of a named instruction set, for tests.");
  nb::class_<ThreadChoice>(m, "ThreadChoice")
      .def(nb::init<int>(), "most"_a)
      .def("pass_ended", &ThreadChoice::pass_ended, "size"_a, "now_ns"_a, "elapsed_ns"_a, "waited_ns"_a)
      .def_prop_ro("threads", &ThreadChoice::threads);
  m.def("prepare", &prepare, "isa"_a, "kind"_a, "x"_a);
  m.def("prepare_blocks", &prepare_blocks, "isa"_a, "kind"_a, "x"_a);
  m.def("rms_norm", &rms_norm, "isa"_a, "x"_a, "weight"_a, "epsilon"_a);
  m.def("add_scaled", &add_scaled, "isa"_a, "x"_a, "y"_a, "factor"_a);
  m.def("gate", &gate, "isa"_a, "activation"_a, "gate"_a, "up"_a);
  m.def("rotate", &rotate, "isa"_a, "x"_a, "cos"_a, "sin"_a);
  m.def("scale_and_cap", &scale_and_cap, "isa"_a, "x"_a, "factor"_a, "cap"_a);
  m.def("pack", &pack, "isa"_a, "format"_a, "source"_a, "numbers"_a, "scales"_a.none(), "rows"_a, "cols"_a, "first"_a,
        "last"_a);
  m.def("unpack_row", &unpack_row, "isa"_a, "format"_a, "rows"_a, "cols"_a, "tiles"_a, "row_scales"_a.none(), "row"_a);
  m.def("matmul", &matmul, "isa"_a, "format"_a, "rows"_a, "cols"_a, "tiles"_a, "row_scales"_a.none(), "x"_a,
        "ids"_a.none(), "first"_a, "last"_a);
  m.def("head_bytes", [](int store, int head_dim, int block_size) {
    return layout_of(store, head_dim, block_size).head_bytes();
  }, "store"_a, "head_dim"_a, "block_size"_a);
  m.def("write_key_value", &write_key_value, "isa"_a, "store"_a, "block_size"_a, "head"_a, "offset"_a, "key"_a,
        "value"_a);
  m.def("attend", &attend, "isa"_a, "store"_a, "block_size"_a, "cache"_a, "blocks"_a, "stops"_a, "queries"_a,
        "positions"_a, "scale"_a, "softcap"_a, "temperature_length"_a, "window"_a);
  m.def("route", &route_tokens, "logits"_a, "bias"_a.none(), "top_k"_a, "sigmoid"_a, "softmax_after_top_k"_a,
        "renormalise"_a, "scale"_a, "num_groups"_a, "num_groups_kept"_a, "group_score_max"_a);
  m.def("sort_assignments", &sort_assignments, "num_experts"_a, "ids"_a, "weights"_a, "extra"_a,
        "extra_weights"_a.none());
}

}  // namespace zaphod
