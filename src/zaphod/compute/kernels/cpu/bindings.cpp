// What Python sees: checks sizes and shapes, releases the interpreter's lock, computes nothing itself.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>

#include "bindings_ops.h"
#include "bindings_training.h"
#include "encode.h"
#include "expert_cache.h"
#include "measure.h"
#include "network.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace zaphod {
namespace {

using BytesIn = nb::ndarray<const uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using BytesOut = nb::ndarray<uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Floats = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Ints = nb::ndarray<const int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Longs = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<const int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using PieceTable = nb::ndarray<const int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using FloatRows = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

std::string chosen;

void require(bool holds, const std::string& what) {
  if (!holds) throw std::invalid_argument(what);
}

const Ops& ops_named(const std::string& name) {
  const Ops* found = find(name.c_str());
  require(found, "this processor does not run '" + name + "'");
  return *found;
}

const Ops& current() {
  if (!chosen.empty()) return ops_named(chosen);
  size_t count;
  return *available(&count)[0];
}

// A matrix with the arrays that hold it.
struct HeldMatrix {
  Matrix matrix;
  nb::object tiles, row_scales;
};

HeldMatrix make_matrix(int format, size_t rows, size_t cols, BytesIn tiles, std::optional<Floats> row_scales) {
  require(format >= 0 && format <= 3, "unknown format");
  HeldMatrix held;
  held.matrix = {Format(format), rows, cols, tiles.data(), row_scales ? row_scales->data() : nullptr};
  require(rows > 0 && cols > 0, "a matrix needs rows and columns");
  require(tiles.size() == held.matrix.bytes(), "the tiles have another size than the matrix");
  require(!row_scales || row_scales->size() == num_tiles(rows) * kTileRows, "one scale a row of every tile is needed");
  held.tiles = nb::cast(tiles);
  if (row_scales) held.row_scales = nb::cast(*row_scales);
  return held;
}

nb::ndarray<nb::numpy, uint8_t, nb::ndim<1>> allocate(size_t bytes, bool huge_pages) {
  auto* memory = new Memory(bytes, huge_pages);
  nb::capsule owner(memory, [](void* p) noexcept { delete static_cast<Memory*>(p); });
  return {memory->data(), {bytes}, owner};
}

size_t source_bytes(Source source, size_t rows, size_t cols) {
  switch (source) {
    case Source::f32: return rows * cols * 4;
    case Source::f16:
    case Source::bf16: return rows * cols * 2;
    case Source::q4_0: return rows * cols / 32 * 18;
    case Source::q8_0: return rows * cols / 32 * 34;
    case Source::int4: return rows * cols / 2;
    default: return rows * cols;
  }
}

void pack_into(int format, int source, BytesIn a, std::optional<BytesIn> scales, size_t rows, size_t cols,
               BytesOut out) {
  require(format >= 0 && format <= 3 && source >= 0 && source <= 7, "unknown format or source");
  Source from = Source(source);
  Format to = Format(format);
  bool codes = source >= int(Source::q4_0), four = from == Source::q4_0 || from == Source::int4;
  require(codes == (to == Format::q8 || to == Format::q4) && (!codes || four == (to == Format::q4)),
          "these numbers cannot be packed so");
  require(from == Source::int8_row || !codes || cols % kBlock == 0, "columns must be a multiple of 32");
  require(a.size() == source_bytes(from, rows, cols), "the numbers have another size than the matrix");
  bool needs_scales = from == Source::int4 || from == Source::int8;
  require(needs_scales == scales.has_value() && (!scales || scales->size() == rows * cols / kBlock * 2),
          "one float16 scale for 32 columns is needed");
  require(out.size() == tile_bytes(to, cols) * num_tiles(rows), "the tiles have another size than the matrix");
  const uint8_t* b = scales ? scales->data() : nullptr;
  const Ops& ops = current();
  nb::gil_scoped_release release;
  ops.pack(to, from, a.data(), b, rows, cols, 0, num_tiles(rows), out.data());
}

template <class T>
T get(const nb::dict& from, const char* name) {
  require(from.contains(name), std::string("the configuration lacks ") + name);
  return nb::cast<T>(from[name]);
}

NetworkConfig read_config(const nb::dict& from) {
  NetworkConfig c;
  c.vocab_size = get<int>(from, "vocab_size");
  c.hidden_size = get<int>(from, "hidden_size");
  c.num_layers = get<int>(from, "num_layers");
  c.num_heads = get<int>(from, "num_heads");
  c.num_kv_heads = get<int>(from, "num_kv_heads");
  c.head_dim = get<int>(from, "head_dim");
  c.epsilon = get<float>(from, "epsilon");
  c.activation = Activation(get<int>(from, "activation"));
  c.attention = {get<float>(from, "attention_scale"), get<float>(from, "attention_softcap"),
                 get<int>(from, "attention_temperature_length"), get<int>(from, "sliding_window")};
  c.norm_heads = get<bool>(from, "norm_heads");
  c.rope_magnitude = get<float>(from, "rope_magnitude");
  c.embedding_multiplier = get<float>(from, "embedding_multiplier");
  c.residual_multiplier = get<float>(from, "residual_multiplier");
  c.output_multiplier = get<float>(from, "output_multiplier");
  c.final_softcap = get<float>(from, "final_softcap");
  c.residual_dense = get<bool>(from, "residual_dense");
  c.router_softcap = get<float>(from, "router_softcap");
  c.router = {get<int>(from, "num_experts"),      get<int>(from, "top_k"),
              get<bool>(from, "sigmoid"),         get<bool>(from, "softmax_after_top_k"),
              get<bool>(from, "renormalise"),     get<float>(from, "router_scale"),
              get<int>(from, "num_groups"),       get<int>(from, "num_groups_kept"),
              get<bool>(from, "group_score_max")};
  require(c.head_dim > 0 && c.head_dim <= 1024 && c.head_dim % 2 == 0, "head_dim must be even and at most 1024");
  require(c.num_kv_heads > 0 && c.num_heads % c.num_kv_heads == 0, "key heads must divide query heads");
  return c;
}

// The network with the arrays that hold its weights.
class HeldNetwork {
 public:
  HeldNetwork(nb::dict config, nb::dict matrices, nb::dict vectors, Floats frequencies, int store, int block_size,
              size_t num_blocks, size_t max_tokens, int threads, size_t chunk_bytes)
      : held_(matrices), config_(read_config(config)), num_blocks_(num_blocks), block_size_(block_size) {
    require(store >= 0 && store <= 3, "unknown kind of cache");
    require(block_size > 0 && block_size % 16 == 0 && kPartition % block_size == 0,
            "block_size must be a multiple of 16 that divides 1024");
    require(threads >= 1 && max_tokens >= 1 && num_blocks >= 1 && chunk_bytes >= 1,
            "threads, tokens, blocks and chunks must be positive");
    require(frequencies.size() == size_t(config_.head_dim) / 2, "one frequency for a pair of a head is needed");
    Matrices all;
    for (auto [name, matrix] : matrices) all[nb::cast<std::string>(name)] = nb::cast<const HeldMatrix&>(matrix).matrix;
    Vectors small;
    for (auto [name, array] : vectors) {
      Floats values = nb::cast<Floats>(array);
      small[nb::cast<std::string>(name)] = {values.data(), values.data() + values.size()};
    }
    CacheLayout cache{Store(store), config_.head_dim, block_size, config_.num_kv_heads};
    std::vector<float> pairs(frequencies.data(), frequencies.data() + frequencies.size());
    network_ = std::make_unique<Network>(config_, all, small, pairs, cache, num_blocks, max_tokens, threads, current());
    network_->set_chunk_bytes(chunk_bytes);
  }

