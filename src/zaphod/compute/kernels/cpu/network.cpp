#include "network.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

namespace zaphod {
namespace {


const Matrix& matrix(const Matrices& from, const std::string& name) {
  auto found = from.find(name);
  if (found == from.end()) throw std::invalid_argument("the network lacks the matrix " + name);
  return found->second;
}

std::vector<float> padded(const Vectors& from, const std::string& name, bool optional = false) {
  auto found = from.find(name);
  if (found == from.end()) {
    if (optional) return {};
    throw std::invalid_argument("the network lacks the vector " + name);
  }
  std::vector<float> out = found->second;
  out.resize(round_up(out.size(), kTileRows), 0.0f);
  return out;
}

// Which of the wanted rows, in order, lie in [begin, end).
std::pair<size_t, size_t> rows_within(const int32_t* rows, size_t count, size_t begin, size_t end) {
  const int32_t* first = std::lower_bound(rows, rows + count, int32_t(begin));
  return {first - rows, std::lower_bound(first, rows + count, int32_t(end)) - rows};
}

}  // namespace

Memory::Memory(size_t bytes, [[maybe_unused]] bool huge_pages) : bytes_(round_up(bytes, 4096)) {
  if (!bytes) return;
  void* place = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (bytes_ >= (size_t(4) << 20)) madvise(place, bytes_, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#endif
  data_ = static_cast<uint8_t*>(place);
}

Memory::~Memory() {
  if (data_) munmap(data_, bytes_);
}

Memory::Memory(Memory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Memory& Memory::operator=(Memory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Prepared::Prepared(size_t rows, size_t cols, unsigned kinds) : cols_(cols) {
  for (int kind = 0; kind < 3; ++kind) {
    if (!(kinds >> kind & 1)) continue;
    stride_[kind] = round_up(row_bytes(Kind(kind), cols), 64);
    memory_[kind] = Memory(rows * stride_[kind]);
  }
}

void Prepared::fill(const Ops& ops, size_t row, const float* x) {
  for (int kind = 0; kind < 3; ++kind)
    if (stride_[kind]) ops.prepare(Kind(kind), x, cols_, memory_[kind].data() + row * stride_[kind]);
}

void Prepared::fill_pair(const Ops& ops, size_t row, const float* x) {
  // What a kind leaves of x is its own: the others begin with the whole of it.
  static thread_local std::vector<float> rest;
  for (int kind = 0; kind < 3; ++kind) {
    if (!stride_[kind]) continue;
    rest.assign(x, x + round_up(cols_, kTileRows));
    uint8_t* first = memory_[kind].data() + 2 * row * stride_[kind];
    ops.prepare(Kind(kind), rest.data(), cols_, first);
    ops.subtract(Kind(kind), first, cols_, rest.data());
    ops.prepare(Kind(kind), rest.data(), cols_, first + stride_[kind]);
  }
}

void Prepared::fill_block(const Ops& ops, size_t row, const float* x, size_t begin) {
  bool last = begin + kBlock >= cols_;
  for (int kind = 0; kind < 3; ++kind) {
    if (!stride_[kind]) continue;
    uint8_t* to = memory_[kind].data() + row * stride_[kind];
    ops.prepare_block(Kind(kind), x, begin, cols_, to);
    // The last group has a second block even where no column falls into it.
    if (kind == int(Kind::int8) && last && begin % kGroup == 0) ops.prepare_block(Kind(kind), x, begin + kBlock, cols_, to);
  }
}

Rows Prepared::rows(Format format) const {
  int kind = int(kind_of(format));
  return {memory_[kind].data(), stride_[kind]};
}

Network::Network(NetworkConfig config, const Matrices& matrices, const Vectors& vectors,
                 std::vector<float> frequencies, CacheLayout cache, size_t num_blocks, size_t max_tokens, int threads,
                 const Ops& ops)
    : config_(config),
      frequencies_(std::move(frequencies)),
      cache_(cache),
      num_blocks_(num_blocks),
      max_tokens_(max_tokens),
      ops_(ops),
      pool_(threads) {
  load(matrices, vectors);
  allocate();
}

void Network::load(const Matrices& matrices, const Vectors& vectors) {
  embedding_ = matrix(matrices, "embedding.weight");
  head_ = matrices.count("head.weight") ? matrix(matrices, "head.weight") : embedding_;
  norm_ = padded(vectors, "norm.weight");
  for (int index = 0; index < config_.num_layers; ++index) {
    std::string prefix = "layers." + std::to_string(index) + ".";
    auto m = [&](const std::string& name) { return matrix(matrices, prefix + name); };
    auto v = [&](const std::string& name, bool optional = true) { return padded(vectors, prefix + name, optional); };
    LayerWeights layer;
    layer.attention_norm = v("attention_norm.weight", false);
    layer.post_attention_norm = v("post_attention_norm.weight");
    layer.ffn_norm = v("ffn_norm.weight", false);
    layer.post_ffn_norm = v("post_ffn_norm.weight");
    layer.q_norm = v("attention.q_norm.weight");
    layer.k_norm = v("attention.k_norm.weight");
    layer.q = m("attention.q_proj.weight");
    layer.k = m("attention.k_proj.weight");
    layer.v = m("attention.v_proj.weight");
    layer.o = m("attention.o_proj.weight");
    layer.q_bias = v("attention.q_proj.bias");
    layer.k_bias = v("attention.k_proj.bias");
    layer.v_bias = v("attention.v_proj.bias");
    layer.o_bias = v("attention.o_proj.bias");
    layer.sparse = matrices.count(prefix + "moe.router.weight");
    auto gated = [&](const std::string& name) {
      layer.experts.push_back({m(name + "gate_proj.weight"), m(name + "up_proj.weight"), m(name + "down_proj.weight")});
      layer.has_extra = true;
    };
    if (layer.sparse) {
      ++num_sparse_layers_;
      layer.router = m("moe.router.weight");
      layer.selection_bias = v("moe.router.selection_bias");
      for (int e = 0; e < config_.router.num_experts; ++e) {
        std::string number = std::to_string(e);
        layer.experts.push_back(
            {m("moe.experts.gate." + number), m("moe.experts.up." + number), m("moe.experts.down." + number)});
      }
      if (matrices.count(prefix + "moe.shared.gate_proj.weight")) gated("moe.shared.");
      layer.shared_gate = v("moe.shared_gate.weight");
    }
    if (matrices.count(prefix + "mlp.gate_proj.weight")) gated("mlp.");
    layers_.push_back(std::move(layer));
  }
}

void Network::allocate() {
  const size_t rows = max_tokens_;
  width_ = round_up(config_.hidden_size, kTileRows);
  mixed_width_ = round_up(size_t(config_.num_heads) * config_.head_dim, kTileRows);
  q_width_ = mixed_width_;
  k_width_ = round_up(size_t(config_.num_kv_heads) * config_.head_dim, kTileRows);
  qkv_stride_ = q_width_ + 2 * k_width_;

  unsigned in = 0, mixed = 0, ffn = 0, hidden = 0, extra = 0;
  size_t hidden_cols = 0, extra_cols = 0, experts = 0;
  for (const LayerWeights& layer : layers_) {
    in |= Prepared::bit(layer.q.format) | Prepared::bit(layer.k.format) | Prepared::bit(layer.v.format);
    mixed |= Prepared::bit(layer.o.format);
    if (layer.sparse) ffn |= Prepared::bit(layer.router.format);
    if (layer.sparse) experts = config_.router.num_experts;
    for (size_t e = 0; e < layer.experts.size(); ++e) {
      const ExpertWeights& expert = layer.experts[e];
      ffn |= Prepared::bit(expert.gate.format) | Prepared::bit(expert.up.format);
      bool is_extra = layer.has_extra && e + 1 == layer.experts.size();
      (is_extra ? extra : hidden) |= Prepared::bit(expert.down.format);
      size_t& cols = is_extra ? extra_cols : hidden_cols;
      cols = std::max(cols, expert.down.cols);
    }
  }
  size_t mixed_cols = size_t(config_.num_heads) * config_.head_dim;
  in_ = Prepared(2 * rows, config_.hidden_size, in);
  mixed_in_ = Prepared(2 * rows, mixed_cols, mixed);
  ffn_in_ = Prepared(rows, config_.hidden_size, ffn);
  hidden_ = Prepared(rows * config_.router.top_k, hidden_cols, hidden);
  extra_hidden_ = Prepared(rows, extra_cols, extra);
  head_in_ = Prepared(2 * rows, config_.hidden_size, Prepared::bit(head_.format));

  x_ = Memory(rows * width_ * 4);
  qkv_ = Memory(rows * qkv_stride_ * 4);
  mixed_ = Memory(rows * mixed_width_ * 4);
  branch_ = Memory(rows * width_ * 4);
  router_logits_ = Memory(rows * round_up(experts, kTileRows) * 4);
  expert_ids_.resize(rows * config_.router.top_k);
  router_weights_.resize(rows * config_.router.top_k);
  extra_weights_.resize(rows);
  size_t task = 2 * kTaskTokens * kChunkRows;
  size_t attention = size_t(kTaskQueries) * (2 * cache_.value_dim() + 2 * kKeysAtOnce);
  thread_stride_ = round_up(std::max({task, attention, width_, qkv_stride_}) * 4, 4096);
  thread_memory_ = Memory(thread_stride_ * pool_.threads());
  cache_memory_ = Memory(size_t(config_.num_layers) * num_blocks_ * cache_.block_bytes());
  for (const Prepared* place : {&in_, &mixed_in_, &ffn_in_, &hidden_, &extra_hidden_, &head_in_})
    scratch_bytes_ += place->bytes();
  for (const Memory* place : {&x_, &qkv_, &mixed_, &branch_, &router_logits_, &thread_memory_})
    scratch_bytes_ += place->size();
}

void Network::set_expert_source(ExpertSource* source) {
  source_ = source;
  unsigned kinds = 0;
  for (const LayerWeights& layer : layers_)
    if (layer.sparse) kinds |= Prepared::bit(layer.router.format);
  expected_in_ = Prepared(kExpectTokens, config_.hidden_size, kinds);
}

// All products of the list at once: rows of every matrix are shared out in chunks.
void Network::products(std::initializer_list<Product> list, size_t count) {
  struct Chunk {
    const Product* product;
    size_t first, last;
  };
  static thread_local std::vector<Chunk> chunks;
  chunks.clear();
  for (const Product& product : list) {
    size_t tiles = product.w->tiles_in();
    size_t unit = std::max<size_t>(2, chunk_bytes_ / product.w->stride() / 2 * 2);
    for (size_t first = 0; first < tiles; first += unit)
      chunks.push_back({&product, first, std::min(tiles, first + unit)});
  }
  const std::vector<Chunk>& all = chunks;
  pool_.run(all.size(), [&](size_t i, int thread) {
    const Product& p = *all[i].product;
    if (p.pairs)
      multiply_pairs(p, all[i].first, all[i].last, count, scratch_of(thread));
    else
      ops_.matmul(*p.w, all[i].first, all[i].last, p.x, nullptr, count, p.out + kTileRows * all[i].first, p.stride);
  });
}

// Tiles [first, last) of a product whose input lies in pairs of rows (`Prepared::fill_pair`); `part` is scratch memory.
void Network::multiply_pairs(const Product& p, size_t first, size_t last, size_t count, float* part) {
  if (p.w->format == Format::f32)  // the first row of a pair is exact
    return ops_.matmul(*p.w, first, last, {p.x.data, 2 * p.x.stride}, nullptr, count, p.out + kTileRows * first,
                       p.stride);
  constexpr size_t unit = kChunkRows / kTileRows;
  for (size_t tile = first; tile < last; tile += unit)
    for (size_t t = 0; t < count; t += kTaskTokens / 2) {
      size_t n = std::min(count - t, kTaskTokens / 2), end = std::min(last, tile + unit);
      ops_.matmul(*p.w, tile, end, {p.x.data + 2 * t * p.x.stride, p.x.stride}, nullptr, 2 * n, part, kChunkRows);
      for (size_t i = 0; i < n; ++i) {
        const float* row = part + 2 * i * kChunkRows;
        float* out = p.out + (t + i) * p.stride + kTileRows * tile;
        for (size_t column = 0; column < kTileRows * (end - tile); ++column)
          out[column] = row[column] + row[kChunkRows + column];
      }
    }
}

const float* Network::forward(const Pass& pass) {
  logits_.resize(pass.num_rows * logits_stride());
  states_.resize(pass.num_states * config_.hidden_size);
  experts_.resize(pass.reports_experts ? pass.num_rows * num_sparse_layers_ * config_.router.top_k : 0);
  for (size_t begin = 0; begin < pass.num_tokens; begin += max_tokens_)
    part(pass, begin, std::min(pass.num_tokens, begin + max_tokens_));
  return logits_.data();
}

void Network::part(const Pass& pass, size_t begin, size_t end) {
  pool_.begin_pass();
  size_t count = end - begin;
  sequences_ = sequences(pass, begin, end);
  embed(pass, begin, count);
  rotations(pass.positions + begin, count);
  group_adapters(pass, begin, end);
  size_t sparse_layer = 0;
  for (int index = 0; index < config_.num_layers; ++index) {
    attention(layers_[index], index, pass, begin, count);
    feed_forward(layers_[index], index, count);
    if (pass.reports_experts && layers_[index].sparse) report_experts(pass, sparse_layer++, begin, end);
  }
  normed_states(pass, begin, end);
  head(pass, begin, end);
  pool_.end_pass(count);
}

// The sequences that have tokens in [begin, end), with what they hold after these.
std::vector<Network::Sequence> Network::sequences(const Pass& pass, size_t begin, size_t end) const {
  std::vector<Sequence> out;
  size_t first = 0;
  for (size_t b = 0; b < pass.num_sequences; ++b) {
    size_t last = first + pass.query_lens[b], from = std::max(first, begin), to = std::min(last, end);
    if (from < to)
      out.push_back({from - begin, to - from, pass.context_lens[b] - int(last - to),
                     pass.block_tables + b * pass.blocks_stride});
    first = last;
  }
  return out;
}

void Network::embed(const Pass& pass, size_t begin, size_t count) {
  float* x = (float*)x_.data();
  tokens(count, [&](size_t t, int) {
    ops_.unpack_row(embedding_, pass.token_ids[begin + t], x + t * width_);
    if (config_.embedding_multiplier != 1.0f)
      ops_.scale_and_cap(x + t * width_, config_.embedding_multiplier, 0.0f, config_.hidden_size);
  });
}

void Network::rotations(const int32_t* positions, size_t count) {
  size_t half = frequencies_.size();
  cos_.resize(count * half);
  sin_.resize(count * half);
  tokens(count, [&](size_t t, int) {
    for (size_t i = 0; i < half; ++i) {
      float angle = float(positions[t]) * frequencies_[i];
      cos_[t * half + i] = std::cos(angle) * config_.rope_magnitude;
      sin_[t * half + i] = std::sin(angle) * config_.rope_magnitude;
    }
  });
}

// x += multiplier * norm(branch)
void Network::add_branch(size_t t, float* branch, const std::vector<float>& post_norm) {
  float* x = (float*)x_.data() + t * width_;
  if (!post_norm.empty()) ops_.rms_norm(branch, post_norm.data(), config_.hidden_size, config_.epsilon, branch);
  ops_.add_scaled(x, branch, config_.residual_multiplier, config_.hidden_size);
}

// What the last layer at hand chose for the rows with logits. Chosen are those of highest score and bias, so the order
// of their weights is another one.
void Network::report_experts(const Pass& pass, size_t sparse_layer, size_t begin, size_t end) {
  const auto [first, last] = rows_within(pass.rows, pass.num_rows, begin, end);
  const size_t top_k = config_.router.top_k;
  for (size_t r = first; r < last; ++r) {
    const size_t chosen = (pass.rows[r] - begin) * top_k;
    const int32_t* ids = expert_ids_.data() + chosen;
    const float* weights = router_weights_.data() + chosen;
    int32_t* out = experts_.data() + (r * num_sparse_layers_ + sparse_layer) * top_k;
    for (size_t k = 0; k < top_k; ++k) {
      size_t place = k;
      for (; place > 0 && weights[out[place - 1]] < weights[k]; --place) out[place] = out[place - 1];
      out[place] = int32_t(k);
    }
    for (size_t k = 0; k < top_k; ++k) out[k] = ids[out[k]];
  }
}

void Network::normed_states(const Pass& pass, size_t begin, size_t end) {
  const auto [first, last] = rows_within(pass.state_rows, pass.num_states, begin, end);
  const float* x = (const float*)x_.data();
  tokens(last - first, [&, first = first](size_t r, int) {
    ops_.rms_norm(x + (pass.state_rows[first + r] - begin) * width_, norm_.data(), config_.hidden_size, config_.epsilon,
                  states_.data() + (first + r) * config_.hidden_size);
  });
}

void Network::head(const Pass& pass, size_t begin, size_t end) {
  const auto [begins, ends] = rows_within(pass.rows, pass.num_rows, begin, end);
  const size_t first = begins, last = ends;
  if (first == last) return;
  const float* x = (const float*)x_.data();
  tokens(last - first, [&](size_t r, int thread) {
    float* normed = scratch_of(thread);
    ops_.rms_norm(x + (pass.rows[first + r] - begin) * width_, norm_.data(), config_.hidden_size, config_.epsilon,
                  normed);
    head_in_.fill_pair(ops_, r, normed);
  });
  const size_t stride = logits_stride();
  products({{&head_, head_in_.rows(head_.format), logits_.data() + first * stride, stride, true}}, last - first);
  if (config_.output_multiplier == 1.0f && config_.final_softcap == 0.0f) return;
  tokens(last - first, [&](size_t r, int) {
    ops_.scale_and_cap(logits_.data() + (first + r) * stride, config_.output_multiplier, config_.final_softcap,
                       config_.vocab_size);
  });
}

}  // namespace zaphod
