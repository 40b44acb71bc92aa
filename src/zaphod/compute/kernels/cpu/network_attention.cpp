// Attention of one layer.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "network.h"

namespace zaphod {

void Network::attention(const LayerWeights& layer, int index, const Pass& pass, size_t begin, size_t count) {
  float* x = (float*)x_.data();
  float* qkv = (float*)qkv_.data();
  float* mixed = (float*)mixed_.data();
  float* branch = (float*)branch_.data();
  tokens(count, [&](size_t t, int thread) {
    float* normed = scratch_of(thread);
    ops_.rms_norm(x + t * width_, layer.attention_norm.data(), config_.hidden_size, config_.epsilon, normed);
    if (!adapted_.empty()) keep_input(t, normed, config_.hidden_size);
    in_.fill_pair(ops_, t, normed);
  });
  products({{&layer.q, in_.rows(layer.q.format), qkv, qkv_stride_, true},
            {&layer.k, in_.rows(layer.k.format), qkv + q_width_, qkv_stride_, true},
            {&layer.v, in_.rows(layer.v.format), qkv + q_width_ + k_width_, qkv_stride_, true}},
           count);
  if (!adapted_.empty())
    adapt(index, {{&LayerAdapter::q, qkv, qkv_stride_},
                  {&LayerAdapter::k, qkv + q_width_, qkv_stride_},
                  {&LayerAdapter::v, qkv + q_width_ + k_width_, qkv_stride_}});
  tokens(count, [&](size_t t, int) { keys_values(layer, index, pass.slots[begin + t], t); });
  attend(index, sequences_, pass.positions + begin);
  tokens(count, [&](size_t t, int) {
    if (!adapted_.empty()) keep_input(t, mixed + t * mixed_width_, layer.o.cols);
    mixed_in_.fill_pair(ops_, t, mixed + t * mixed_width_);
  });
  products({{&layer.o, mixed_in_.rows(layer.o.format), branch, width_, true}}, count);
  if (!adapted_.empty()) adapt(index, {{&LayerAdapter::o, branch, width_}});
  tokens(count, [&](size_t t, int) {
    float* out = branch + t * width_;
    if (!layer.o_bias.empty()) ops_.add_scaled(out, layer.o_bias.data(), 1.0f, config_.hidden_size);
    add_branch(t, out, layer.post_attention_norm);
  });
}

// Biases, norms and rotation of one token's queries and keys; its keys and values go into the cache.
void Network::keys_values(const LayerWeights& layer, int index, int64_t slot, size_t t) {
  size_t dim = config_.head_dim, half = frequencies_.size();
  float* q = (float*)qkv_.data() + t * qkv_stride_;
  float* k = q + q_width_;
  float* v = k + k_width_;
  size_t num_q = dim * config_.num_heads, num_k = dim * config_.num_kv_heads;
  if (!layer.q_bias.empty()) {
    ops_.add_scaled(q, layer.q_bias.data(), 1.0f, num_q);
    ops_.add_scaled(k, layer.k_bias.data(), 1.0f, num_k);
    ops_.add_scaled(v, layer.v_bias.data(), 1.0f, num_k);
  }
  if (!layer.q_norm.empty() && !config_.norm_heads) {
    ops_.rms_norm(q, layer.q_norm.data(), num_q, config_.epsilon, q);
    ops_.rms_norm(k, layer.k_norm.data(), num_k, config_.epsilon, k);
  }
  auto head = [&](float* x, const std::vector<float>& norm) {
    if (!norm.empty() && config_.norm_heads) ops_.rms_norm(x, norm.data(), dim, config_.epsilon, x);
    ops_.rotate(x, cos_.data() + t * half, sin_.data() + t * half, dim);
  };
  for (int h = 0; h < config_.num_heads; ++h) head(q + h * dim, layer.q_norm);
  uint8_t* block = cache_memory_.data() + (size_t(index) * num_blocks_ + slot / cache_.block_size) * cache_.block_bytes();
  for (int g = 0; g < config_.num_kv_heads; ++g) {
    head(k + g * dim, layer.k_norm);
    ops_.write_key_value(cache_, block + g * cache_.head_bytes(), int(slot % cache_.block_size), k + g * dim,
                         v + g * dim);
  }
}

namespace {

// Softmax state of some rows.
struct State {
  float* largest;
  float* sums;
  float* outputs;

  void clear(size_t rows, size_t width) const {
    std::fill(largest, largest + rows, -INFINITY);
    std::fill(sums, sums + rows, 0.0f);
    std::fill(outputs, outputs + rows * width, 0.0f);
  }

