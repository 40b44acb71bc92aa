// Feed-forward block of one layer, sparse or dense.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "network.h"

namespace zaphod {

void Network::feed_forward(LayerWeights& layer, int index, size_t count) {
  float* x = (float*)x_.data();
  tokens(count, [&](size_t t, int thread) {
    float* normed = scratch_of(thread);
    ops_.rms_norm(x + t * width_, layer.ffn_norm.data(), config_.hidden_size, config_.epsilon, normed);
    if (!adapted_.empty()) keep_input(t, normed, config_.hidden_size);
    ffn_in_.fill(ops_, t, normed);
    if (layer.shared_gate.empty()) return;
    float dot = 0.0f;
    for (int d = 0; d < config_.hidden_size; ++d) dot += normed[d] * layer.shared_gate[d];
    extra_weights_[t] = 1.0f / (1.0f + std::exp(-dot));
  });
  choose_experts(layer, count);
  if (source_ && layer.sparse) {
    streamed(layer, index, count);
  } else {
    gate_up(layer, 0, assignments_.visited.size());
    down(layer, count, 0, assignments_.visited.size());
  }
  float* branch = (float*)branch_.data();
  tokens(count, [&](size_t t, int) { add_branch(t, branch + t * width_, layer.post_ffn_norm); });
}

// Experts group by group, as they come into memory: no sum changes its order.
void Network::streamed(LayerWeights& layer, int index, size_t count) {
  source_->begin(index, assignments_, count);
  if (source_->expects() && count <= kExpectTokens) expect_experts(index + 1, count);
  const std::vector<int32_t>& visited = assignments_.visited;
  for (size_t first = 0; first < visited.size();) {
    size_t last = source_->next(first, layer.experts);
    // The expert that every token visits is always in memory.
    if (last < visited.size() && visited[last] >= config_.router.num_experts) last = visited.size();
    gate_up(layer, first, last);
    down(layer, count, first, last);
    first = last;
  }
  source_->end();
}

// The next layer's router is asked with what the residual stream is before this layer's experts add to it.
void Network::expect_experts(int next, size_t count) {
  if (next >= config_.num_layers || !layers_[next].sparse) return;
  const LayerWeights& layer = layers_[next];
  const int num_experts = config_.router.num_experts, top_k = config_.router.top_k;
  const float* bias = layer.selection_bias.empty() ? nullptr : layer.selection_bias.data();
  // The logits of this layer were used up by its own choice.
  float *normed = scratch_of(0), *logits = (float*)router_logits_.data();
  static thread_local std::vector<float> weights;
  weights.resize(top_k);
  expected_.clear();
  for (size_t t = 0; t < count; ++t) {
    ops_.rms_norm((const float*)x_.data() + t * width_, layer.ffn_norm.data(), config_.hidden_size, config_.epsilon,
                  normed);
    expected_in_.fill(ops_, t, normed);
  }
  const size_t stride = round_up(num_experts, kTileRows);
  products({{&layer.router, expected_in_.rows(layer.router.format), logits, stride}}, count);
  for (size_t t = 0; t < count; ++t) {
    size_t before = expected_.size();
    expected_.resize(before + top_k);
    if (config_.router_softcap != 0.0f)
      ops_.scale_and_cap(logits + t * stride, 1.0f, config_.router_softcap, num_experts);
    route(config_.router, logits + t * stride, bias, expected_.data() + before, weights.data());
  }
  source_->expect(next, expected_);
}

void Network::choose_experts(const LayerWeights& layer, size_t count) {
  const int num_experts = layer.sparse ? config_.router.num_experts : 0, top_k = layer.sparse ? config_.router.top_k : 0;
  if (layer.sparse) {
    size_t stride = round_up(num_experts, kTileRows);
    float* logits = (float*)router_logits_.data();
    products({{&layer.router, ffn_in_.rows(layer.router.format), logits, stride}}, count);
    const float* bias = layer.selection_bias.empty() ? nullptr : layer.selection_bias.data();
    tokens(count, [&](size_t t, int) {
      if (config_.router_softcap != 0.0f)
        ops_.scale_and_cap(logits + t * stride, 1.0f, config_.router_softcap, num_experts);
      route(config_.router, logits + t * stride, bias, expert_ids_.data() + t * top_k, router_weights_.data() + t * top_k);
    });
  }
  assignments_.sort(num_experts, top_k, count, expert_ids_.data(), router_weights_.data(), layer.has_extra,
                    layer.shared_gate.empty() ? nullptr : extra_weights_.data());
}

// hidden = activation(gate x) * (up x), prepared for the next product at once, of visited experts
// [first_visited, last_visited). A chunk is some rows of one expert.
void Network::gate_up(const LayerWeights& layer, size_t first_visited, size_t last_visited) {
  struct Part {
    int expert;
    size_t first_chunk;
  };
  static thread_local std::vector<Part> parts;
  parts.clear();
  size_t chunks = 0;
  for (size_t v = first_visited; v < last_visited; ++v) {
    const int expert = assignments_.visited[v];
    parts.push_back({expert, chunks});
    chunks += ceil_div(layer.experts[expert].gate.rows, kChunkRows);
  }
  const std::vector<Part>& all = parts;
  const size_t last_expert = layer.experts.size() - 1;
  if (!layer.experts.empty()) hidden_.set_columns(layer.experts[0].down.cols);
  if (layer.has_extra) extra_hidden_.set_columns(layer.experts[last_expert].down.cols);
  const bool adapts = !adapted_.empty();
  if (adapts) {
    group_experts(&layer - layers_.data(), layer.experts.size(), first_visited, last_visited);
    lower_experts({&LowRankExpert::gate, &LowRankExpert::up}, {adapter_in_.data(), input_stride_ * sizeof(float)},
                  adapted_experts_.tokens.data());
  }
  pool_.run(chunks, [&](size_t chunk, int thread) {
    size_t i = all.size() - 1;
    while (all[i].first_chunk > chunk) --i;
    const size_t expert = all[i].expert;
    const bool extra = layer.has_extra && expert == last_expert;
    const ExpertWeights& w = layer.experts[expert];
    const size_t first = (chunk - all[i].first_chunk) * (kChunkRows / kTileRows);
    const size_t last = std::min(w.gate.tiles_in(), first + kChunkRows / kTileRows);
    float* gate = scratch_of(thread);
    float* up = gate + kTaskTokens * kChunkRows;
    const size_t begin = assignments_.begins[expert], end = assignments_.begins[expert + 1];
    for (size_t a = begin; a < end; a += kTaskTokens) {
      size_t n = std::min<size_t>(kTaskTokens, end - a);
      const int32_t* ids = assignments_.tokens.data() + a;
      ops_.matmul(w.gate, first, last, ffn_in_.rows(w.gate.format), ids, n, gate, kChunkRows);
      ops_.matmul(w.up, first, last, ffn_in_.rows(w.up.format), ids, n, up, kChunkRows);
      if (adapts) {
        adapt_expert(&LowRankExpert::gate, 0, expert, first, last, a, n, gate);
        adapt_expert(&LowRankExpert::up, 1, expert, first, last, a, n, up);
      }
      for (size_t t = 0; t < n; ++t) {
        ops_.gate(config_.activation, gate + t * kChunkRows, up + t * kChunkRows, kTileRows * (last - first));
        const size_t row = extra ? a - begin + t : a + t;
        for (size_t done = 0; done < kTileRows * (last - first); done += kBlock)
          (extra ? extra_hidden_ : hidden_)
              .fill_block(ops_, row, gate + t * kChunkRows + done, first * kTileRows + done);
      }
      if (adapts) keep_hidden(expert, first, last, a, n, gate);
    }
  });
}

// branch = sum over experts of weight * (down hidden); visited experts [first_visited, last_visited) add their part. A
// chunk is some rows of all of them, in order, so that no two chunks write the same place and every sum has one order.
void Network::down(const LayerWeights& layer, size_t count, size_t first_visited, size_t last_visited) {
  float* branch = (float*)branch_.data();
  const size_t tiles = num_tiles(config_.hidden_size), unit = kChunkRows / kTileRows;
  const float factor = config_.residual_dense && layer.sparse && layer.has_extra ? std::sqrt(0.5f) : 1.0f;
  const bool adapts = !adapted_.empty();
  if (adapts) lower_experts({&LowRankExpert::down}, {float_hidden_.data(), hidden_stride_ * sizeof(float)}, nullptr);
  pool_.run(ceil_div(tiles, unit), [&](size_t chunk, int thread) {
    const size_t first = chunk * unit, last = std::min(tiles, first + unit), rows = kTileRows * (last - first);
    float* part = scratch_of(thread);
    for (size_t t = 0; first_visited == 0 && t < count; ++t) std::memset(branch + t * width_ + kTileRows * first, 0, rows * sizeof(float));
    for (size_t v = first_visited; v < last_visited; ++v) {
      const int expert = assignments_.visited[v];
      const Matrix& w = layer.experts[expert].down;
      const bool extra = layer.has_extra && size_t(expert) + 1 == layer.experts.size();
      const size_t begin = assignments_.begins[expert], end = assignments_.begins[expert + 1];
      Rows hidden = (extra ? extra_hidden_ : hidden_).rows(w.format);
      for (size_t a = begin; a < end; a += kTaskTokens) {
        size_t n = std::min<size_t>(kTaskTokens, end - a);
        Rows x{hidden.data + (extra ? a - begin : a) * hidden.stride, hidden.stride};
        ops_.matmul(w, first, last, x, nullptr, n, part, kChunkRows);
        if (adapts) adapt_expert(&LowRankExpert::down, 0, expert, first, last, a, n, part);
        for (size_t t = 0; t < n; ++t)
          ops_.add_scaled(branch + assignments_.tokens[a + t] * width_ + kTileRows * first, part + t * kChunkRows,
                          assignments_.weights[a + t] * factor, rows);
      }
    }
  });
}

}  // namespace zaphod