  nb::ndarray<nb::numpy, float, nb::ndim<2>> forward(Ints token_ids, Ints positions, Longs slots, Ints query_lens,
                                                     Ints context_lens, Table block_tables, Ints rows,
                                                     std::optional<Ints> adapters, std::optional<Ints> state_rows,
                                                     bool reports_experts) {
    Pass pass{.num_tokens = token_ids.size(),
              .num_sequences = query_lens.size(),
              .num_rows = rows.size(),
              .num_states = state_rows ? state_rows->size() : 0,
              .blocks_stride = block_tables.shape(1),
              .token_ids = token_ids.data(),
              .positions = positions.data(),
              .slots = slots.data(),
              .query_lens = query_lens.data(),
              .context_lens = context_lens.data(),
              .block_tables = block_tables.data(),
              .rows = rows.data(),
              .state_rows = state_rows ? state_rows->data() : nullptr,
              .adapters = adapters ? adapters->data() : nullptr,
              .reports_experts = reports_experts};
    check(pass, positions.size(), slots.size(), context_lens.size(), block_tables.shape(0));
    require(!adapters || adapters->size() == pass.num_sequences, "one adapter a sequence is needed");
    for (size_t b = 0; adapters && b < pass.num_sequences; ++b)
      require(pass.adapters[b] < 0 || network_->has_adapter(pass.adapters[b]),
              "a sequence has an adapter that is not loaded");
    const float* logits;
    num_reported_rows_ = 0;
    {
      nb::gil_scoped_release release;
      logits = network_->forward(pass);
    }
    if (reports_experts) num_reported_rows_ = pass.num_rows;
    return {const_cast<float*>(logits),
            {rows.size(), size_t(config_.vocab_size)},
            nb::find(this),
            {int64_t(network_->logits_stride()), 1}};
  }