  // Adds what another partition of the keys gave.
  void join(const State& other, size_t rows, size_t width) const {
    for (size_t r = 0; r < rows; ++r) {
      if (other.largest[r] == -INFINITY) continue;
      float top = other.largest[r] > largest[r] ? other.largest[r] : largest[r];
      float mine = std::exp(largest[r] - top), theirs = std::exp(other.largest[r] - top);
      largest[r] = top;
      sums[r] = sums[r] * mine + other.sums[r] * theirs;
      for (size_t d = 0; d < width; ++d)
        outputs[r * width + d] = outputs[r * width + d] * mine + other.outputs[r * width + d] * theirs;
    }
  }
};

}  // namespace

// Every task is some tokens of one sequence for one key/value head. The keys are always summed in partitions of the same
// size, joined in order: where there are few tasks, partitions become tasks of their own, and no bit changes.
void Network::attend(int layer, const std::vector<Sequence>& sequences, const int32_t* positions) {
  const int group = config_.num_heads / config_.num_kv_heads, window = config_.attention.window;
  const size_t dim = config_.head_dim, width = cache_.value_dim();
  const size_t tokens_at_once = std::max(1, kTaskQueries / group);
  const uint8_t* layer_cache = cache_memory_.data() + size_t(layer) * num_blocks_ * cache_.block_bytes();
  const float* queries = (const float*)qkv_.data();
  float* mixed = (float*)mixed_.data();

  struct Task {
    const Sequence* sequence;
    size_t token, count;
    int head, begin, end;  // keys
    size_t state;
  };
  static thread_local std::vector<Task> task_list;
  static thread_local std::vector<float> states;
  task_list.clear();
  size_t num_states = 0, few = 4 * size_t(pool_.threads());
  size_t whole = 0;
  for (const Sequence& s : sequences) whole += ceil_div(s.num_tokens, tokens_at_once) * config_.num_kv_heads;
  bool split = pool_.threads() > 1 && whole < few;
  for (const Sequence& s : sequences)
    for (size_t t = 0; t < s.num_tokens; t += tokens_at_once)
      for (int g = 0; g < config_.num_kv_heads; ++g) {
        size_t n = std::min(tokens_at_once, s.num_tokens - t);
        int first = positions[s.first_token + t], end = first + int(n);
        int begin = window && first + 1 > window ? (first + 1 - window) / kPartition * kPartition : 0;
        int step = split ? kPartition : ((end - begin) / kPartition + 1) * kPartition;
        for (int key = begin; key < end; key += step)
          task_list.push_back({&s, s.first_token + t, n, g, key, std::min(end, key + step), num_states++});
      }
  const size_t rows_at_once = tokens_at_once * group, state_size = rows_at_once * (width + 2);
  if (split) states.resize(num_states * state_size);
  auto state_at = [=](float* place) { return State{place, place + rows_at_once, place + 2 * rows_at_once}; };
  auto finish = [&](const Task& task, const State& state) {
    for (size_t i = 0; i < task.count; ++i)
      for (int h = 0; h < group; ++h) {
        size_t r = i * group + h;
        float* out = mixed + (task.token + i) * mixed_width_ + (size_t(task.head) * group + h) * dim;
        float share = 1.0f / state.sums[r];
        for (size_t d = 0; d < dim; ++d) out[d] = state.outputs[r * width + d] * share;
      }
  };
  const std::vector<Task>& all = task_list;
  float* shared_states = states.data();
  pool_.run(all.size(), [&](size_t index, int thread) {
    const Task& task = all[index];
    static thread_local std::vector<const uint8_t*> heads;
    static thread_local std::vector<const float*> rows;
    static thread_local std::vector<int32_t> places;
    static thread_local std::vector<float> running;
    heads.clear(), rows.clear(), places.clear();
    for (int block = 0; block * cache_.block_size < task.end; ++block)
      heads.push_back(layer_cache + task.sequence->blocks[block] * cache_.block_bytes() +
                      task.head * cache_.head_bytes());
    for (size_t i = 0; i < task.count; ++i)
      for (int h = 0; h < group; ++h) {
        rows.push_back(queries + (task.token + i) * qkv_stride_ + (size_t(task.head) * group + h) * dim);
        places.push_back(positions[task.token + i]);
      }
    running.resize(2 * state_size);
    State total = state_at(split ? shared_states + task.state * state_size : running.data());
    State partial = state_at(running.data() + state_size);
    total.clear(rows.size(), width);
    for (int key = task.begin; key < task.end; key += kPartition) {
      bool only = task.end - task.begin <= kPartition;
      const State& into = only ? total : partial;
      if (!only) into.clear(rows.size(), width);
      ops_.attend(cache_, config_.attention, heads.data(), key, std::min(task.end, key + kPartition),
                  {int(rows.size()), rows.data(), places.data(), into.largest, into.sums, into.outputs,
                   scratch_of(thread)});
      if (!only) total.join(into, rows.size(), width);
    }
    if (!split) finish(task, total);
  });
  if (!split) return;
  for (size_t i = 0; i < all.size();) {
    State total = state_at(shared_states + all[i].state * state_size);
    size_t next = i + 1;
    for (; next < all.size() && all[next].head == all[i].head && all[next].token == all[i].token; ++next)
      total.join(state_at(shared_states + all[next].state * state_size), all[i].count * group, width);
    finish(all[i], total);
    i = next;
  }
}

}  // namespace zaphod
