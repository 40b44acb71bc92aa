// Adapters applied to the tokens of a pass, beside the products of the network.
//
// Every sum runs over one token's own numbers in one order, so no bit depends on the adapters of other tokens.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "network.h"

namespace zaphod {

namespace {

// Tiles of a product that one claim covers.
constexpr size_t kAdapterTiles = 16;

Rows rows_at(const float* data, size_t stride) { return {(const uint8_t*)data, stride * sizeof(float)}; }

}  // namespace

void Network::load_adapter(int id, const Matrices& matrices) {
  AdapterReader reader(matrices);
  Adapter adapter;
  for (int index = 0; index < config_.num_layers; ++index) {
    const LayerWeights& layer = layers_[index];
    const std::string prefix = "layers." + std::to_string(index) + ".";
    auto take = [&](std::string name, const Matrix& w) { return reader.take(prefix + name, w); };
    LayerAdapter parts;
    parts.q = take("attention.q_proj.weight", layer.q);
    parts.k = take("attention.k_proj.weight", layer.k);
    parts.v = take("attention.v_proj.weight", layer.v);
    parts.o = take("attention.o_proj.weight", layer.o);
    const char* extra = config_.residual_dense || !layer.sparse ? "mlp." : "moe.shared.";
    for (size_t e = 0; e < layer.experts.size(); ++e) {
      const ExpertWeights& w = layer.experts[e];
      const bool is_extra = layer.has_extra && e + 1 == layer.experts.size();
      std::string before = is_extra ? extra : "moe.experts.", behind = "_proj.weight";
      if (!is_extra) (behind = ".").append(std::to_string(e));
      parts.experts.push_back({take(before + "gate" + behind, w.gate), take(before + "up" + behind, w.up),
                               take(before + "down" + behind, w.down)});
      adapter.has_down |= bool(parts.experts.back().down);
    }
    adapter.layers.push_back(std::move(parts));
  }
  reader.finish();
  adapter.rank = reader.rank();
  reserve_adapters(adapter);
  adapters_[id] = std::move(adapter);
}

// Room for what the adapter's tokens need beside the network's own.
void Network::reserve_adapters(const Adapter& adapter) {
  const size_t assignments = max_tokens_ * (config_.router.top_k + 1);
  size_t stride = round_up(adapter.rank, kTileRows), hidden = 0;
  for (const LayerWeights& layer : layers_)
    for (const ExpertWeights& expert : layer.experts) hidden = std::max(hidden, round_up(expert.down.cols, kTileRows));
  auto at_least = [this](Memory& memory, size_t bytes) {
    if (memory.size() >= bytes) return;
    Memory larger(bytes);
    scratch_bytes_ += larger.size() - memory.size();
    memory = std::move(larger);
  };
  // Of queries, keys and values, or of gates and ups.
  at_least(low_, std::max(3 * max_tokens_, 2 * assignments) * stride * sizeof(float));
  input_stride_ = std::max(width_, mixed_width_);
  at_least(adapter_in_, max_tokens_ * input_stride_ * sizeof(float));
  if (adapter.has_down) at_least(float_hidden_, assignments * hidden * sizeof(float));
  low_stride_ = std::max(low_stride_, stride);
  hidden_stride_ = hidden;
}

// The adapters of the tokens [begin, end) of the pass.
void Network::group_adapters(const Pass& pass, size_t begin, size_t end) {
  adapted_.clear();
  if (!pass.adapters || adapters_.empty()) return;
  size_t first = 0;
  for (size_t b = 0; b < pass.num_sequences; first += pass.query_lens[b++]) {
    size_t from = std::max(first, begin), to = std::min(first + pass.query_lens[b], end);
    if (pass.adapters[b] < 0 || from >= to) continue;
    const Adapter* adapter = &adapters_.at(pass.adapters[b]);
    auto found = std::find_if(adapted_.begin(), adapted_.end(), [&](auto& group) { return group.adapter == adapter; });
    if (found == adapted_.end()) {
      adapted_.push_back(AdaptedTokens{adapter, {}});
      found = adapted_.end() - 1;
    }
    for (size_t t = from; t < to; ++t) found->rows.push_back(int32_t(t - begin));
  }
  if (adapted_.empty()) return;
  adapter_of_.assign(end - begin, -1);
  for (size_t g = 0; g < adapted_.size(); ++g)
    for (int32_t row : adapted_[g].rows) adapter_of_[row] = int32_t(g);
}

// What adapters multiply is kept as it is before the network's own products prepare it.
void Network::keep_input(size_t t, const float* x, size_t cols) {
  if (adapter_of_[t] >= 0) std::memcpy((float*)adapter_in_.data() + t * input_stride_, x, cols * sizeof(float));
}

// Adds the adapters' parts of a layer's projections to products that are there already; their input was kept.
void Network::adapt(int layer, std::initializer_list<AdaptedSite> sites) {
  struct Task {
    const LowRank* pair;
    const int32_t* rows;
    size_t count;
    const AdaptedSite* site;
    float* low;
  };
  struct Chunk {
    size_t task, first, last;
  };
  static thread_local std::vector<Task> tasks;
  static thread_local std::vector<Chunk> chunks;
  tasks.clear(), chunks.clear();
  float* low = (float*)low_.data();
  for (const AdaptedTokens& group : adapted_)
    for (const AdaptedSite& site : sites) {
      const LowRank& pair = group.adapter->layers[layer].*site.part;
      for (size_t r = 0; pair && r < group.rows.size(); r += kTaskTokens) {
        size_t count = std::min(kTaskTokens, group.rows.size() - r);
        for (size_t tile = 0; tile < pair.b.tiles_in(); tile += kAdapterTiles)
          chunks.push_back({tasks.size(), tile, std::min(pair.b.tiles_in(), tile + kAdapterTiles)});
        tasks.push_back({&pair, group.rows.data() + r, count, &site, low});
        low += count * kTileRows * pair.a.tiles_in();
      }
    }
  const std::vector<Task>& all = tasks;
  const std::vector<Chunk>& parts = chunks;
  pool_.run(all.size(), [&](size_t i, int) {
    const Task& task = all[i];
    const size_t tiles = task.pair->a.tiles_in();
    const Rows in = rows_at((const float*)adapter_in_.data(), input_stride_);
    ops_.matmul(task.pair->a, 0, tiles, in, task.rows, task.count, task.low, kTileRows * tiles);
  });
  pool_.run(parts.size(), [&](size_t i, int) {
    const Task& task = all[parts[i].task];
    const Rows low_rows = rows_at(task.low, kTileRows * task.pair->a.tiles_in());
    float part[kTaskTokens * kChunkRows];
    for (size_t first = parts[i].first; first < parts[i].last; first += kChunkRows / kTileRows) {
      const size_t last = std::min(parts[i].last, first + kChunkRows / kTileRows);
      ops_.matmul(task.pair->b, first, last, low_rows, nullptr, task.count, part, kChunkRows);
      for (size_t t = 0; t < task.count; ++t)
        ops_.add_scaled(task.site->y + task.rows[t] * task.site->stride + kTileRows * first, part + t * kChunkRows,
                        1.0f, kTileRows * (last - first));
    }
  });
}

// Which assignments of the visited experts [first, last) belong to tokens of which adapter.
void Network::group_experts(int layer, size_t num_experts, size_t first, size_t last) {
  AdaptedExperts& groups = adapted_experts_;
  groups.runs.clear(), groups.places.clear(), groups.tokens.clear();
  groups.first_run.resize(num_experts + 1);
  for (size_t v = first; v < last; ++v) {
    const size_t expert = assignments_.visited[v];
    groups.first_run[expert] = groups.runs.size();
    for (size_t g = 0; g < adapted_.size(); ++g) {
      const LowRankExpert& parts = adapted_[g].adapter->layers[layer].experts[expert];
      const size_t begin = groups.places.size();
      for (int32_t a = assignments_.begins[expert]; parts && a < assignments_.begins[expert + 1]; ++a)
        if (adapter_of_[assignments_.tokens[a]] == int32_t(g)) {
          groups.places.push_back(a);
          groups.tokens.push_back(assignments_.tokens[a]);
        }
      if (groups.places.size() > begin) groups.runs.push_back({&parts, begin, groups.places.size()});
    }
    // Experts are visited in order: where the next number is visited, too, its runs begin here.
    groups.first_run[expert + 1] = groups.runs.size();
  }
}

// a x of every run, for one or two of the parts; x of a place is row ids[place], or row `place` without ids.
void Network::lower_experts(std::initializer_list<LowRank LowRankExpert::*> members, Rows x, const int32_t* ids) {
  struct Task {
    const LowRank* pair;
    size_t begin, count;
    float* low;
  };
  static thread_local std::vector<Task> tasks;
  tasks.clear();
  float* low = (float*)low_.data();
  for (auto member : members) {
    for (const AdaptedRun& run : adapted_experts_.runs) {
      const LowRank& pair = run.parts->*member;
      for (size_t p = run.begin; pair && p < run.end; p += kTaskTokens)
        tasks.push_back({&pair, p, std::min(kTaskTokens, run.end - p), low + p * low_stride_});
    }
    low += adapted_experts_.places.size() * low_stride_;
  }
  const std::vector<Task>& all = tasks;
  pool_.run(all.size(), [&](size_t i, int) {
    const Task& task = all[i];
    Rows rows = ids ? x : Rows{x.data + task.begin * x.stride, x.stride};
    ops_.matmul(task.pair->a, 0, task.pair->a.tiles_in(), rows, ids ? ids + task.begin : nullptr, task.count, task.low,
                low_stride_);
  });
}

// Calls work(run, first place, places) for what of the expert's assignments [a, a + n) belongs to an adapter.
template <class Work>
void Network::adapted_places(size_t expert, size_t a, size_t n, Work&& work) const {
  const AdaptedExperts& groups = adapted_experts_;
  for (size_t r = groups.first_run[expert]; r < groups.first_run[expert + 1]; ++r) {
    auto begin = groups.places.begin() + groups.runs[r].begin, end = groups.places.begin() + groups.runs[r].end;
    auto from = std::lower_bound(begin, end, int32_t(a)), to = std::lower_bound(from, end, int32_t(a + n));
    if (from != to) work(groups.runs[r], size_t(from - groups.places.begin()), size_t(to - from));
  }
}

// Adds b (a x) to tiles [first, last) of a product of the expert for its assignments [a, a + n); `member_index` says
// which of the parts given to `lower_experts` it is.
void Network::adapt_expert(LowRank LowRankExpert::* member, size_t member_index, size_t expert, size_t first,
                           size_t last, size_t a, size_t n, float* out) const {
  const AdaptedExperts& groups = adapted_experts_;
  const float* low = (const float*)low_.data() + member_index * groups.places.size() * low_stride_;
  adapted_places(expert, a, n, [&](const AdaptedRun& run, size_t begin, size_t count) {
    const LowRank& pair = run.parts->*member;
    if (!pair) return;
    float part[kTaskTokens * kChunkRows];
    ops_.matmul(pair.b, first, last, rows_at(low + begin * low_stride_, low_stride_), nullptr, count, part,
                kChunkRows);
    for (size_t i = 0; i < count; ++i)
      ops_.add_scaled(out + (groups.places[begin + i] - a) * kChunkRows, part + i * kChunkRows, 1.0f,
                      kTileRows * (last - first));
  });
}

// What the down product's adapters read: the hidden numbers as they are, not as the weights' format wants them.
void Network::keep_hidden(size_t expert, size_t first, size_t last, size_t a, size_t n, const float* hidden) {
  adapted_places(expert, a, n, [&](const AdaptedRun& run, size_t begin, size_t count) {
    if (!run.parts->down) return;
    for (size_t i = 0; i < count; ++i)
      std::memcpy((float*)float_hidden_.data() + (begin + i) * hidden_stride_ + kTileRows * first,
                  hidden + (adapted_experts_.places[begin + i] - a) * kChunkRows,
                  kTileRows * (last - first) * sizeof(float));
  });
}

}  // namespace zaphod