  // Both are those of the last pass.
  nb::ndarray<nb::numpy, const float, nb::ndim<2>> states() const {
    const size_t width = config_.hidden_size, count = network_->states().size() / width;
    return {network_->states().data(), {count, width}, nb::find(this)};
  }

  nb::ndarray<nb::numpy, const int32_t, nb::ndim<3>> experts() const {
    const size_t layers = network_->num_sparse_layers(), top_k = config_.router.top_k;
    return {network_->experts().data(), {num_reported_rows_, layers, top_k}, nb::find(this)};
  }

  void load_adapter(int id, nb::dict matrices) {
    require(id >= 0 && !network_->has_adapter(id), "an adapter has a number of its own, 0 or more");
    Matrices all;
    for (auto [name, matrix] : matrices) all[nb::cast<std::string>(name)] = nb::cast<const HeldMatrix&>(matrix).matrix;
    network_->load_adapter(id, all);
    held_adapters_[id] = matrices;
  }

  void unload_adapter(int id) {
    require(network_->has_adapter(id), "no adapter has this number");
    network_->unload_adapter(id);
    held_adapters_.erase(id);
  }

  // Null takes every expert from where its matrix says.
  void set_expert_cache(ExpertCache* cache) { network_->set_expert_source(cache); }

  size_t scratch_bytes() const { return network_->scratch_bytes(); }
  std::string instruction_set() const { return network_->ops().name; }

 private:
  // A wrong index would read or write elsewhere in memory.
  void check(const Pass& p, size_t positions, size_t slots, size_t contexts, size_t tables) const {
    require(p.num_tokens == positions && p.num_tokens == slots, "one position and one slot a token are needed");
    require(p.num_sequences == contexts && p.num_sequences == tables, "one context and one block table a sequence");
    int64_t total = 0, num_slots = int64_t(num_blocks_) * block_size_;
    for (size_t b = 0; b < p.num_sequences; ++b) {
      require(p.query_lens[b] >= 0 && p.query_lens[b] <= p.context_lens[b], "a sequence holds its own new tokens");
      size_t blocks = ceil_div(p.context_lens[b], block_size_);
      require(blocks <= p.blocks_stride, "a block table is shorter than its sequence");
      for (size_t i = 0; i < blocks; ++i) {
        int block = p.block_tables[b * p.blocks_stride + i];
        require(block >= 0 && size_t(block) < num_blocks_, "a block table names a block that does not exist");
      }
      for (int i = 0; i < p.query_lens[b]; ++i) {
        int position = p.context_lens[b] - p.query_lens[b] + i;
        require(size_t(total + i) < p.num_tokens && p.positions[total + i] == position,
                "new tokens are the last positions of their sequence");
      }
      total += p.query_lens[b];
    }
    require(size_t(total) == p.num_tokens, "the sequences' lengths must sum to the number of tokens");
    for (size_t t = 0; t < p.num_tokens; ++t) {
      require(p.token_ids[t] >= 0 && p.token_ids[t] < config_.vocab_size, "a token id lies beyond the vocabulary");
      require(p.slots[t] >= 0 && p.slots[t] < num_slots, "a slot lies beyond the cache");
    }
    check_rows(p.rows, p.num_rows, p.num_tokens);
    check_rows(p.state_rows, p.num_states, p.num_tokens);
  }

  static void check_rows(const int32_t* rows, size_t count, size_t num_tokens) {
    for (size_t r = 0; r < count; ++r) {
      require(rows[r] >= 0 && size_t(rows[r]) < num_tokens, "a wanted row lies beyond the tokens");
      require(r == 0 || rows[r] > rows[r - 1], "wanted rows must be in order");
    }
  }

  nb::dict held_;
  std::map<int, nb::dict> held_adapters_;
  NetworkConfig config_;
  size_t num_blocks_, num_reported_rows_ = 0;
  int block_size_;
  std::unique_ptr<Network> network_;
};

// Row l * num_experts + e: file, offset and bytes of the gate, the up and the down tiles; file -1 where there is none.
ExpertCache* make_expert_cache(std::vector<std::string> paths, PieceTable pieces, size_t num_experts, size_t bytes,
                               int readers, bool direct) {
  require(pieces.shape(1) == 9, "an expert has three matrices: file, offset and bytes of each");
  require(num_experts > 0 && pieces.shape(0) % num_experts == 0, "every layer has the same number of experts");
  std::vector<ExpertPieces> experts(pieces.shape(0));
  for (size_t i = 0; i < experts.size(); ++i)
    for (size_t m = 0; m < 3; ++m) {
      const int64_t* piece = pieces.data() + 9 * i + 3 * m;
      require(piece[0] < 0 || (piece[1] >= 0 && piece[2] > 0), "a place in a file is not negative");
      experts[i][m] = {int(piece[0]), uint64_t(piece[1]), uint64_t(piece[2])};
    }
  nb::gil_scoped_release release;
  return new ExpertCache(paths, std::move(experts), num_experts, bytes, readers, direct);
}

// One product, for tests and measurements: [tokens, rows] of x [tokens, cols] with the matrix.
nb::ndarray<nb::numpy, float, nb::ndim<2>> matmul(const HeldMatrix& w, FloatRows x, std::optional<std::string> isa,
                                                  int threads) {
  const Ops& ops = isa ? ops_named(*isa) : current();
  const Matrix& m = w.matrix;
  require(x.shape(1) == m.cols, "x has another number of columns than the matrix");
  size_t count = x.shape(0), stride = m.tiles_in() * kTileRows;
  auto* out = new Memory(std::max<size_t>(1, count * stride * 4));
  nb::capsule owner(out, [](void* p) noexcept { delete static_cast<Memory*>(p); });
  {
    nb::gil_scoped_release release;
    Prepared rows(count, m.cols, Prepared::bit(m.format));
    for (size_t t = 0; t < count; ++t) rows.fill(ops, t, x.data() + t * m.cols);
    Pool pool(threads);
    pool.run(ceil_div(m.tiles_in(), 2), [&](size_t i, int) {
      size_t first = 2 * i, last = std::min(m.tiles_in(), first + 2);
      ops.matmul(m, first, last, rows.rows(m.format), nullptr, count, (float*)out->data() + first * kTileRows, stride);
    });
  }
  return {(float*)out->data(), {count, m.rows}, owner, {int64_t(stride), 1}};
}

nb::ndarray<nb::numpy, float, nb::ndim<1>> unpack(const HeldMatrix& w, size_t row) {
  require(row < w.matrix.rows, "the matrix has no such row");
  auto* out = new Memory(w.matrix.cols * 4);
  nb::capsule owner(out, [](void* p) noexcept { delete static_cast<Memory*>(p); });
  current().unpack_row(w.matrix, row, (float*)out->data());
  return {(float*)out->data(), {w.matrix.cols}, owner};
}

}  // namespace
}  // namespace zaphod

NB_MODULE(_cpu, module) {
  using namespace zaphod;
  nb::set_leak_warnings(false);
  bind_operations(module);
  bind_training(module);
  bind_encoders(module);
  module.def("instruction_sets", [] {
    size_t count;
    const Ops* const* tables = available(&count);
    std::vector<std::string> names;
    for (size_t i = 0; i < count; ++i) names.emplace_back(tables[i]->name);
    return names;
  });
  module.def("instruction_set", [] { return std::string(current().name); });
  module.def("choose", [](std::string name) { ops_named(name), chosen = name; }, "name"_a);
  nb::class_<HeldMatrix>(module, "Matrix")
      .def("__init__",
           [](HeldMatrix* self, int format, size_t rows, size_t cols, BytesIn tiles, std::optional<Floats> row_scales) {
             new (self) HeldMatrix(make_matrix(format, rows, cols, tiles, row_scales));
           },
           "format"_a, "rows"_a, "cols"_a, "tiles"_a, "row_scales"_a = nb::none())
      .def_prop_ro("rows", [](const HeldMatrix& m) { return m.matrix.rows; })
      .def_prop_ro("cols", [](const HeldMatrix& m) { return m.matrix.cols; })
      .def_prop_ro("num_bytes", [](const HeldMatrix& m) { return m.matrix.bytes(); })
      .def_prop_ro("format", [](const HeldMatrix& m) { return int(m.matrix.format); })
      .def_prop_ro("tiles", [](const HeldMatrix& m) { return m.tiles; })
      .def_prop_ro("row_scales", [](const HeldMatrix& m) { return m.row_scales.is_valid() ? m.row_scales : nb::none(); })
      .def("unpack_row", &unpack, "row"_a);
  module.def("tiles_bytes", [](int format, size_t rows, size_t cols) {
    require(format >= 0 && format <= 3, "unknown format");
    return tile_bytes(Format(format), cols) * num_tiles(rows);
  }, "format"_a, "rows"_a, "cols"_a);
  module.def("allocate", &allocate, "bytes"_a, "huge_pages"_a = true);
  module.def("pack_into", &pack_into, "format"_a, "source"_a, "numbers"_a, "scales"_a.none(), "rows"_a, "cols"_a,
             "out"_a);
  module.def("matmul", &matmul, "matrix"_a, "x"_a, "isa"_a = nb::none(), "threads"_a = 1);
  module.def("cache_block_bytes", [](int store, int head_dim, int block_size, int num_kv_heads) {
    return CacheLayout{Store(store), head_dim, block_size, num_kv_heads}.block_bytes();
  }, "store"_a, "head_dim"_a, "block_size"_a, "num_kv_heads"_a);
  nb::class_<HeldNetwork>(module, "Network")
      .def(nb::init<nb::dict, nb::dict, nb::dict, Floats, int, int, size_t, size_t, int, size_t>(), "config"_a,
           "matrices"_a, "vectors"_a, "frequencies"_a, "store"_a, "block_size"_a, "num_blocks"_a, "max_tokens"_a,
           "threads"_a, "chunk_bytes"_a = kChunkBytes)
      .def("forward", &HeldNetwork::forward, "token_ids"_a, "positions"_a, "slots"_a, "query_lens"_a, "context_lens"_a,
           "block_tables"_a, "rows"_a, "adapters"_a = nb::none(), "state_rows"_a = nb::none(),
           "reports_experts"_a = false)
      .def("states", &HeldNetwork::states)
      .def("experts", &HeldNetwork::experts)
      .def("load_adapter", &HeldNetwork::load_adapter, "id"_a, "matrices"_a)
      .def("unload_adapter", &HeldNetwork::unload_adapter, "id"_a)
      .def("set_expert_cache", &HeldNetwork::set_expert_cache, "cache"_a.none(), nb::keep_alive<1, 2>())
      .def_prop_ro("scratch_bytes", &HeldNetwork::scratch_bytes)
      .def_prop_ro("instruction_set", &HeldNetwork::instruction_set);
  nb::exception<ReadError>(module, "ReadError", PyExc_OSError);
  nb::class_<ExpertCache>(module, "ExpertCache")
      .def(nb::new_(&make_expert_cache), "paths"_a, "pieces"_a, "num_experts"_a, "bytes"_a, "readers"_a = 4,
           "direct"_a = true)
      .def("measure", &ExpertCache::measure, "at_once"_a, "seconds"_a, nb::call_guard<nb::gil_scoped_release>())
      .def("set_expects", &ExpertCache::set_expects, "expects"_a)
      .def_prop_ro("num_slots", &ExpertCache::num_slots)
      .def_prop_ro("slot_bytes", &ExpertCache::slot_bytes)
      .def_prop_ro("is_direct", &ExpertCache::is_direct)
      .def_prop_ro("counters", [](const ExpertCache& cache) {
        ExpertCache::Counters c = cache.counters();
        nb::dict out;
        out["hits"] = c.hits, out["misses"] = c.misses, out["expected"] = c.expected;
        out["expected_hits"] = c.expected_hits, out["bytes_read"] = c.bytes_read, out["waited_ns"] = c.waited_ns;
        return out;
      });
  module.def("read_bandwidth", [](int threads, size_t bytes) {
    nb::gil_scoped_release release;
    return read_bandwidth(threads, bytes);
  }, "threads"_a, "bytes"_a = size_t(1) << 29);
  module.def("product_seconds", [](const HeldMatrix& w, size_t count, int threads, size_t bytes) {
    require(count > 0 && threads > 0, "tokens and threads must be positive");
    nb::gil_scoped_release release;
    return product_seconds(current(), w.matrix, count, threads, bytes);
  }, "matrix"_a, "tokens"_a, "threads"_a, "bytes"_a);
  module.def("peak_ops", [](std::string kind, int threads) {
    Format format = kind == "int8" ? Format::q8 : kind == "bf16" ? Format::bf16 : Format::f32;
    require(kind == "int8" || kind == "bf16" || kind == "f32", "the kind must be f32, bf16 or int8");
    nb::gil_scoped_release release;
    return peak_ops(current(), format, threads);
  }, "kind"_a, "threads"_a);
}
